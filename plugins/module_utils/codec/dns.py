# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of DNS, and what name servers answer. Source: RFC 1035 and 3596.

What comes in may be anything: what does not answer the question, or is cut short, is none.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

#: types of records by name, and what an answer may say instead
A, NS, CNAME, PTR, AAAA = 1, 2, 5, 12, 28
INTERNET, RECURSE, ANSWER, TRUNCATED = 1, 0x0100, 0x8000, 0x0200
CODES = {0: "", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
POINTER = 0xC0
#: more pointers than a name has labels lead in a circle
MOST = 128


class Reply(NamedTuple):
    """What a server answers: a word that says why there is nothing ('' where there is no error), values, and whether they are cut short (ask by TCP then)."""

    code: str
    values: tuple
    truncated: bool


def type_of(name, family):
    """The type of record to ask for: the name of an address, or the addresses of a name."""
    return PTR if reverse(name) else {"ipv4": A, "ipv6": AAAA}[family]


def reverse(name):
    """The name under which the name of an address is looked up; '' for what is no address."""
    try:
        return ipaddress.ip_address(name).reverse_pointer
    except ValueError:
        return ""


def question(number, name, kind):
    """A question. Raises ValueError for what is no name."""
    return struct.pack("!HHHHHH", number, RECURSE, 1, 0, 0, 0) + _written(name) + struct.pack("!HH", kind, INTERNET)


def _written(name):
    labels = [label.encode("ascii" if label.isascii() else "idna") for label in (reverse(name) or name).rstrip(".").split(".")]
    if labels == [b""]:
        return b"\0"
    if any(not 0 < len(label) < 64 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise ValueError(f"{name} is no name of DNS: its labels must have 1 to 63 letters, and all of it 253")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def reply(data, asked):
    """The Reply in a message, or None where it is none to the question ``asked``."""
    try:
        return _reply(data, asked)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None


def _reply(data, asked):
    number, flags, questions, answers = struct.unpack("!HHHH", data[:8])
    name, place = _name(asked, 12)
    kind, = struct.unpack("!H", asked[place:place + 2])
    if number != int.from_bytes(asked[:2], "big") or not flags & ANSWER or questions != 1:
        return None
    told, place = _name(data, 12)
    if told != name or struct.unpack("!H", data[place:place + 2])[0] != kind:
        return None
    place, values, aliases = place + 4, [], {name}
    for unused in range(answers):
        owner, place = _name(data, place)
        found, *unused, size = struct.unpack("!HHIH", data[place:place + 10])
        place += 10
        if place + size > len(data):
            return None
        if owner in aliases and found == CNAME:
            aliases.add(_name(data, place)[0])
        elif owner in aliases and found == kind:
            values.append(_value(data, place, size, kind))
        place += size
    code = flags & 15
    return Reply(CODES.get(code, f"error {code}"), tuple(dict.fromkeys(filter(None, values))), bool(flags & TRUNCATED))


def _value(data, place, size, kind):
    if kind in (PTR, NS):
        return _name(data, place)[0]
    return str(ipaddress.ip_address(data[place:place + size])) if size == {A: 4, AAAA: 16}.get(kind) else ""


def _name(data, place):
    """(a name in lower case, the place behind it). Raises IndexError where it does not end."""
    labels, behind, jumps = [], None, 0
    while data[place]:
        if data[place] & POINTER == POINTER:
            behind = place + 2 if behind is None else behind
            place, jumps = int.from_bytes(data[place:place + 2], "big") & 0x3FFF, jumps + 1
            if jumps > MOST:
                raise IndexError(place)
            continue
        if data[place] & POINTER:
            raise IndexError(place)
        labels.append(data[place + 1:place + 1 + data[place]].decode("ascii").lower())
        place += 1 + data[place]
    return ".".join(labels), place + 1 if behind is None else behind
