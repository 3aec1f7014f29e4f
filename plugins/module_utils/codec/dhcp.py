# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client asks that looks for addresses, and what servers and routers answer. Source: RFC 2131, 2132, 8415 and 4861.

Nothing is ever asked for, so no lease comes of it. What comes in may be anything: what is not an answer to the client, or is cut short, is none.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

from ..model.offer import Offer
from . import frames

#: DHCP's ports and words
SERVER, CLIENT, SERVER6, CLIENT6 = 67, 68, 547, 546
COOKIE = b"\x63\x82\x53\x63"
REPLY, BROADCAST = 2, 0x8000
KIND, ASKED, IDENTITY, PAD, END = 53, 55, 54, 0, 255
DISCOVER, OFFER = 1, 2
#: netmask, router, name servers, length of the lease and the server's identity: what clients ask for
PARAMETERS = bytes([1, 3, 6, 51, IDENTITY])
#: the least that BOOTP's relays take
LEAST = 300
#: DHCPv6's
SOLICIT, ADVERTISE = 1, 2
CLIENT_ID, SERVER_ID, IA_NA, ADDRESS, ORO, ELAPSED = 1, 2, 3, 5, 6, 8
DUID_LL, ETHERNET, NAME_SERVERS = 3, 1, 23
#: ICMPv6's
ROUTER_SOLICITATION, ROUTER, NEIGHBOUR_SOLICITATION, NEIGHBOUR = 133, 134, 135, 136
SOURCE_MAC, TARGET_MAC, PREFIX = 1, 2, 3
#: of a neighbour's answer: it was asked for, and it counts
SOLICITED, OVERRIDE = 0x40000000, 0x20000000
#: who asks, which is nobody's device: 02:76:6c:61:62:00. It is the same on all hosts and at all times, for servers keep an address for each client that
#: they see, and dnsmasq pings it for three seconds, in which it answers nobody else: hosts that ask at the same time would wait for each other
MAC = b"\x02vlab\0"
DUID, IAID = struct.pack("!HH", DUID_LL, ETHERNET) + MAC, MAC[2:]
SERVERS6, ROUTERS = (ipaddress.ip_address(each).packed for each in ("ff02::1:2", "ff02::2"))


class Client(NamedTuple):
    """A client: ``device`` is the MAC address that its frames come from, ``own`` one that its IPv6 address is made of, ``number`` its questions' (4 bytes)."""

    device: bytes
    own: bytes
    number: bytes

    @property
    def address(self):
        """The IPv6 address that it is answered at."""
        return frames.link_local(self.own)


def questions(client, families):
    """The frames by which a client looks for whoever gives addresses of some families (4 and 6)."""
    found = [frames.udp4(client.device, (CLIENT, SERVER), _discover(client))] if 4 in families else []
    if 6 in families:
        macs, mine = (frames.group_mac(ROUTERS), client.device), _option(SOURCE_MAC, client.device)
        found += [frames.icmpv6(macs, client.address, ROUTERS, ROUTER_SOLICITATION, bytes(4) + mine),
                  frames.udp6(client.device, client.address, SERVERS6, (CLIENT6, SERVER6), _solicit(client))]
    return found


def solicitation(mac):
    """The frame by which somebody who has no address to tell asks routers to advertise themselves."""
    return frames.icmpv6((frames.group_mac(ROUTERS), mac), bytes(16), ROUTERS, ROUTER_SOLICITATION, bytes(4))


def _discover(client):
    head = struct.pack("!BBBB4sHH16x6s10x192x", 1, ETHERNET, 6, 0, client.number, 0, BROADCAST, MAC)
    options = bytes([KIND, 1, DISCOVER, ASKED, len(PARAMETERS)]) + PARAMETERS + bytes([END])
    return (head + COOKIE + options).ljust(LEAST, b"\0")


def _solicit(client):
    options = ((CLIENT_ID, DUID), (IA_NA, IAID + bytes(8)), (ELAPSED, bytes(2)), (ORO, struct.pack("!H", NAME_SERVERS)))
    return bytes([SOLICIT]) + client.number[1:] + b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)


def _option(code, mac):
    """An option of neighbour discovery that tells a MAC address."""
    return bytes([code, 1]) + mac


