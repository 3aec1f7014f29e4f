# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of DHCP and DHCPv6 that takes a lease, and gives it back. Source: RFC 2131, 2132, 3442 and 8415.

What comes in may be anything: what is not an answer to the client, or is cut short, is none.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple, Optional

from . import dhcp, frames

#: kinds of messages of DHCP, and its options
DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE = 1, 2, 3, 5, 6, 7
NETMASK, ROUTERS, SERVERS, DOMAIN, MTU, WISH, TIME, MESSAGE, ROUTES = 1, 3, 6, 15, 26, 50, 51, 56, 121
ASKED = bytes([NETMASK, ROUTERS, SERVERS, DOMAIN, MTU, TIME, dhcp.IDENTITY, ROUTES])
#: of DHCPv6
SOLICIT, ADVERTISE, REQUEST6, REPLY, RELEASE6 = 1, 2, 3, 7, 8
STATUS, SERVERS6, DOMAINS6 = 13, 23, 24
ASKED6 = struct.pack("!HH", SERVERS6, DOMAINS6)


class Answer(NamedTuple):
    """What a server of either family answers. ``kind`` is that of the message, ``address`` has its prefix, ``identity`` is the server's own word for itself.

    ``routers`` are pairs of a subnet and a router. ``seconds`` is None of a lease that does not end. ``says`` is why there is no address.
    """

    kind: int
    address: str
    server: str
    identity: bytes
    mac: bytes
    seconds: Optional[int]
    nameservers: tuple = ()
    domain: str = ""
    mtu: Optional[int] = None
    routers: tuple = ()
    says: str = ""


def ask(mac, number, answer=None):
    """The frame that looks for a server of DHCP, or asks for what one has offered (an Answer)."""
    options = [(dhcp.ASKED, ASKED)]
    if answer is not None:
        options += [(WISH, _address(answer).packed), (dhcp.IDENTITY, answer.identity)]
    return frames.udp4(mac, (dhcp.CLIENT, dhcp.SERVER), _message(mac, number, DISCOVER if answer is None else REQUEST, options))


def release(mac, number, answer):
    """The frame that gives a lease back, to where it came from."""
    own, server = _address(answer).packed, ipaddress.ip_address(answer.server).packed
    body = _message(mac, number, RELEASE, [(dhcp.IDENTITY, answer.identity)], own)
    return frames.udp4(mac, (dhcp.CLIENT, dhcp.SERVER), body, (answer.mac, server), own)


def _message(mac, number, kind, options, own=bytes(4)):
    broadcast = dhcp.BROADCAST if own == bytes(4) else 0
    head = struct.pack("!BBBB4sHH4s12x6s10x192x", 1, dhcp.ETHERNET, 6, 0, number, 0, broadcast, own, mac)
    words = b"".join(bytes([code, len(value)]) + value for code, value in [(dhcp.KIND, bytes([kind])), *options])
    return (head + dhcp.COOKIE + words + bytes([dhcp.END])).ljust(dhcp.LEAST, b"\0")


def _address(answer):
    return ipaddress.ip_interface(answer.address).ip


def answered(frame, mac, number):
    """The Answer in a frame, or None."""
    packet = frames.opened(frame)
    if packet is None or (packet.protocol, packet.port, len(packet.source)) != (frames.UDP, dhcp.CLIENT, 4):
        return None
    body = packet.body
    if len(body) < 240 or body[0] != dhcp.REPLY or body[4:8] != number or body[28:34] != mac or body[236:240] != dhcp.COOKIE:
        return None
    found = dhcp.options4(body[240:])
    kind = found.get(dhcp.KIND, b"") if found else b""
    if kind not in (bytes([OFFER]), bytes([ACK]), bytes([NAK])) or kind[0] != NAK and not any(body[16:20]):
        return None
    identity = found.get(dhcp.IDENTITY, b"")
    identity = identity if len(identity) == 4 else packet.source
    seconds = int.from_bytes(found[TIME], "big") if len(found.get(TIME, b"")) == 4 else None
    mtu = int.from_bytes(found.get(MTU, b""), "big") or None
    return Answer(
        kind[0], f"{dhcp.written(body[16:20])}/{_prefix(found.get(NETMASK))}", dhcp.written(identity), identity, packet.mac,
        None if seconds == 0xFFFFFFFF else seconds, _addresses(found.get(SERVERS, b"")), _text(found.get(DOMAIN, b"")), mtu, _routers(found),
        _text(found.get(MESSAGE, b"")),
    )


