# SPDX-License-Identifier: GPL-3.0-or-later
"""The world outside the hosts: one namespace that plays their LAN's router, a name server, and the internet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import fabric
from .bed import STATE, run, until

HOST = "world"
LAN = ("198.51.100.1/24", "2001:db8:100::1/64")
INTERNET = ("203.0.113.1", "2001:db8:203::1")
GATEWAYS = tuple(address.partition("/")[0] for address in LAN)
NAMES = {"internet.test": INTERNET, "router.test": GATEWAYS}


def namespace(lab):
    """Name of a lab's world."""
    return f"vlb-{lab}-{HOST}"


def argv(lab, *argv):
    """The words that run a command there."""
    return ["ip", "netns", "exec", namespace(lab), *map(str, argv)]


def start(lab):
    """Make the world of a lab."""
    name, folder = namespace(lab), STATE / lab
    fabric.add(name)
    fabric.wire(lab, HOST, "lan", name, "lan")
    for address in LAN:
        run(*argv(lab, "ip", "address", "add", address, "dev", "lan", *(["nodad"] if ":" in address else [])))
    for address in INTERNET:
        run(*argv(lab, "ip", "address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else [])))
    run(*argv(lab, "ip", "link", "set", "lan", "up"))
    run(*argv(lab, "sysctl", "-q", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"))
    hosts = folder / "names"
    hosts.write_text("".join(f"{address} {known}\n" for known, addresses in NAMES.items() for address in addresses), encoding="utf-8")
    run(*argv(lab, "dnsmasq", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--addn-hosts={hosts}", f"--pid-file={folder}/dnsmasq.pid",
              "--local=/test/", "--interface=lan", "--except-interface=lo", "--bind-interfaces", "--user=root"))
    script = Path(__file__).with_name("echo.py")
    with open(folder / "echo.log", "w", encoding="utf-8") as log:
        subprocess.Popen(argv(lab, sys.executable, script), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until(lambda: ":80 " in run(*argv(lab, "ss", "-Hltn")).stdout, 60, "the world's web server")


def dhcp(lab, six=True):
    """Have the world give addresses on the segment lan, for two minutes each, and with ``six`` also of IPv6, as the router that it is. Path of the leases."""
    leases = STATE / lab / "leases"
    more = ["--enable-ra", "--dhcp-range=2001:db8:100::1000,2001:db8:100::1fff,64,2m"] if six else []
    run(*argv(lab, "dnsmasq", "--conf-file=/dev/null", "--port=0", "--interface=lan", "--except-interface=lo", "--bind-interfaces", "--user=root",
              f"--pid-file={STATE / lab / 'dhcp.pid'}", f"--dhcp-leasefile={leases}", "--dhcp-authoritative",
              "--dhcp-range=198.51.100.100,198.51.100.150,2m", *more))
    return leases