def neighbour(frame, client):
    """The answer to a frame that looks for the client's device, or None where the frame does not: else nobody could answer by IPv6."""
    packet = frames.opened(frame)
    if packet is None or (packet.protocol, packet.port, packet.hops) != (frames.ICMPV6, NEIGHBOUR_SOLICITATION, 255):
        return None
    if packet.body[4:20] != client.address or not any(packet.source):
        return None
    body = struct.pack("!I", SOLICITED | OVERRIDE) + client.address + _option(TARGET_MAC, client.device)
    return frames.icmpv6((packet.mac, client.device), client.address, packet.source, NEIGHBOUR, body)


def offer(frame, client, families):
    """The Offer in a frame, or None where it is no answer to the client's questions of these families."""
    packet = frames.opened(frame)
    reader = READERS.get((packet.protocol, packet.port, len(packet.source))) if packet is not None else None
    return reader[1](packet, client) if reader is not None and reader[0] in families else None


def _offered(packet, client):
    body = packet.body
    if len(body) < 240 or body[0] != REPLY or body[4:8] != client.number or body[28:34] != MAC or body[236:240] != COOKIE:
        return None
    options = options4(body[240:])
    if options is None or options.get(KIND) != bytes([OFFER]) or not any(body[16:20]):
        return None
    server = options.get(IDENTITY, b"")
    return Offer("DHCP", written(server if len(server) == 4 else packet.source), frames.text(packet.mac), (written(body[16:20]),))


def options4(data):
    """{code: value} of DHCP's options, or None where they are cut short."""
    found, place = {}, 0
    while place < len(data) and data[place] != END:
        if data[place] == PAD:
            place += 1
            continue
        value = data[place + 2:place + 2 + data[place + 1]] if place + 1 < len(data) else None
        if value is None or len(value) < data[place + 1]:
            return None
        found[data[place]] = found.get(data[place], b"") + value
        place += 2 + len(value)
    return found


def _advertised(packet, client):
    """Who has no address to give is no server that a client would take."""
    options = options6(packet.body[4:])
    if packet.body[:4] != bytes([ADVERTISE]) + client.number[1:] or options is None or (CLIENT_ID, DUID) not in options:
        return None
    bound = [options6(value[12:]) or () for code, value in options if code == IA_NA and value[:4] == IAID]
    given = tuple(written(value[:16]) for inner in bound for code, value in inner if code == ADDRESS and len(value) >= 24)
    return Offer("DHCPv6", written(packet.source), frames.text(packet.mac), given[:1]) if given else None


def options6(data):
    """[(code, value)] of DHCPv6's options, or None where they are cut short."""
    found, place = [], 0
    while place < len(data):
        code, size = int.from_bytes(data[place:place + 2], "big"), int.from_bytes(data[place + 2:place + 4], "big")
        value = data[place + 4:place + 4 + size]
        if place + 4 + size > len(data):
            return None
        found.append((code, value))
        place += 4 + size
    return found


def _routed(packet, client):
    """A router sends the same to all; one that is no way out and advertises no prefix gives nobody anything."""
    if packet.hops != 255 or len(packet.body) < 12 or packet.source[:2] != client.address[:2]:
        return None
    prefixes, rest = [], packet.body[12:]
    while rest:
        size = rest[1] * 8 if len(rest) > 1 else 0
        if not 0 < size <= len(rest):
            return None
        if rest[0] == PREFIX and size == 32 and rest[2] <= 128:
            prefixes.append(str(ipaddress.ip_network((rest[16:32], rest[2]), strict=False)))
        rest = rest[size:]
    way = int.from_bytes(packet.body[2:4], "big") > 0
    given = tuple(dict.fromkeys(prefixes))[:4] or (("a default route",) if way else ())
    return Offer("router", written(packet.source), frames.text(packet.mac), given) if given else None


def written(address):
    """An address as people write it."""
    return str(ipaddress.ip_address(address))


#: (protocol, port, length of an address): (family, who reads it)
READERS = {(frames.UDP, CLIENT, 4): (4, _offered), (frames.UDP, CLIENT6, 16): (6, _advertised), (frames.ICMPV6, ROUTER, 16): (6, _routed)}
