# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of networks that need more of a kernel, changed while these run: what it was said to cost is what it cost."""

from __future__ import annotations

import pytest

from tests.matrix import MACHINES, VERSIONS, cables, come_to, wrong


@pytest.fixture(scope="module")
def machine(lab_of):
    """One whose libvirt has the nftables backend, with virtual functions."""
    pools = {wan: {"segment": "trunk", "model": "igb"} for wan in ("wan", "wan2")}
    one = lab_of(host={"suite": "trixie", "nics": {"eth0": "lan", **pools}}).hosts["host"]
    for wan in pools:
        one.run("tee", f"/sys/class/net/{wan}/device/sriov_numvfs", input="7")
    cables(one)
    return one


@pytest.mark.parametrize("what", MACHINES)
def test_each_change_costs_what_it_was_said_to(machine, inside, what):
    """Each."""
    assert list(wrong(come_to(inside, machine, *MACHINES[what]), VERSIONS["trixie"])) == []
    machine.run("virsh", "net-destroy", "one")
    machine.run("virsh", "net-undefine", "one")
