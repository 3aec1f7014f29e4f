# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy between zones: who may begin to talk to whom, in nft(8)'s words. What answers always passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional

from .option import option, options
from .values import BOOL, BURST, COMMENT, COMPARED, LINE, LOG_PREFIX, PORTS, RATE, ZONE, one_of, prefixes

SUBNETS = prefixes("192.168.100.0/24 or fd00:100::/64")
ACTIONS = ("accept", "drop", "reject")
#: protocols that have ports
TRANSPORTS = ("tcp", "udp", "sctp")


@dataclass(frozen=True)
class Zone:
    """Whoever is reached in one of some ways."""

    name: Optional[str] = option(ZONE, "Name of the zone, that policies call it by.", required=True)
    networks: Optional[tuple] = options(LINE, "Names of networks of libvirt's: their bridges belong to the zone.", unset=None)
    devices: Optional[tuple] = options(COMPARED, "Devices, such as bridges and NICs, that those of the zone are reached by.", unset=None)
    subnets: Optional[tuple] = options(
        SUBNETS, "Subnets and addresses that belong to the zone, by whichever device they are reached, unless a policy is about that device.", unset=None
    )
    host: Optional[bool] = option(BOOL, "The zone is the host itself. It has no other members then.")


@dataclass(frozen=True)
class Rule:
    """One exception to what is done otherwise. All that is given must be so."""

    action: Optional[str] = option(one_of(*ACTIONS), "What is done; V(accept) where it is not given.")
    protocol: Optional[str] = option(one_of(*TRANSPORTS, "icmp", "icmpv6", "gre", "esp", "ah"), "Protocol; any where it is not given.")
    ports: Optional[tuple] = options(PORTS, "Ports that are asked for, numbers and ranges; with V(protocol=tcp), V(udp) or V(sctp).", unset=None)
    saddr: Optional[tuple] = options(SUBNETS, "Addresses and subnets that it comes from.", unset=None)
    daddr: Optional[tuple] = options(SUBNETS, "Addresses and subnets that it goes to.", unset=None)
    limit: Optional[str] = option(
        RATE, "As often at the most, such as V(10/second); what is beyond that is left to the rules below. Where addresses of both versions of IP are given, "
        "each version is counted by itself."
    )
    burst: Optional[int] = option(BURST, "Packets at once before O(limit) counts; 5 where it is not given.")
    log: Optional[str] = option(LOG_PREFIX, "Have the kernel log it, with this in front.")
    comment: Optional[str] = option(COMMENT, "What it is for, which nft(8) shows beside it.")

    @property
    def verdict(self):
        """What is done."""
        return self.action or "accept"


@dataclass(frozen=True)
class Policy:
    """What may begin in one zone towards another."""

    src: Optional[str] = option(ZONE, "Zone that begins to talk.", required=True)
    dst: Optional[str] = option(
        ZONE, "Zone that is talked to. The same zone stands for what its members begin among themselves, also on one bridge.", required=True
    )
    default: Optional[str] = option(one_of(*ACTIONS), "What is done where no rule says otherwise; V(drop) where it is not given.")
    rules: Optional[tuple] = options(Rule, "Exceptions, of which the first that fits counts.", ordered=True)
    log: Optional[str] = option(LOG_PREFIX, "Have the kernel log what O(default) drops or rejects, with this in front, ten times a minute at the most.")

    @property
    def otherwise(self):
        """What is done where no rule fits."""
        return self.default or "drop"

    def __str__(self):
        return f"{self.src} to {self.dst}"


@dataclass(frozen=True)
class Firewall:
    """What is decided between zones. Whatever is between others, or between zones without a policy, is not touched."""

    zones: Optional[tuple] = options(Zone, "Who is who.", key=("name",))
    policies: Optional[tuple] = options(
        Policy, "Who may begin to talk to whom. What answers, and what IPv6 needs to find neighbours, always passes.", key=(("src", "dst"),)
    )
    coexist: Optional[bool] = option(
        BOOL, "Where Docker, ufw or firewalld drop packets of its zones' guests, have them let these pass, by rules of their own kind for their "
        "bridges alone: in Docker's chain C(DOCKER-USER), routes and rules of ufw, firewalld's zone C(libvirt-routed). These rules are recorded, go with the "
        "resource, and are put back by the next run where somebody removed them; Docker's are gone after a reboot until then. Of bridges by which the "
        "default route leaves none is opened. With it O(policies) may be left out.",
    )

    def zone(self, name):
        """The zone of that name, or None."""
        return next((each for each in self.zones if each.name == name), None)


class Members(NamedTuple):
    """Who belongs to a zone, on one host: devices, subnets (as ipaddress has them), those of the devices that are bridges, and of these those by which the
    host is not reached, as it has no address there; or the host itself.
    """

    devices: tuple = ()
    subnets: tuple = ()
    bridges: tuple = ()
    bare: tuple = ()
    host: bool = False

    def meets(self, other):
        """What belongs to both, in a word; None where nothing does."""
        if self.host and other.host:
            return "the host"
        device = next((each for each in self.devices if each in other.devices), None)
        if device is not None:
            return device
        pairs = ((mine, theirs) for mine in self.subnets for theirs in other.subnets if mine.version == theirs.version and mine.overlaps(theirs))
        return next((str(max(pair, key=lambda each: each.prefixlen)) for pair in pairs), None)
