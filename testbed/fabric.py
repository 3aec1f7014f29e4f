# SPDX-License-Identifier: GPL-3.0-or-later
"""The wires: LAN segments are bridges in a network namespace of the lab's own, where packets are captured and links are cut."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

from .bed import BedError, run, until

MTU = 9000


def namespace(lab):
    """Name of the namespace that holds a lab's segments."""
    return f"vlb-{lab}-fabric"


def names():
    """Names of all network namespaces of the test bed."""
    return [line.split()[0] for line in run("ip", "netns", "list").stdout.splitlines() if line.startswith("vlb-")]


def add(name):
    """Make a network namespace with its loopback up."""
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")


def remove(name):
    """Remove a network namespace and end what runs in it."""
    for pid in run("ip", "netns", "pids", name).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    until(lambda: not run("ip", "netns", "pids", name).stdout.split(), 60, f"the processes in {name} to end")
    run("ip", "netns", "delete", name)


def start(lab, segments):
    """Make a lab's namespace, and a bridge in it for each segment."""
    add(namespace(lab))
    for scope in ("all", "default"):  # a switch says nothing of its own
        run(*argv(lab, "sysctl", "-q", f"net.ipv6.conf.{scope}.disable_ipv6=1"))
    for segment in segments:
        ip(lab, "link", "add", segment, "type", "bridge", "mcast_snooping", "0")
        ip(lab, "link", "set", segment, "up", "mtu", MTU)


def argv(lab, *argv):
    """The words that run a command where a lab's segments are."""
    return ["ip", "netns", "exec", namespace(lab), *map(str, argv)]


def ip(lab, *words):
    """ip(8) where a lab's segments are."""
    run("ip", "-n", namespace(lab), *words)


def wire(lab, owner, device, peer, segment, mtu=1500, mac=""):
    """A cable from a segment to ``device`` in ``peer``: a process id or a namespace's name."""
    far = ["name", device, *(["address", mac] if mac else []), "mtu", mtu, "netns", peer]
    ip(lab, "link", "add", end(owner, device), "mtu", mtu, "type", "veth", "peer", *far)
    plug(lab, end(owner, device), segment)


def plug(lab, port, segment):
    """Put the end of a cable into a segment."""
    ip(lab, "link", "set", port, "master", segment, "up")


def end(owner, device):
    """Name of a cable's end at its segment, by the name of the host (or of the world) and of its device."""
    return f"{owner}-{device}"


def pass_on(lab, port, passes):
    """Let packets pass the end of a cable, or lose all of them."""
    command = ["bridge", "-n", namespace(lab), "link", "set", "dev", port, "state", "3" if passes else "0"]
    until(lambda: run(*command, check=False).returncode == 0, 30, f"{port} to have its carrier, without which its state cannot be set")


def impair(lab, port, loss=0, rate="", delay=""):
    """Make a cable bad from now on: ``loss`` in percent of what comes from its host, ``rate`` and ``delay`` (tc(8)'s words) towards it.

    Nothing at all makes it good again. Raises BedError where this machine's kernel has no netem, which delays; the cable is good then.
    """
    if not 0 <= loss <= 100:
        raise BedError(f"loss is {loss!r}: must be 0 to 100, in percent")
    table = f"netdev {port.replace('-', '_')}"
    rules = f"table {table}\ndelete table {table}\n"
    if loss:
        hook = f'type filter hook ingress device "{port}" priority 0'
        rules += f"table {table} {{ chain lossy {{ {hook}\nnumgen random mod 10000 >= {10000 - round(loss * 100)} drop\n}}\n}}\n"
    run(*argv(lab, "nft", "-f", "-"), input=rules)
    run(*argv(lab, "tc", "qdisc", "del", "dev", port, "root"), check=False)
    try:
        _shape(lab, port, rate, delay)
    except BedError:
        impair(lab, port)
        raise


def _shape(lab, port, rate, delay):
    if delay:
        run(*argv(lab, "tc", "qdisc", "add", "dev", port, "root", "netem", "delay", delay, *(["rate", rate] if rate else [])))
    elif rate:
        run(*argv(lab, "tc", "qdisc", "add", "dev", port, "root", "tbf", "rate", rate, "burst", "32kb", "latency", "50ms"))


@contextlib.contextmanager
def capture(lab, segment, expression="", folder="/tmp"):
    """Capture a segment's packets while the context lasts; yields the path of the pcap file, complete when the context is left."""
    path = os.path.join(folder, f"{lab}-{segment}.pcap")
    command = argv(lab, "tcpdump", "--immediate-mode", "-U", "-n", "-i", segment, "-w", path, *expression.split())
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        if "listening on" not in said:
            raise BedError(f"tcpdump on {segment}: {said.strip()} {process.stderr.read().strip()}")
        try:
            yield path
        finally:
            process.terminate()
