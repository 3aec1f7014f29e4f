# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nftables tells of packets that it traces: how it is asked to, what its messages say, and how a rule is found again in what nft(8) prints.

Source: nft(8), linux/netfilter/nf_tables.h (NFTA_TRACE_*) and linux/netlink.h.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple, Optional

from . import flow

#: before everybody else: conntrack's, which is first of what is usual, is at -200, and iptables' raw at -300
FIRST = -450
#: families of our tables, of which the last is the one that counts, and the hooks of each, in the order in which a packet comes by them
TRACING = ("bridge", "inet")
HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
#: families as messages have them
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
#: linux/netfilter/nf_tables.h
TRACE, MESSAGE = 17, 0x0A00
TABLE, CHAIN, HANDLE, TYPE, VERDICT, ID, NETWORK, TRANSPORT, POLICY = 1, 2, 3, 4, 5, 6, 8, 9, 16
KINDS = {1: "policy", 2: "return", 3: "rule"}
DROP, ACCEPT = 0, 1
VERDICTS = {DROP: "drop", ACCEPT: "accept", 3: "queue"}


class Event(NamedTuple):
    """What one rule, or a chain's policy, did to a packet. ``packet`` is a flow.Packet where the message has it, which the first of each hook does."""

    number: int
    kind: str
    family: str
    table: str
    chain: str
    handle: int
    verdict: str
    packet: Optional[flow.Packet]


def table(name, flows):
    """Lines that nft(8) reads one by one: a table for each family, which is gone with the process that reads them. ``flows`` are (protocol, target, port)."""
    lines = []
    for family in TRACING:
        lines += [f"add table {family} {name} {{ flags owner; }}", f"add chain {family} {name} flows"]
        for protocol, target, port in sorted(set(flows)):
            lines += [f"add rule {family} {name} flows {words} meta nftrace set 1" for words in _words(protocol, target, port)]
        for hook in HOOKS:
            lines.append(f"add chain {family} {name} {hook} {{ type filter hook {hook} priority {FIRST}; }}")
            lines.append(f"add rule {family} {name} {hook} jump flows")
    return "".join(f"{line}\n" for line in lines)


def _words(protocol, target, port):
    """What is matched, one way and the other. Of a connection its first packets are."""
    ip = "ip6" if ":" in target else "ip"
    if protocol == "icmp":
        echo = "icmpv6" if ip == "ip6" else "icmp"
        return [f"{ip} {side} {target} {echo} type {kind}" for side, kind in (("daddr", "echo-request"), ("saddr", "echo-reply"))]
    first = " tcp flags & (syn | rst) != 0x0" if protocol == "tcp" else ""
    return [f"{ip} {side} {target} {protocol} {way} {port}{first}" for side, way in (("daddr", "dport"), ("saddr", "sport"))]


def events(data):
    """The Events in what a socket of netlink has received."""
    found = []
    while len(data) >= 20:
        size, kind = struct.unpack("=IH", data[:6])
        if size < 20 or size > len(data):
            break
        if kind == MESSAGE | TRACE:
            found.append(_event(FAMILIES.get(data[16], str(data[16])), dict(_attributes(data[20:size]))))
        data = data[(size + 3) & ~3:]
    return found


class Traced(NamedTuple):
    """What became of a packet: the hooks that it came by, as our own table tells, the rules (Events) that accepted it, and who dropped it, or None."""

    packet: flow.Packet
    hooks: tuple
    accepted: tuple
    dropped: Optional[Event]


def packets(found, own):
    """Traced packets by Events, in the order in which they came; one that a translation changes is another from then on. ``own`` is the name of our table."""
    result, running = [], {}
    for event in found:
        if event.packet is not None and (event.number not in running or running[event.number][0] != event.packet):
            running[event.number] = (event.packet, [])
            result.append(running[event.number])
        if event.number in running and event.kind:
            running[event.number][1].append(event._replace(number=0, packet=None))
    return [_traced(packet, events, own) for packet, events in result]


def _traced(packet, events, own):
    others = [each for each in events if each.table != own]
    return Traced(
        packet,
        tuple(dict.fromkeys(f"{each.family} {each.chain}" for each in events if each.table == own and each.chain in HOOKS)),
        tuple(dict.fromkeys(each for each in others if each.kind == "rule" and each.verdict == "accept")),
        next((each for each in others if each.verdict == "drop"), None),
    )


def _event(family, found):
    kind = KINDS.get(_number(found.get(TYPE)), "")
    code = _number(found[POLICY]) if kind == "policy" and POLICY in found else _code(found.get(VERDICT, b""))
    head, body = found.get(NETWORK), found.get(TRANSPORT)
    return Event(
        _number(found.get(ID)), kind, family, _text(found.get(TABLE)), _text(found.get(CHAIN)), _number(found.get(HANDLE)), VERDICTS.get(code, ""),
        flow.packet(head, body) if head and body else None,
    )


def _attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        if not 4 <= size <= len(data):
            return
        yield kind & 0x3FFF, data[4:size]
        data = data[(size + 3) & ~3:]


def _code(data):
    """The number of a verdict; -1 for what is none."""
    return struct.unpack("!i", dict(_attributes(data)).get(1, b"\xff\xff\xff\xff"))[0]


def _number(data):
    return int.from_bytes(data or b"", "big")


def _text(data):
    return (data or b"").rstrip(b"\0").decode("utf-8", "replace")


def rule(listing, handle):
    """The text of the rule with a handle in what ``nft -a list chain`` prints, or ''. One with a long set is on several lines."""
    text = ""
    for line in listing.splitlines():
        text = f"{text} {line.strip()}".strip()
        body, mark, number = text.rpartition(" # handle ")
        if mark:
            if number.split()[0] == str(handle) and not body.startswith(("chain ", "table ")):
                return re.sub(r"\s+", " ", body)
            text = ""
        elif text.endswith(("{", ";", "}")):
            text = text if text.endswith("{") and not text.startswith(("chain ", "table ")) else ""
    return ""
