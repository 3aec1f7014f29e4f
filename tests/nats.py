# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of addresses of every form that there is, for who tries what is made of them."""

from __future__ import annotations

import ipaddress
import itertools

from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_nat
from ansible_collections.virtlab.network.plugins.module_utils.desired.nat import nat
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError

#: what a comment may hold of ASCII
PRINTABLE = "".join(map(chr, range(32, 127))).replace('"', "").replace("\\", "")
SUBNETS = {4: ["10.75.0.0/25", "10.75.0.128/25", "10.76.0.0/16", "10.76.9.0/24"], 6: ["fd00:75::/64", "fd00:76::/48"]}
#: by IP's version: a guest, an address of the host's, and sources that hold each other
ENDS = {4: ("10.75.0.10", "198.51.100.11", ["203.0.113.0/24", "203.0.113.7", "198.51.100.0/25"]),
        6: ("fd00:75::10", "2001:db8::11", ["2001:db8:1::/48", "2001:db8:1::7", "2001:db8:2::/64"])}
PAIRS = {4: [{"inside": "10.75.0.0/28", "outside": "192.0.2.0/28"}, {"inside": "10.76.0.7", "outside": "192.0.2.77"}],
         6: [{"inside": "fd00:75::/64", "outside": "2001:db8:75::/64"}, {"inside": "fd00:76::7", "outside": "2001:db8:76::7"}]}
GIVEN = {4: ("203.0.113.5", "203.0.113.5-203.0.113.9"), 6: ("2001:db8::5", "2001:db8::5-2001:db8::9")}


def forwards(version):
    """Forwards of every form: one port, a range, both shifted, by each protocol, with and without an address, sources and a comment."""
    to, listen, sources = ENDS[version]
    ports = (("80", None), ("443", "8443"), ("9000-9010", None), ("7000-7009", "7100"), ("6000-6009", "5000-5009"))
    ways = itertools.product(ports, ("tcp", "udp", "sctp"), (None, listen), (None, sources))
    for number, ((port, to_port), protocol, address, allowed) in enumerate(ways):
        apart = "-".join(str(int(each) + (20000 if address else 0) + (10000 if allowed else 0)) for each in port.split("-"))
        comment = (None, PRINTABLE, "é" * 64, "x*")[number % 4]
        yield {"port": apart, "to": to, "to_port": to_port, "protocol": protocol, "listen": address, "sources": allowed, "comment": comment}


def made(name="lab", **options):
    """What nft(8) reads of a translation that is asked for by options."""
    data = nat({"name": name, "state": "present", **options}, "default", None).data
    return nft_nat.text(name, data, [ipaddress.ip_network(each) for each in data.subnets], "default")


def every(*versions):
    """{name: text} of all that can be asked for of one or both versions of IP, but for what is refused; with all forms of forwards in one of them."""
    subnets = [each for version in versions for each in SUBNETS[version]]
    found = {"forwards": made("forwards", subnets=subnets, forwards=[each for version in versions for each in forwards(version)])}
    given = [None, *([GIVEN[version][number] for version in versions] for number in (0, 1))]
    ways = itertools.product((None, True, False), given, (None, True), (None, "1024-65535", "4000"), (None, True), (None, "random", "fully-random"),
                             (None, ["eth0", "é@;{}$'.5"]), (None, [pair for version in versions for pair in PAIRS[version]]),
                             (None, [{"port": "80", "to": ENDS[version][0]} for version in versions]))
    names = "masquerade", "snat", "ipv6", "ports", "persistent", "random", "devices", "netmap", "forwards"
    for number, values in enumerate(ways):
        try:
            found[f"n{number}"] = made(f"n{number}", subnets=subnets, **dict(zip(names, values)))
        except ValidationError:
            continue
    return found
