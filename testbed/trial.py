# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries whether labs work on a machine: a host, its libvirtd, a container with a lease and a way out, and nothing left at the end."""

from __future__ import annotations

import time

from . import cgroup, claim, fabric, guest, lab, topology, world
from .bed import STATE, BedError

NAME = "trial"
LAN_ADDRESS = topology.ADDRESSES[0].format(topology.FIRST).partition("/")[0]


def trial():
    """Try it, and print a line for each thing that was seen. Raises BedError at the first that is not as it should be."""
    begun = time.monotonic()

    def see(what, seen, right):
        print(f"{'ok  ' if right else 'FAIL'} [{time.monotonic() - begun:5.1f} s] {what}: {seen}", flush=True)
        if not right:
            raise BedError(f"labs do not work here: {what}")

    if NAME in claim.labs():
        claim.down(NAME)
    see("control groups", f"version {2 if cgroup.unified() else 1}, {'given by systemd' if cgroup.systemds() else 'made by hand'}", True)
    try:
        host = lab.up(NAME).hosts["host1"]
        state = host.run("systemctl", "is-system-running", check=False).stdout.strip()
        see("a host with systemd", state, state == "running")
        daemon = host.run("virsh", "-c", "lxc:///system", "version").stdout
        see("its libvirtd", " ".join(daemon.split("\n")[0].split()), "libvirt" in daemon)
        host.run("virsh", "-q", "net-start", "default")
        container = guest.start(host, "one", {"network": "default"}, kind="lxc")
        address = container.address()
        see("a container's lease", address, address.startswith("192.168.122."))
        answer = container.run("busybox", "wget", "-qO-", f"http://{world.INTERNET[0]}/")
        see("the container is seen outside as its host", answer.text.strip(), answer.text.strip() == LAN_ADDRESS)
    finally:
        claim.down(NAME)
    left = [*(group for group in cgroup.groups() if group.startswith(f"{NAME}.")), *(name for name in fabric.names() if f"-{NAME}-" in name)]
    see("what is left of it", ", ".join(left) or "nothing", not left and not (STATE / NAME).exists())
