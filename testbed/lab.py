# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: any number of hosts, the segments between them, and the world beyond."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

from . import fabric, namespaces, topology, world
from .bed import STATE, BedError, run
from .claim import claim, down, labs
from .vm import clone, machine

#: hosts that start at the same time
AT_ONCE = 8
#: what each kind of host is, and what starts it
KINDS = {each.KIND: (each, start) for each, start in ((namespaces.Namespaces, namespaces.start), (machine.Machine, clone.start))}


class Lab:
    """A running lab: ``name`` and ``hosts`` by name."""

    def __init__(self, name, hosts):
        self.name, self.hosts = name, hosts

    def save(self):
        """Write down what runs, for the next command."""
        path = STATE / self.name / "lab.json"
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps({each.name: each.KIND for each in self.hosts.values()}), encoding="utf-8")
        scratch.rename(path)

    def inventory(self, by=None):
        """An Ansible inventory of the hosts, as nested dicts; of machines reached from the world ``by`` a NIC of that name, where one is given."""
        common = {"ansible_python_interpreter": "/usr/bin/python3", "ansible_user": "root"}
        return {"all": {"vars": common, "hosts": {each.name: each.variables(*([each.address(by)] if by else [])) for each in self.hosts.values()}}}

    def world(self, *argv, check=True, **more):
        """Run a command in the world."""
        return run(*world.argv(self.name, *argv), check=check, **more)

    def dhcp(self, six=True):
        """Have the world give addresses on the segment lan, for two minutes each, and with ``six`` also of IPv6; path of the leases."""
        return world.dhcp(self.name, six)


def up(name, count=1, suite="bookworm", plans=None):
    """Start a lab of ``count`` hosts named host1, host2, ... with their uplink eth0 on the segment lan, or the hosts of ``plans``.

    Returns a Lab. Where this process ends without taking it down, ``clean`` does.
    """
    claim(name)
    plans = plans or topology.plain(count, suite)
    fabric.start(name, sorted({topology.LAN, *(nic.segment for plan in plans for nic in plan.nics)}))
    world.start(name)
    if any(nic.dhcp and nic.segment == topology.LAN for plan in plans for nic in plan.nics):
        world.dhcp(name)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = list(pool.map(lambda plan: KINDS[plan.kind][1](name, plan), plans))
    lab = Lab(name, {each.name: each for each in started})
    lab.save()
    return lab


@contextlib.contextmanager
def running(name, **how):
    """The Lab of up(), which is taken down in the end, and so is what was there of it where it did not start."""
    try:
        yield up(name, **how)
    finally:
        down(name)


def load(name):
    """The running Lab of that name. Raises BedError where there is none."""
    path = STATE / name / "lab.json"
    if not path.exists():
        raise BedError(f"no lab {name} is up; these are: {', '.join(labs()) or 'none'}")
    kinds = json.loads(path.read_text(encoding="utf-8"))
    return Lab(name, {each: KINDS[kind][0](name, each) for each, kind in kinds.items()})