def _prefix(mask):
    """The length of a netmask; that of one address where it is none."""
    return bin(int.from_bytes(mask, "big")).count("1") if mask and len(mask) == 4 else 32


def _addresses(value, size=4):
    return tuple(dhcp.written(value[place:place + size]) for place in range(0, len(value) - size + 1, size))


def _text(value):
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _routers(found):
    """Who is told routes without classes passes over the routers that are told beside these."""
    if ROUTES not in found:
        return tuple(("default", each) for each in _addresses(found.get(ROUTERS, b""))[:1])
    told, rest = [], found[ROUTES]
    while rest and rest[0] <= 32:
        size = (rest[0] + 7) // 8
        subnet, router = rest[1:1 + size], rest[1 + size:5 + size]
        if len(router) < 4:
            break
        network = ipaddress.ip_network((subnet.ljust(4, b"\0"), rest[0]), strict=False)
        told.append(("default" if rest[0] == 0 else str(network), dhcp.written(router)))
        rest = rest[5 + size:]
    return tuple(told)


def duid(mac):
    """The identity of a client of DHCPv6."""
    return struct.pack("!HH", dhcp.DUID_LL, dhcp.ETHERNET) + mac


def ask6(mac, number, answer=None, kind=None):
    """The message that looks for a server of DHCPv6, asks for what one has offered (an Answer), or with RELEASE6 gives it back. ``number`` has three bytes."""
    bound = b"" if answer is None else _option(dhcp.ADDRESS, _address(answer).packed + bytes(8))
    options = [(dhcp.CLIENT_ID, duid(mac)), (dhcp.IA_NA, mac[2:] + bytes(8) + bound), (dhcp.ELAPSED, bytes(2)), (dhcp.ORO, ASKED6)]
    options += [] if answer is None else [(dhcp.SERVER_ID, answer.identity)]
    return bytes([kind or (SOLICIT if answer is None else REQUEST6)]) + number + b"".join(_option(*each) for each in options)


def _option(code, value):
    return struct.pack("!HH", code, len(value)) + value


def answered6(data, server, mac, number):
    """The Answer in a message from a server's address, or None."""
    found = dict(dhcp.options6(data[4:]) or ())
    if data[:1] not in (bytes([ADVERTISE]), bytes([REPLY])) or data[1:4] != number or found.get(dhcp.CLIENT_ID) != duid(mac) or dhcp.SERVER_ID not in found:
        return None
    bound = found.get(dhcp.IA_NA, b"")
    inner = dict(dhcp.options6(bound[12:]) or ()) if bound[:4] == mac[2:] else {}
    given = inner.get(dhcp.ADDRESS, b"")
    address = f"{dhcp.written(given[:16])}/128" if len(given) >= 24 else ""
    seconds = int.from_bytes(given[20:24], "big") if address else None
    status = inner.get(STATUS) or found.get(STATUS) or b"\0\0"
    says = _text(status[2:]) or f"status {int.from_bytes(status[:2], 'big')}" if status[:2] != b"\0\0" else ""
    return Answer(data[0], address, server, found[dhcp.SERVER_ID], b"", None if seconds == 0xFFFFFFFF else seconds,
                  _addresses(found.get(SERVERS6, b""), 16), _domain(found.get(DOMAINS6, b"")), says=says)


def _domain(value):
    """The first of the names in a list."""
    labels = []
    while value and value[0]:
        labels.append(value[1:1 + value[0]].decode("ascii", "replace"))
        value = value[1 + value[0]:]
    return ".".join(labels)
