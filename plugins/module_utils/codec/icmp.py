# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echoes of ICMP, and its messages about packets that did not get through. Source: RFC 792, 4443, 1191 and 4884.

Messages are those that a raw socket hands out: of IPv4 with the header of IP, of IPv6 without.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple, Optional

from . import frames

ICMP, ICMPV6, TCP, UDP = 1, 58, 6, 17
#: echoes, by the version of IP: types of the question and of the answer
ECHO = {4: (8, 0), 6: (128, 129)}
#: what a message says, by the version of IP, the type and the code: a word, and whether it means that somebody does not want the packet
EXCEEDED, TOO_BIG = "time exceeded", "too big"
SAYS = {
    4: {(3, 0): "net unreachable", (3, 1): "host unreachable", (3, 2): "protocol unreachable", (3, 3): "port unreachable", (3, 4): TOO_BIG,
        (3, 9): "net prohibited", (3, 10): "host prohibited", (3, 13): "administratively prohibited", (11, 0): EXCEEDED},
    6: {(1, 0): "no route", (1, 1): "administratively prohibited", (1, 2): "beyond scope", (1, 3): "address unreachable", (1, 4): "port unreachable",
        (1, 5): "source address prohibited", (1, 6): "reject route", (2, 0): TOO_BIG, (3, 0): EXCEEDED},
}


class Complaint(NamedTuple):
    """A message about a packet: what it says, the MTU of the way on where it is TOO_BIG, and the packet's protocol, target and first eight bytes."""

    says: str
    mtu: Optional[int]
    protocol: int
    target: str
    head: bytes

    @property
    def ports(self):
        """(port of source, of destination) of a packet that has some."""
        return struct.unpack("!HH", self.head[:4])

    @property
    def echo(self):
        """(number, sequence) of an echo."""
        return struct.unpack("!HH", self.head[4:8])


def echo(version, number, sequence, size):
    """An echo of so many bytes, with its own header. Of IPv6 the kernel writes the checksum."""
    head, body = struct.pack("!BBHHH", ECHO[version][0], 0, 0, number, sequence), bytes(max(0, size - 8))
    return head + body if version == 6 else head[:2] + struct.pack("!H", frames.checksum(head + body)) + head[4:] + body


def echoed(version, data):
    """(number, sequence) of an answer to an echo, or None."""
    body = _body(version, data)
    return struct.unpack("!HH", body[4:8]) if len(body) >= 8 and body[0] == ECHO[version][1] else None


def complaint(version, data):
    """The Complaint in a message, or None."""
    body = _body(version, data)
    if len(body) < 8:
        return None
    says = SAYS[version].get((body[0], body[1])) or ("unreachable" if body[0] == {4: 3, 6: 1}[version] else None)
    inner = body[8:]
    if says is None or len(inner) < (28 if version == 4 else 48) or inner[0] >> 4 != version:
        return None
    mtu = int.from_bytes(body[6:8] if version == 4 else body[4:8], "big") or None if says == TOO_BIG else None
    if version == 4:
        size = (inner[0] & 15) * 4
        return Complaint(says, mtu, inner[9], socket.inet_ntop(socket.AF_INET, inner[16:20]), inner[size:size + 8]) if len(inner) >= size + 8 else None
    return Complaint(says, mtu, inner[6], socket.inet_ntop(socket.AF_INET6, inner[24:40]), inner[40:48])


def _body(version, data):
    return data[(data[0] & 15) * 4:] if version == 4 and data else data
