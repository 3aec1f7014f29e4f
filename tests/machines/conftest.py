# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines, whose kernels have every kind of device, and that are rebooted for real."""

from __future__ import annotations

import os

import pytest

from testbed import claim, topology
from testbed import lab as labs
from testbed.bed import need_root


@pytest.fixture(scope="module")
def lab_of():
    """A function that gives a lab of virtual machines, by what a topology says of each; it goes with the module, as soon as another takes its place."""
    need_root("make test-machines")
    name, running = f"vm{os.getpid()}", []

    def give(**hosts):
        if running:
            claim.down(running.pop())
        running.append(name)
        return labs.up(name, plans=topology.of({"kind": "vm", "hosts": hosts}))

    try:
        yield give
    finally:
        claim.down(name)
