# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that one may be locked out of, and ways to it."""

from __future__ import annotations

import os

import pytest

from testbed import claim, topology
from testbed import lab as labs
from testbed.bed import until
from tests.lockout.attempts import BEYOND
from tests.trials import ADDRESS, everything

#: addresses that the machine is reached at, by the way's name; from beyond the LAN the client has an address of its own
WAYS = {"four": ADDRESS, "six": "2001:db8:100::11", "beyond": ADDRESS}
#: NICs by who brings up the machine's network
NICS = {"networkd": {"eth0": "lan", "eth1": "other"}, "networkmanager": {"eth0": "lan"}}


class Machines:
    """A lab with a machine for each of those who bring up a network, which is made anew once a test has altered it."""

    def __init__(self):
        self.running = {}

    def of(self, manager):
        """(lab, machine, everything of it as it was at first)"""
        if manager not in self.running:
            name = f"lk{os.getpid()}{manager[-1]}"
            lab = labs.up(name, plans=topology.of({"kind": "vm", "manager": manager, "hosts": {"host": {"nics": NICS[manager]}}}))
            machine = lab.hosts["host"]
            until(lambda: "inet6" not in machine.run("ip", "-6", "address", "show", "tentative").stdout, 60, "its addresses to be its own")
            machine.run("sync")  # a power cut takes the rest
            self.running[manager] = lab, machine, everything(machine)
        return self.running[manager]

    def down(self, manager):
        """Take its lab down."""
        claim.down(self.running.pop(manager)[0].name)


@pytest.fixture(scope="session")
def machines():
    """Machines for the whole session."""
    found = Machines()
    try:
        yield found
    finally:
        for manager in list(found.running):
            found.down(manager)


@pytest.fixture
def place(request, machines, ansible_for):
    """A function that gives (machine, Ansible that comes by eth0, everything that was there before).

    A machine is given again unless it was altered for a test, by a task ``held`` of virt_host's, or by one that failed.
    """
    used, altered, failed = [], [], request.session.testsfailed

    def give(manager, way, held=None):
        lab, machine, before = machines.of(manager)
        source = ("src", BEYOND) if way == "beyond" else ()
        lab.world("ip", "route", "replace", f"{ADDRESS}/32", "dev", "lan", *source)
        used.append(manager)
        far = ansible_for(lab, machine, WAYS[way], way)
        if held:
            altered.append(manager)
            assert far.module("virt_host", **held, rollback_after=300)["trial"]["outcome"] == "confirmed"
            before = everything(machine)
        return machine, far, before

    yield give
    for manager in used if request.session.testsfailed > failed else altered:
        machines.down(manager)
