# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame is to a person who looks at a segment: who sends what to whom. Source: the RFCs of each, and IEEE 802.1D.

What comes in may be anything; what cannot be read is told by as much of it as can.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, Optional

from . import dhcp, frames, lease

ARP, VLANS, STP = 0x0806, (0x8100, 0x88A8), b"\x42\x42"
ICMP, TCP = 1, 6
#: headers of IPv6 between its own and what it carries: options for each hop, a route, options for the target
EXTENSIONS = (0, 43, 60)
#: messages by their kinds
DHCP = {lease.OFFER: "OFFER", lease.ACK: "ACK", lease.NAK: "NAK"}
DHCPV6 = {lease.ADVERTISE: "ADVERTISE", lease.REPLY: "REPLY", 10: "RECONFIGURE"}
#: options of a router's advertisement, and flags of it and of a prefix
RA_PREFIX, RA_MTU, RA_SERVERS = 3, 5, 25
MANAGED, OTHER, ON_LINK, AUTONOMOUS = 0x80, 0x40, 0x80, 0x40


class Sighting(NamedTuple):
    """A frame: what it is (words of model/probe.py's PROTOCOLS, the closest last), addresses or '', MAC addresses, VLAN, and the port that it is for."""

    protocols: tuple
    source: str
    target: str
    mac: str
    to: str
    vlan: Optional[int]
    port: Optional[int]
    says: str


def seen(frame, vlan=None):
    """The Sighting of a frame; ``vlan`` is the tag that the kernel has taken off it. None of what is no frame."""
    if len(frame) < 14:
        return None
    kind, place = int.from_bytes(frame[12:14], "big"), 14
    while kind in VLANS and len(frame) >= place + 4:
        vlan = int.from_bytes(frame[place:place + 2], "big") & 0xFFF if vlan is None else vlan
        kind, place = int.from_bytes(frame[place + 2:place + 4], "big"), place + 4
    body, macs = frame[place:], (frames.text(frame[6:12]), frames.text(frame[:6]), vlan)
    if kind == ARP and len(body) >= 28:
        source, target = (str(ipaddress.IPv4Address(body[at:at + 4])) for at in (14, 24))
        return Sighting(("arp",), source, target, *macs, None, f"asks who has {target}" if body[7] == 1 else f"says where {source} is")
    if kind == frames.IPV4 and len(body) >= 20:
        inner = body[(body[0] & 15) * 4:] if not int.from_bytes(body[6:8], "big") & 0x1FFF else b""
        return _packet("ipv4", body[9], (body[12:16], body[16:20]), inner, macs)
    if kind == frames.IPV6 and len(body) >= 40:
        protocol, inner = body[6], body[40:]
        while protocol in EXTENSIONS and len(inner) >= 8:
            protocol, inner = inner[0], inner[(inner[1] + 1) * 8:]
        return _packet("ipv6", protocol, (body[8:24], body[24:40]), inner, macs)
    if kind < 0x600 and body[:2] == STP:
        return Sighting(("stp",), "", "", *macs, None, "")
    return Sighting(("other",), "", "", *macs, None, f"ethertype 0x{kind:04x}" if kind >= 0x600 else "a frame of LLC")


def _packet(version, protocol, addresses, inner, macs):
    source, target = (str(ipaddress.ip_address(each)) for each in addresses)
    names = {TCP: "tcp", frames.UDP: "udp", ICMP: "icmp", frames.ICMPV6: "icmpv6"}
    found, port, says = [version], None, ""
    if protocol in names:
        found.append(names[protocol])
    else:
        found, says = [version, "other"], f"protocol {protocol}"
    if protocol in (TCP, frames.UDP) and len(inner) >= 8:
        origin, port = (int.from_bytes(inner[at:at + 2], "big") for at in (0, 2))
        if protocol == frames.UDP and (origin, port) in ((dhcp.SERVER, dhcp.CLIENT), (dhcp.SERVER6, dhcp.CLIENT6)):
            return Sighting((*found, "dhcp" if version == "ipv4" else "dhcpv6"), source, target, *macs, port, _served(version, inner[8:]))
    if protocol == frames.ICMPV6 and inner[:1] == bytes([dhcp.ROUTER]):
        found, says = [*found, "router"], "advertises itself"
    elif protocol in (ICMP, frames.ICMPV6) and len(inner) >= 2:
        says = f"type {inner[0]} code {inner[1]}"
    return Sighting(tuple(found), source, target, *macs, port, says)


def _served(version, body):
    """What a server of DHCP says."""
    if version == "ipv6":
        return DHCPV6.get(body[0], "") if body else ""
    found = dhcp.options4(body[240:]) if len(body) >= 240 else None
    kind = DHCP.get((found or {}).get(dhcp.KIND, b"\0")[0] if (found or {}).get(dhcp.KIND) else 0, "")
    return f"{kind} of {dhcp.written(body[16:20])}" if kind and any(body[16:20]) else kind


def advertisement(frame):
    """What a router says of itself, a dict, or None of what is no advertisement."""
    packet = frames.opened(frame)
    if packet is None or (packet.protocol, packet.port, packet.hops) != (frames.ICMPV6, dhcp.ROUTER, 255) or len(packet.body) < 12:
        return None
    flags, rest = packet.body[1], packet.body[12:]
    told = {"address": dhcp.written(packet.source), "mac": frames.text(packet.mac), "lifetime": int.from_bytes(packet.body[2:4], "big"),
            "managed": bool(flags & MANAGED), "other": bool(flags & OTHER), "mtu": None, "prefixes": [], "nameservers": []}
    while rest:
        size = rest[1] * 8 if len(rest) > 1 else 0
        if not 0 < size <= len(rest):
            return None
        if rest[0] == RA_PREFIX and size == 32 and rest[2] <= 128:
            subnet = str(ipaddress.ip_network((rest[16:32], rest[2]), strict=False))
            told["prefixes"].append({"prefix": subnet, "on_link": bool(rest[3] & ON_LINK), "autonomous": bool(rest[3] & AUTONOMOUS)})
        elif rest[0] == RA_MTU and size == 8:
            told["mtu"] = int.from_bytes(rest[4:8], "big")
        elif rest[0] == RA_SERVERS:
            told["nameservers"] += [dhcp.written(rest[at:at + 16]) for at in range(8, size - 15, 16)]
        rest = rest[size:]
    return told
