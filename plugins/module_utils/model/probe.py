# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe: what is plugged in where a guest would be, how it gets its addresses, what it tries, and what it listens to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Optional

from .option import option, options
from .values import BARE_ADDRESS, BOOL, DEVICE, LINE, MAC, OWN_CIDR, PORT, PORTS, UNICAST_MAC, VLAN, WORD, Kind, integer, one_of, prefixes

#: what a check may be; each is an option that names whom it asks
KINDS = ("ping", "tcp", "udp", "resolve", "trace", "mtu")
#: those that have ports
TRANSPORTS = ("tcp", "udp")
#: a target, and a source, that stands for the router that the probe came to know
GATEWAY = "gateway"
#: what may become of a check: somebody said yes or no, nobody said anything, or nothing was sent, as no route or address of that family is there
ALLOWED, REJECTED, SILENT, UNROUTABLE = "allowed", "rejected", "silent", "unroutable"
REFUSED = "refused"
#: what an expectation may be in words, and the outcomes that meet it
WORDS = {ALLOWED: (ALLOWED,), REFUSED: (REJECTED, SILENT, UNROUTABLE), REJECTED: (REJECTED,), SILENT: (SILENT,), UNROUTABLE: (UNROUTABLE,)}
#: what frames are told apart by
PROTOCOLS = ("arp", "ipv4", "ipv6", "icmp", "icmpv6", "tcp", "udp", "dhcp", "dhcpv6", "router", "stp", "other")
FAMILIES = {"ipv4": 4, "ipv6": 6}
#: seconds until a check without an answer, or somebody who gives addresses, is given up, where no others are given
TIMEOUT, LEASE_TIMEOUT = 3, 12


def _excepted(value):
    if value == GATEWAY:
        return value
    for kind in (MAC, prefixes("")):
        try:
            return kind.canonical(value)
        except ValueError:
            continue
    raise ValueError("must be gateway, an address, a subnet such as 192.168.100.0/24, or a MAC address")


EXCEPTED = Kind("str", _excepted)
SECONDS = integer(0, 86400)
PATIENCE = integer(1, 600)


@dataclass(frozen=True)
class Check:
    """One question, and what is expected to become of it."""

    name: Optional[str] = option(LINE, "What the result and errors call it; its own words where it is not given.")
    ping: Optional[str] = option(WORD, "Whom to ping: an address, a name, or V(gateway) for the router that the probe came to know.")
    tcp: Optional[str] = option(WORD, "Where to open a TCP connection, to O(port).")
    udp: Optional[str] = option(
        WORD, "Where to send a datagram, to O(port). Only an answer proves that it came through: ask what answers, such as the C(listen) of another probe. "
        "To port 53 goes a question of DNS, to 123 one of NTP."
    )
    resolve: Optional[str] = option(
        WORD, "Name to look up, or address whose name to look up, at the name servers. A name without a dot is looked up in the domain of the lease or "
        "C(domain) first, as guests do."
    )
    trace: Optional[str] = option(WORD, "Whom to follow the way to, router by router.")
    mtu: Optional[str] = option(WORD, "Whom to find the path MTU to, with packets that must not be broken up.")
    port: Optional[int] = option(PORT, "Port, for O(tcp) and O(udp).")
    family: Optional[str] = option(
        one_of(*FAMILIES), "Version of IP, where a name or V(gateway) has several; what is looked up with O(resolve). IPv4 comes first where it is not given."
    )
    server: Optional[str] = option(BARE_ADDRESS, "Name server to ask, for O(resolve); those of the lease or C(nameservers) where it is not given.")
    send: Optional[str] = option(LINE, "Text to send, for O(udp), and once connected for O(tcp).")
    expect: Optional[tuple] = options(
        LINE,
        "What is to become of it; V(allowed) where it is not given. V(refused) is any way not to get there, of which V(rejected) is somebody's word (a reset, "
        "or an ICMP message), V(silent) no answer in time, and V(unroutable) no route or no address of that family. A name that is not resolved is not "
        "V(refused), as nothing is sent. For O(resolve) these may be the addresses "
        "or names that are found, all of them; for O(trace) routers that the way leads by; for O(mtu) a number.", unset=None,
    )
    timeout: Optional[int] = option(PATIENCE, "Seconds until it is given up, where it differs from that of the probe.")

    @property
    def kind(self):
        """One of KINDS."""
        return next(each for each in KINDS if getattr(self, each) is not None)

    @property
    def target(self):
        """Whom it asks."""
        return getattr(self, self.kind)

    @property
    def wanted(self):
        """What is expected."""
        return self.expect or (ALLOWED,)

    def __str__(self):
        port = f" port {self.port}" if self.port else ""
        return self.name or f"{self.kind} {self.target}{port}{f' ({self.family})' if self.family else ''}"


@dataclass(frozen=True)
class Ear:
    """A port on which whoever asks is answered."""

    port: Optional[int] = option(PORT, "Port.", required=True)
    protocol: Optional[str] = option(one_of(*TRANSPORTS), "Protocol; both where it is not given.")


