# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: any number of hosts, the segments between them, and the world beyond."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cgroup, fabric, host, root, topology, world
from .bed import STATE, BedError, run
from .host import Host

#: hosts that start at the same time
AT_ONCE = 8


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


def up(name, count=1, suite="bookworm", plans=None):
    """Start a lab of ``count`` hosts named host1, host2, ... with their uplink eth0 on the segment lan, or the hosts of ``plans``.

    Returns a Lab. Where this process ends without taking it down, ``clean`` does.
    """
    check_name(name)
    claim(name)
    plans = plans or topology.plain(count, suite)
    for needed in sorted({plan.suite for plan in plans}):
        root.build(needed)
    world.start(name)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = list(pool.map(lambda plan: host.start(name, plan.name, plan.suite), plans))
    lab = Lab(name, {machine.name: machine for machine in started})
    lab.save()
    for plan in plans:
        connect(lab.hosts[plan.name], plan.nics)
    return lab


def claim(name):
    """Make a lab's folder, which says from the first moment who keeps the lab. Raises BedError where there is such a lab already."""
    STATE.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=STATE))
    (scratch / "keeper").write_text(f"{os.getpid()} {host.start_time(os.getpid())}", encoding="utf-8")
    try:
        scratch.rename(STATE / name)
    except OSError as err:
        shutil.rmtree(scratch)
        raise BedError(f"lab {name} is there already: take it down first, with: python3 -m testbed down {name}") from err


def connect(machine, nics):
    """Wire a host to its segments; give its NICs their addresses, and over the uplink its default routes and name server."""
    for nic in nics:
        fabric.wire(machine.lab, machine.name, nic.name, machine.pid, nic.segment, nic.mtu, nic.mac)
        for address in nic.addresses:
            machine.run("ip", "address", "add", address, "dev", nic.name, *(["nodad"] if ":" in address else []))
        machine.run("ip", "link", "set", nic.name, "up")
        if nic.uplink:
            for address in world.LAN:
                machine.run("ip", "route", "add", "default", "via", address.partition("/")[0], "dev", nic.name)
            machine.run("tee", "/etc/resolv.conf", input=f"nameserver {world.LAN[0].partition('/')[0]}\n")


def keep(name):
    """Let a lab stay up when this process ends."""
    (STATE / name / "keeper").unlink()


def abandoned(name):
    """True where a lab was left behind: the process that was to take it down has ended, or none of its hosts runs."""
    keeper = STATE / name / "keeper"
    if keeper.exists():
        pid, started = map(int, keeper.read_text(encoding="utf-8").split())
        return host.start_time(pid) != started
    return not (STATE / name / "lab.json").exists() or not any(machine.alive for machine in load(name).hosts.values())


def clean(everything=False):
    """Take down the labs that were left behind, or all of them; their names."""
    found = [name for name in labs() if everything or abandoned(name)]
    for name in found:
        down(name)
    return found


def load(name):
    """The running Lab of that name. Raises BedError where there is none."""
    path = STATE / name / "lab.json"
    if not path.exists():
        raise BedError(f"no lab {name} is up; these are: {', '.join(labs()) or 'none'}")
    content = json.loads(path.read_text(encoding="utf-8"))
    return Lab(name, {each: Host(name, each, **facts) for each, facts in content.items()})


def labs():
    """Names of the labs that are up, or were when their runner was killed."""
    found = {path.name for path in STATE.iterdir() if path.is_dir() and path.name[0] != "."} if STATE.exists() else set()
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
