# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of networks that need more of a kernel, changed while these run: what it was said to cost is what it cost."""

from __future__ import annotations

import os

import pytest

from testbed import claim, topology
from testbed import lab as labs
from tests.integration.matrix import MACHINES, VERSIONS, cables, come_to, wrong


@pytest.fixture(scope="module")
def machine():
    """A virtual machine whose libvirt has the nftables backend, with virtual functions."""
    name = f"mx{os.getpid()}"
    nics = {"eth0": "lan", **{wan: {"segment": "trunk", "model": "igb"} for wan in ("wan", "wan2")}}
    try:
        one = labs.up(name, plans=topology.of({"kind": "vm", "hosts": {"new": {"suite": "trixie", "nics": nics}}})).hosts["new"]
        for wan in ("wan", "wan2"):
            one.run("tee", f"/sys/class/net/{wan}/device/sriov_numvfs", input="7")
        cables(one)
        yield one
    finally:
        claim.down(name)


@pytest.mark.parametrize("what", MACHINES)
def test_each_change_costs_what_it_was_said_to(machine, inside, what):
    """Each."""
    assert list(wrong(come_to(inside, machine, *MACHINES[what]), VERSIONS["trixie"])) == []
    machine.run("virsh", "net-destroy", "one")
    machine.run("virsh", "net-undefine", "one")
