# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines, whose kernels have every kind of device, and that are rebooted for real."""

from __future__ import annotations

import itertools
import os

import pytest

from testbed import claim, topology
from testbed import lab as labs
from testbed.bed import need_root

#: of labs, each of which has a name of its own
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def lab_of():
    """A function that gives a lab of virtual machines, by what a topology says of each; it goes with the module, as soon as another takes its place."""
    need_root("make test-machines")
    running = []

    def give(**hosts):
        end()
        running.append(f"vm{os.getpid()}n{next(NUMBERS)}")
        return labs.up(running[0], plans=topology.of({"kind": "vm", "hosts": hosts}))

    def end():
        while running:
            claim.down(running.pop())

    try:
        yield give
    finally:
        end()
