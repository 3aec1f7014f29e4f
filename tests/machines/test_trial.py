# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to lock oneself out of a machine, over ssh by the very NIC that is changed, and a power cut: refused, or taken back in time."""

from __future__ import annotations

import json

import pytest

from testbed.bed import until
from tests.trials import ADDRESS, CUTS, TRIAL, differing, everything, over, refused_or_taken_back


@pytest.fixture(scope="module")
def lab(lab_of, suite):
    """A machine whose eth0 has its addresses, as no task of ours has them yet."""
    return lab_of(host={"suite": suite, "nics": {"eth0": "lan", "eth1": "other"}})


@pytest.fixture
def machine(lab):
    """That machine."""
    return lab.hosts["host"]


@pytest.fixture
def far(lab, machine, ansible_for):
    """Ansible that comes by eth0."""
    return ansible_for(lab, machine, ADDRESS)


def test_a_power_cut_takes_it_back(lab, machine, ansible_for, inside):
    """What is stored is as it was before anybody reads it at boot."""
    ansible = ansible_for(lab, machine)
    bridge, network = {"name": "test0", "addresses": ["10.77.0.1/24"]}, {"name": "one", "ips": [{"address": "10.70.0.1/24"}]}
    ansible.module("virt_host", lab="cut", bridges=[bridge], networks=[network])
    before = everything(machine)
    tried = {"bridges": [{"name": "test0", "addresses": ["10.78.0.1/24"]}, {"name": "test2"}],
             "networks": [{"name": "one", "ips": [{"address": "10.72.0.1/24"}]}, {"name": "new", "ips": [{"address": "10.73.0.1/24"}]}]}
    inside(machine, "trial", "virt_host", json.dumps({**tried, "rollback_after": 600}))
    machine.run("bash", "-c", f"until test -s {TRIAL}/result.json; do sleep 0.1; done; sync")
    assert "10.78.0.1/24" in everything(machine)
    machine.reboot(clean=False)
    assert over(machine)["why"] == "the host was started anew"
    until(lambda: not differing(before, everything(machine)), 90, "libvirt to start its networks")
    assert differing(before, everything(machine)) == []
    ansible.module("virt_host", lab="cut", prune=True)


@pytest.mark.parametrize("number", [0, 4])
def test_nobody_is_locked_out(machine, far, number):
    """By another address, or a bridge that is kept (tests/lockout has a hundred more): refused as long as nobody takes it back; else taken back."""
    refused_or_taken_back(machine, far, everything(machine), CUTS[number])


def test_somebody_with_sudo_is_not_locked_out(lab, machine, ansible_for):
    """Neither at once nor by async, whose process has no parent any more that knows the connection; and confirms a change as root does."""
    machine.run("useradd", "--create-home", "--password", "*", "ops")  # none, which is not to be locked
    machine.run("bash", "-c", "cp -r /root/.ssh /home/ops/ && chown -R ops /home/ops/.ssh && echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops")
    far, sudo, (name, options, clause) = ansible_for(lab, machine, ADDRESS, "sudo", user="ops"), {"become": True}, CUTS[0]
    made = ("virt_link", {"name": "test0", "kind": "dummy", "rollback_after": 120, "persist": "none"}, sudo)
    refused, later, kept = far.run((name, options, sudo), (name, options, {**sudo, "async": 120, "poll": 2}), made)
    assert [clause in each["msg"] and "Set rollback_after" in each["msg"] for each in (refused, later)] == [True, True], (refused, later)
    assert kept["trial"]["outcome"] == "confirmed", kept
    machine.run("ip", "link", "delete", "test0")
