# SPDX-License-Identifier: GPL-3.0-or-later
"""The wires: LAN segments are bridges in a network namespace of the lab's own, where packets are captured and links are cut."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from .bed import run, until

MTU = 9000


def namespace(lab):
    """Name of the namespace that holds a lab's segments."""
    return f"vlb-{lab}-fabric"


def names():
    """Names of all network namespaces of the test bed."""
    return [line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines() if line.startswith("vlb-")]


def add(name):
    """Make a network namespace with its loopback up, where it is not there."""
    if name not in names():
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")


def remove(name):
    """Remove a network namespace and end what runs in it."""
    for pid in run("ip", "netns", "pids", name).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    until(lambda: not run("ip", "netns", "pids", name).stdout.split(), 10, f"the processes in {name} to end")
    run("ip", "netns", "delete", name)


def wire(lab, owner, device, peer, segment, mtu=1500, mac=""):
    """A cable from a segment, which is made where it is new, to ``device`` in ``peer``: a process id or a namespace's name."""
    fabric = namespace(lab)
    if fabric not in names():
        add(fabric)
        for scope in ("all", "default"):  # a switch says nothing of its own
            run("ip", "netns", "exec", fabric, "sysctl", "-q", f"net.ipv6.conf.{scope}.disable_ipv6=1")
    if f": {segment}:" not in run("ip", "-o", "-n", fabric, "link", "show").stdout:
        run("ip", "-n", fabric, "link", "add", segment, "type", "bridge", "mcast_snooping", "0")
        run("ip", "-n", fabric, "link", "set", segment, "up", "mtu", str(MTU))
    far = ["name", device, *(["address", mac] if mac else []), "mtu", str(mtu), "netns", str(peer)]
    run("ip", "-n", fabric, "link", "add", end(owner, device), "mtu", str(mtu), "type", "veth", "peer", *far)
    run("ip", "-n", fabric, "link", "set", end(owner, device), "master", segment, "up")


def end(owner, device):
    """Name of a cable's end at its segment, by the name of the host (or of the world) and of its device."""
    return f"{owner}-{device}"


def cut(lab, owner, device="eth0", silent=True):
    """Lose all packets of a cable, which its owner cannot tell; unless ``silent``, its device loses its carrier too."""
    fabric = namespace(lab)
    if silent:
        run("bridge", "-n", fabric, "link", "set", "dev", end(owner, device), "state", "0")
    else:
        run("ip", "-n", fabric, "link", "set", end(owner, device), "down")


def mend(lab, owner, device="eth0"):
    """Mend a cable that was cut."""
    fabric = namespace(lab)
    run("ip", "-n", fabric, "link", "set", end(owner, device), "up")
    run("bridge", "-n", fabric, "link", "set", "dev", end(owner, device), "state", "3")


@contextlib.contextmanager
def capture(lab, segment, expression="", folder="/tmp"):
    """Capture a segment's packets while the context lasts; yields the path of the pcap file, complete when the context is left."""
    path = os.path.join(folder, f"{lab}-{segment}.pcap")
    command = ["ip", "netns", "exec", namespace(lab), "tcpdump", "--immediate-mode", "-U", "-n", "-i", segment, "-w", path, *expression.split()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: "listening on" in process.stderr.readline(), 10, f"tcpdump on {segment}")
        try:
            yield path
        finally:
            process.terminate()