@dataclass(frozen=True)
class Quiet:
    """What should not arrive. All that is given must be so of a frame."""

    name: Optional[str] = option(LINE, "What the result and errors call it.")
    protocols: Optional[tuple] = options(
        one_of(*PROTOCOLS), "Any of these. V(router) are advertisements of IPv6 routers, V(dhcp) and V(dhcpv6) what servers send, V(other) is whatever "
        "is none of these. Any where it is not given.", unset=None,
    )
    ports: Optional[tuple] = options(PORTS, "Ports that it is for, of TCP or UDP.", unset=None)
    sources: Optional[tuple] = options(prefixes("192.168.100.0/24 or fd00:100::/64"), "Addresses and subnets that it says it comes from.", unset=None)
    besides: Optional[tuple] = options(
        EXCEPTED, "Whom it may come from all the same: addresses, subnets, MAC addresses of the devices that frames come from, or V(gateway) for all that "
        "comes by way of the routers that the probe came to know.", unset=None,
    )

    def __str__(self):
        words = [*(self.protocols or ("anything",)), *(f"to port {port}" for port in self.ports or ()), *(f"from {each}" for each in self.sources or ()),
                 *(f"besides {each}" for each in self.besides or ())]
        return self.name or " ".join(words)


@dataclass(frozen=True)
class Place:
    """Where a probe is, and how it gets its addresses."""

    network: Optional[str] = option(WORD, "Network of libvirt's, which must be active. Its bridge, VLAN, isolation and MTU are those that its guests have.")
    bridge: Optional[str] = option(DEVICE, "Bridge of the host, instead.")
    host: Optional[bool] = option(
        BOOL, "The host itself, instead: with the addresses, routes and name servers that it has. Nothing is plugged in, and nothing but checks is done."
    )
    portgroup: Optional[str] = option(LINE, "Portgroup of the network; the default one where it is not given, as for guests.")
    vlan: Optional[int] = option(
        VLAN, "VLAN that the probe is in. The bridge must filter VLANs. Of a network or portgroup whose guests have several, the one to be in."
    )
    mac: Optional[str] = option(
        UNICAST_MAC, "MAC address of the probe; a random one, locally administered, where it is not given. With that of a guest which is not running the probe "
        "gets the lease that is reserved for it."
    )
    mtu: Optional[int] = option(integer(576, 65535), "MTU of the probe's NIC; that of the bridge where it is not given.")
    dhcp: Optional[tuple] = options(
        one_of(*FAMILIES), "Families to take a lease of, which is given back at the end. No lease in time is a failure then. "
        "Where none of O(dhcp), O(slaac) and O(addresses) is given, it is what libvirt's definition of the network serves. Of a segment that others serve, all "
        "is asked for, and not getting some of it is no failure.", unset=None,
    )
    slaac: Optional[bool] = option(BOOL, "Give itself an address by what IPv6 routers advertise. With O(dhcp) of V(ipv6) they are heeded for routes alone.")
    addresses: Optional[tuple] = options(OWN_CIDR, "Addresses to have, with their prefixes.", unset=None)
    gateways: Optional[tuple] = options(BARE_ADDRESS, "Routers to leave by, one of each family at the most. A lease's counts less.", unset=None)
    nameservers: Optional[tuple] = options(BARE_ADDRESS, "Name servers to ask. A lease's are not asked then.", unset=None, ordered=True)
    domain: Optional[str] = option(LINE, "Domain that names without a dot are looked up in.")
    lease_timeout: Optional[int] = option(
        PATIENCE, f"Seconds until whoever gives addresses is given up; {LEASE_TIMEOUT} where it is not given. dnsmasq takes three for each new client."
    )

    @property
    def given(self):
        """True where it is told how to get addresses."""
        return self.dhcp is not None or self.slaac is not None or self.addresses is not None


@dataclass(frozen=True)
class Probe(Place):
    """A probe: its place, and what it does there."""

    checks: Optional[tuple] = options(Check, "What to try, several at the same time.", unset=None, ordered=True)
    listen: Optional[tuple] = options(
        Ear, "Ports on which the probe answers whoever asks, by both versions of IP, while it is there: with one line of text that tells the "
        "asker's address as it is seen. RV(heard) tells who asked.", unset=None,
    )
    quiet: Optional[tuple] = options(
        Quiet, "What should not arrive. Frames that the switch floods to the probe's port count whomever they are for, and so do answers to what the probe "
        "itself sends. An entry without any option is anything at all.", unset=None,
    )
    seconds: Optional[int] = option(SECONDS, "How long it stays after it has its addresses, at the least: to listen, and for what should not arrive.")
    delay: Optional[int] = option(SECONDS, "Seconds between having its addresses and the first check: for other probes to be there.")
    wait: Optional[int] = option(
        SECONDS, "Seconds in which a check that is not as expected is tried again, as others may only be starting. What is expected to be refused is met at "
        "once by one that is not there yet: let those begin first that O(listen)."
    )
    timeout: Optional[int] = option(PATIENCE, f"Seconds until a check without an answer is given up; {TIMEOUT} where it is not given.")
    fail: Optional[bool] = option(BOOL, "Whether the task fails where something is not as expected, which RV(ok) tells in any case; V(true) where not given.")


def meets(kind, wanted, found):
    """True where what was found of a check, a dict, is what is wanted. ``found`` has its ``outcome``, and ``values`` where it is to be compared by such."""
    words = [word for word in wanted if word in WORDS]
    if words:
        if found.get("unresolved") and UNROUTABLE not in wanted:  # nothing was sent, which proves nothing
            return False
        return any(found["outcome"] in WORDS[word] for word in words)
    values = set(found.get("values", ()))
    if found["outcome"] != ALLOWED:
        return False
    return set(map(_plain, wanted)) <= values if kind == "trace" else set(map(_plain, wanted)) == values


def _plain(value):
    """An address in its one form; another word, such as a name, without case and the dot behind it."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value.rstrip(".").lower()
