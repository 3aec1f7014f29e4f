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


def wire(lab, peer, device, segment):
    """A cable from ``device`` in ``peer`` (a process id or a namespace's name) to a segment, which is made where it is new.

    Returns the name of the cable's end at the segment.
    """
    fabric = namespace(lab)
    add(fabric)
    links = run("ip", "-o", "-n", fabric, "link", "show").stdout
    if f": {segment}:" not in links:
        run("ip", "-n", fabric, "link", "add", segment, "type", "bridge")
        run("ip", "-n", fabric, "link", "set", segment, "up", "mtu", str(MTU))
    end = f"port{links.count(chr(10))}"
    run("ip", "-n", fabric, "link", "add", end, "mtu", "1500", "type", "veth", "peer", "name", device, "netns", str(peer))
    run("ip", "-n", fabric, "link", "set", end, "master", segment, "up")
    return end


def cut(lab, end, up=False):
    """Cut a cable, or with ``up`` mend it."""
    run("ip", "-n", namespace(lab), "link", "set", end, "up" if up else "down")


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
