# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translation of addresses: what of a network's or a subnet's packets gets another source or destination, in nft(8)'s words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .option import option, options
from .values import ADDRESSES, BARE_ADDRESS, BOOL, COMMENT, COMPARED, LINE, PORTS, ip_address, ip_network, one_of, prefixes

SUBNETS = prefixes("192.168.100.0/24 or fd00:100::/64")
#: who a forward is there for that names no sources, by IP's version
EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}
#: in the place of an address: whichever a forward listens to
ANY = "any"


@dataclass(frozen=True)
class Forward:
    """A port of the host's that leads to a guest. ``ports` are inclusive pairs of numbers."""

    to: Optional[str] = option(BARE_ADDRESS, "Address that it leads to, in one of the subnets.", required=True)
    port: Optional[str] = option(PORTS, "Port, or range of ports such as V(8000-8010), that is listened to.", required=True)
    to_port: Optional[str] = option(
        PORTS, "Port that it leads to; the same where it is not given. Of a range the first, or a range of the same length: the ports are shifted."
    )
    protocol: Optional[str] = option(one_of("tcp", "udp", "sctp"), "Transport protocol; V(tcp) where it is not given.")
    listen: Optional[str] = option(
        BARE_ADDRESS, "Address that is listened to. Where it is not given that is every address of the host's, also those it will get: right where addresses "
        "come by DHCP."
    )
    sources: Optional[tuple] = options(SUBNETS, "Subnets and addresses that it is there for; everybody where it is not given.", unset=None)
    comment: Optional[str] = option(COMMENT, "What it is for, which nft(8) shows beside it.")

    @property
    def version(self):
        """IP's version, that of who it leads to."""
        return ip_address(self.to).version

    @property
    def transport(self):
        """Its protocol."""
        return self.protocol or "tcp"

    @property
    def listening(self):
        """(first, last) port that is listened to."""
        return span(self.port)

    @property
    def shift(self):
        """What is added to a port."""
        return span(self.to_port)[0] - self.listening[0] if self.to_port else 0

    def __str__(self):
        return " ".join([*([self.listen] if self.listen else []), self.transport, self.port, *(["for", ", ".join(self.sources)] if self.sources else [])])


@dataclass(frozen=True)
class Netmap:
    """One to one."""

    inside: Optional[str] = option(SUBNETS, "Subnet as guests have it.", required=True)
    outside: Optional[str] = option(SUBNETS, "Subnet of the same size that others know it by. Its addresses have to reach this host.", required=True)


@dataclass(frozen=True)
class Nat:
    """What is translated."""

    network: Optional[str] = option(
        LINE, "Name of a network of libvirt's, whose subnets it is for. Its forward mode must be one that does not translate, such as V(open)."
    )
    subnets: Optional[tuple] = options(SUBNETS, "Subnets that it is for.")
    devices: Optional[tuple] = options(COMPARED, "Devices that packets leave by which get another source; where it is not given, whichever they leave by.")
    masquerade: Optional[bool] = option(
        BOOL, "Packets that leave get the address of the device that they leave by. Where it is not given that is so unless O(snat) or O(netmap) is."
    )
    snat: Optional[tuple] = options(
        ADDRESSES, "Packets that leave get one of these addresses, such as V(203.0.113.5) or V(203.0.113.5-203.0.113.9), one entry for each version of IP."
    )
    ipv6: Optional[bool] = option(
        BOOL, "Masquerade IPv6 as well. Where it is not given that is left as it is, for IPv6 has addresses enough."
    )
    ports: Optional[str] = option(PORTS, "Ports that packets leave with, such as V(1024-65535).")
    persistent: Optional[bool] = option(BOOL, "Give a client the same address for each connection.")
    random: Optional[str] = option(one_of("random", "fully-random"), "Choose the ports that packets leave with at random.")
    netmap: Optional[tuple] = options(Netmap, "Subnets that are translated one to one, both ways.", key=("inside",))
    coexist: Optional[bool] = option(
        BOOL, "Where Docker, ufw or firewalld drop packets of its guests, have them let these pass, by rules of their own kind for its "
        "bridge alone: in Docker's chain C(DOCKER-USER), routes and rules of ufw, firewalld's zone C(libvirt-routed). These rules are recorded, go with the "
        "resource, and are put back by the next run where somebody removed them; Docker's are gone after a reboot until then. Of bridges by which the "
        "default route leaves none is opened.",
    )
    forwards: Optional[tuple] = options(Forward, "Ports of the host that lead to guests, for others, for guests and for the host itself.", key=())

    @property
    def masquerades(self):
        """True where packets that leave get the address of a device."""
        return self.masquerade if self.masquerade is not None else not self.snat and not self.netmap


def span(ports):
    """(first, last) of a port, or of a range of ports."""
    first, unused, last = ports.partition("-")
    return int(first), int(last or first)


def overlap(one, other):
    """True for two subnets, as text or as ipaddress has them, that have addresses in common."""
    mine, theirs = ip_network(one), ip_network(other)
    return mine.version == theirs.version and mine.overlaps(theirs)


def clash(forwards, others):
    """(number of a forward, one of ``others``) that listen to the same address and port and are there for the same source; None where no two do.

    ``others`` may be the same list. It is one pass over the ports, however many there are and however long their ranges: of those that were passed it is
    known for each place where they listen, and for all subnets that hold their sources, which one goes on to the last port.
    """
    same = others is forwards
    known = _lengths([*forwards, *([] if same else others)])
    lengths = {version: sorted(length for found, length in known if found == version) for version in EVERYBODY}
    passed = {}, {}
    work = [(each.listening, 0, number) for number, each in enumerate(forwards)]
    work += [] if same else [(each.listening, 1, number) for number, each in enumerate(others)]
    for (first, last), side, number in sorted(work):
        each = (forwards, others)[side][number]
        mine, theirs = passed[side], passed[side if same else 1 - side]
        places = list(_places(each, lengths[each.version]))
        met = next((held[1] for place in _looked_at(each, places) for held in [theirs.get(place)] if held is not None and held[0] >= first), None)
        if met is not None:
            return (met, each) if side else (number, others[met])
        for place in _listened_at(each, places):
            mine[place] = max(mine.get(place, (0, 0)), (last, number))
    return None


def _sources(forward):
    return map(ip_network, forward.sources or [EVERYBODY[forward.version]])


def _lengths(forwards):
    """{(IP's version, length of a prefix)} of all sources."""
    return {(source.version, source.prefixlen) for each in forwards for source in _sources(each)}


def _places(forward, lengths):
    """Yield of each source the prefixes of these lengths that hold it, itself the last: what tells a place but for the address."""
    for source in _sources(forward):
        bits = int(source.network_address)
        yield [(forward.version, forward.transport, length, bits >> source.max_prefixlen - length) for length in lengths if length <= source.prefixlen]


def _listened_at(forward, places):
    """Keys that a forward is known by: its sources, and what holds them."""
    for listen in (forward.listen, ANY):
        for *above, own in places:
            yield from (("source", listen, own), *(("within", listen, each) for each in (*above, own)))


def _looked_at(forward, places):
    """Keys of those that a forward would clash with: whose source holds one of its own, or is within it."""
    for listen in (ANY,) if forward.listen is None else (None, forward.listen):
        for *above, own in places:
            yield from (("within", listen, own), *(("source", listen, each) for each in above))
