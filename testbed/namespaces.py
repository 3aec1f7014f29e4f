# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in namespaces: started in about a second, sharing this machine's kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import cgroup, fabric, kernel, root, world
from .bed import BedError, until
from .host import CHECKOUT, Host

ENTERED = ("--net", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd")


class Namespaces(Host):
    """A host whose first process is its systemd."""

    KIND = "namespaces"

    def argv(self, *argv):
        """The words that run a command inside."""
        return ["nsenter", f"--target={self.pid}", *ENTERED, "--", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root", "LANG=C.UTF-8", *map(str, argv)]

    def variables(self):
        """What an Ansible inventory says of it."""
        return {"ansible_connection": "virtlab.network.netns", "ansible_netns_target": str(self.pid)}

    def address(self, device):
        """It is reached by its namespaces alone."""
        raise BedError(f"{self.name} is of kind {self.KIND}: only those of kind vm are reached by a NIC such as {device}")

    def path(self, inside):
        """A path of the host's, as seen from outside."""
        return Path(f"/proc/{self.pid}/root", str(inside).lstrip("/"))

    def carrier(self, device, there):
        """The far end of the cable goes up or down, and takes the carrier with it."""
        fabric.ip(self.lab, "link", "set", fabric.end(self.name, device), "up" if there else "down")


def start(lab, plan):
    """Start a host and wire it, and wait until its systemd has started everything. Returns it."""
    lower = root.build(plan.suite)
    host = Namespaces(lab, plan.name)
    host.folder.mkdir(parents=True)
    command = [*cgroup.delegated(host.group), sys.executable, "-m", "testbed.inner", lower, kernel.build(), host.name, host.group, host.folder]
    done = subprocess.run(list(map(str, command)), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BedError(f"{host.name} did not start: see {host.folder}/log")
    host.began(int(done.stdout))
    until(lambda: running(host), 300, f"{host.name} to start (its log is {host.folder}/log)")
    connect(host, plan.nics)
    return host


def running(host):
    """True once systemd says that it is done starting; BedError where it is dead."""
    if not host.alive:
        raise BedError(f"{host.name} ended while starting: see {host.folder}/log")
    # waits by itself from when systemd answers, which costs less than asking again and again
    state = host.run("timeout", "60", "systemctl", "is-system-running", "--wait", check=False).stdout.strip()
    return state in ("running", "degraded")


def connect(host, nics):
    """Wire a host to its segments; give its NICs their addresses, and over the uplink its default routes and name server."""
    for nic in nics:
        fabric.wire(host.lab, host.name, nic.name, host.pid, nic.segment, nic.mtu, nic.mac)
        for address in nic.addresses:
            host.run("ip", "address", "add", address, "dev", nic.name, *(["nodad"] if ":" in address else []))
        host.run("ip", "link", "set", nic.name, "up")
        if nic.uplink:
            for gateway in world.GATEWAYS:
                host.run("ip", "route", "add", "default", "via", gateway, "dev", nic.name)
            host.run("tee", "/etc/resolv.conf", input=f"nameserver {world.GATEWAYS[0]}\n")
