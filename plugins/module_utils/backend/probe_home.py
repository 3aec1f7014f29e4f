# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe that is the host itself: it checks from the host's own namespace, with what the host has, and plugs in nothing."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from ..model.probe import FAMILIES
from . import iproute
from .probe_checks import Checks
from .probe_within import check_all

RESOLV = Path("/etc/resolv.conf")
#: addresses of nobody (RFC 5737, 3849), to which a packet would leave as to anybody: the one that it would leave from is what others know the host by
FAR = ("192.0.2.1", "2001:db8::1")


class Home:
    """The host as somebody who asks."""

    def __init__(self):
        self.gateways = {number: _gateway(number) for number in FAMILIES.values()}
        self.nameservers, self.domain = _names()
        self.addresses = _addresses()
        self.mtu = min((link["mtu"] for link in iproute.read("ip", "link", "show", "up") if "LOOPBACK" not in link.get("flags", ["LOOPBACK"])),
                       default=1500)

    def facts(self):
        """What a probe tells of where it is."""
        return {
            "addresses": self.addresses, "mtu": self.mtu, "gateways": [each for each in self.gateways.values() if each], "nameservers": self.nameservers,
            "domain": self.domain, "missing": [], "neighbours": {}, "duplicates": [], "leases": [], "routers": [], "waited": 0.0,
        }

    def checks(self):
        """What makes Checks from there."""
        versions = {6 if ":" in each["address"] else 4 for each in self.addresses}
        return Checks(self.gateways, self.nameservers, self.domain, self.mtu, versions)


def visit(wanted):
    """All that a Probe finds out that is the host itself."""
    begun = time.monotonic()
    home = Home()
    time.sleep(wanted.delay or 0)
    checks = check_all(home.checks(), wanted.checks or (), wanted)
    return {**home.facts(), "settled": 0.0, "checks": checks, "heard": [], "arrived": [], "seconds": round(time.monotonic() - begun, 2), "port": ""}


def _gateway(version):
    """The router that leads out, or ''. One that is known by its address on the segment alone is none that can be asked without its device."""
    routes = iproute.read("ip", f"-{version}", "route", "show", "default")
    found = (each["gateway"] for each in sorted(routes, key=lambda each: each.get("metric", 0)) if "gateway" in each)
    return next((each for each in found if not each.startswith("fe80:")), "")


def _addresses():
    """Addresses that others can ask, those first that the host is known by outside."""
    first = set(map(_leaving, FAR))
    found = [
        {"address": f"{info['local']}/{info['prefixlen']}", "by": "dhcp" if info.get("dynamic") else "static"}
        for link in iproute.read("ip", "address", "show", "up") for info in link.get("addr_info", ()) if info.get("scope") == "global" and "local" in info
    ]
    return sorted(found, key=lambda each: each["address"].partition("/")[0] not in first)


def _leaving(far):
    """The address that a packet to another would leave from, or None. A socket of UDP that connects sends nothing."""
    with socket.socket(socket.AF_INET6 if ":" in far else socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.connect((far, 9))
        except OSError:
            return None
        return own.getsockname()[0]


def _names():
    """(name servers, domain) as resolv.conf(5) has them."""
    try:
        lines = [line.split() for line in RESOLV.read_text(encoding="utf-8", errors="replace").splitlines()]
    except FileNotFoundError:
        lines = []
    found = {word: [each[1] for each in lines if len(each) > 1 and each[0] == word] for word in ("nameserver", "search", "domain")}
    return found["nameserver"][:3], next(iter([*found["search"], *found["domain"]]), "")
