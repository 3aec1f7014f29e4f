# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: any number of hosts on one LAN, and the world beyond it."""

from __future__ import annotations

import json
import re
import shutil

from . import cgroup, fabric, host, world
from .bed import STATE, BedError, run
from .host import Host

#: an address for each host on the LAN, by its number
ADDRESSES = ("198.51.100.{}/24", "2001:db8:100::{}/64")


class Lab:
    """A running lab: ``name`` and ``hosts`` by name."""

    def __init__(self, name, hosts):
        self.name, self.hosts = name, hosts

    def save(self):
        """Write down what runs, for the next command."""
        content = {each.name: {"pid": each.pid, "started": each.started} for each in self.hosts.values()}
        path = STATE / self.name / "lab.json"
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps(content), encoding="utf-8")
        scratch.rename(path)

    def inventory(self):
        """An Ansible inventory of the hosts, as nested dicts."""
        common = {"ansible_connection": "virtlab.network.netns", "ansible_python_interpreter": "/usr/bin/python3", "ansible_user": "root"}
        hosts = {each.name: {"ansible_netns_target": str(each.pid)} for each in self.hosts.values()}
        return {"all": {"vars": common, "hosts": hosts}}

    def world(self, *argv, check=True, **more):
        """Run a command in the world."""
        return run(*world.argv(self.name, *argv), check=check, **more)


def check_name(name):
    """Raise BedError unless a name is fit for a lab."""
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", name):
        raise BedError(f"lab is {name!r}: must be 1 to 16 lower-case letters and digits, a letter first")


def up(name, count=1, suite="bookworm"):
    """Start a lab of ``count`` hosts named host1, host2, ...; their uplink is eth0 on the segment lan. Returns a Lab."""
    check_name(name)
    if (STATE / name).exists():
        raise BedError(f"lab {name} is there already: take it down first, with: python3 -m testbed down {name}")
    (STATE / name).mkdir(parents=True)
    world.start(name)
    lab = Lab(name, {})
    for number in range(1, count + 1):
        machine = host.start(name, f"host{number}", suite)
        lab.hosts[machine.name] = machine
        lab.save()
        connect(machine, number)
    return lab


def connect(machine, number):
    """Wire a host to the LAN and give it its addresses, default routes and name server."""
    fabric.wire(machine.lab, machine.pid, "eth0", "lan")
    for address in ADDRESSES:
        machine.run("ip", "address", "add", address.format(number + 10), "dev", "eth0", *(["nodad"] if ":" in address else []))
    machine.run("ip", "link", "set", "eth0", "up")
    for address in world.LAN:
        machine.run("ip", "route", "add", "default", "via", address.partition("/")[0], "dev", "eth0")
    machine.run("tee", "/etc/resolv.conf", input=f"nameserver {world.LAN[0].partition('/')[0]}\n")


def load(name):
    """The running Lab of that name. Raises BedError where there is none."""
    path = STATE / name / "lab.json"
    if not path.exists():
        raise BedError(f"no lab {name} is up; these are: {', '.join(labs()) or 'none'}")
    content = json.loads(path.read_text(encoding="utf-8"))
    return Lab(name, {each: Host(name, each, **facts) for each, facts in content.items()})


def labs():
    """Names of the labs that are up, or were when their runner was killed."""
    found = {path.name for path in STATE.iterdir() if path.is_dir()} if STATE.exists() else set()
    found |= {group.partition(".")[0] for group in cgroup.groups()} | {name.split("-")[1] for name in fabric.names()}
    return sorted(found)


def down(name):
    """End a lab and remove all that it left, also where its runner was killed half-way."""
    check_name(name)
    for group in [group for group in cgroup.groups() if group.partition(".")[0] == name]:
        Host(name, group.partition(".")[2], 0, -1).kill()
    for namespace in (world.namespace(name), fabric.namespace(name)):
        if namespace in fabric.names():
            fabric.remove(namespace)
    shutil.rmtree(STATE / name, ignore_errors=True)
