# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets a second through few forwards and through many: from the world through a host to a namespace beside it, which takes whatever comes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from testbed.bed import BedError

from .forwards import FORWARDS, SUBNET, forwards, virt_nat
from .plays import play

#: what is measured, in the order of each round, with how many forwards: the few twice, which tells what the noise is
LOADS = {"few": FORWARDS.counts[0], "again": FORWARDS.counts[0], "many": FORWARDS.counts[-1]}
#: rounds, and how often each measures; each time so many ports send to so many others
ROUNDS, TIMES, SOCKETS, EACH = 5, 3, 4000, 10
#: seconds until the host has forgotten connections of which nothing more is heard, and until it is asked to lead new ones
FORGOTTEN, PAUSE = 1, 1.5
DEVICE, HOST = "benchguest", "198.51.100.11"
SCRIPT = Path(__file__).with_name("alone_packets.py")


def throughput(lab, top):
    """{load: packets a second, each time}. Every packet is the first of a connection, as those that follow are led without a look at the map."""
    host, found = lab.hosts["host1"], {load: [] for load in LOADS}
    _guests(host)
    for load, count in list(LOADS.items()) * ROUNDS:
        play(top, [{"name": "build", **task} for task in virt_nat("build", count, protocol="udp")])
        found[load] += [_rate(lab, host, count) for unused in range(TIMES)]
    play(top, [{"name": "remove", **task} for task in virt_nat("remove", count)])
    return found


def _guests(host):
    """One namespace that is all guests, and answers none."""
    for words in (("netns", "add", DEVICE), ("link", "add", DEVICE, "type", "veth", "peer", "name", "eth0", "netns", DEVICE),
                  ("address", "add", "10.98.0.1/30", "dev", DEVICE), ("link", "set", DEVICE, "up"), ("route", "add", SUBNET, "via", "10.98.0.2"),
                  ("-n", DEVICE, "address", "add", "10.98.0.2/30", "dev", "eth0"), ("-n", DEVICE, "link", "set", "eth0", "up"),
                  ("-n", DEVICE, "route", "add", "blackhole", SUBNET)):
        host.run("ip", *words)
    host.run("sysctl", f"net.netfilter.nf_conntrack_udp_timeout={FORGOTTEN}")


def _rate(lab, host, count):
    """Packets a second, all of which have to arrive."""
    time.sleep(PAUSE)
    before = _arrived(host)
    seconds = float(lab.world(sys.executable, SCRIPT, HOST, SOCKETS, EACH, forwards(1)[0]["port"], count).stdout)
    lost = SOCKETS * EACH - _arrived(host) + before
    if lost > 0:
        raise BedError(f"{lost} of {SOCKETS * EACH} packets were lost on their way through {count} forwards")
    return SOCKETS * EACH / seconds


def _arrived(host):
    return int(host.run("cat", f"/sys/class/net/{DEVICE}/statistics/tx_packets").stdout)
