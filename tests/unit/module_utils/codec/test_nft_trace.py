# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nftables tells of packets that it traces, read from netlink's bytes, and which rule it was."""

from __future__ import annotations

import struct

from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_trace
from ansible_collections.virtlab.network.plugins.module_utils.codec.flow import Packet

#: a segment of TCP from 198.51.100.11 to port 81 of 198.51.100.1, as a kernel told of it
HEAD, BODY = bytes.fromhex("4500003c08d040004006dd78c633640bc6336401"), bytes.fromhex("87f40051c1bf08ba00000000a002faf054a20000")
PACKET = Packet("tcp", "198.51.100.11", 34804, "198.51.100.1", 81, "c1bf08ba")
LISTING = """\
table inet mine {
    chain forward { # handle 1
        type filter hook forward priority filter; policy drop;
        ct state established accept # handle 4
        ip saddr { 192.0.2.1, 192.0.2.2,
           192.0.2.3 } tcp dport 81 counter drop comment "no # handle 7" # handle 5
        jump other # handle 6
    }
}
"""


def attribute(kind, data):
    """An attribute of netlink, filled up."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(number, kind, table, chain, verdict=-1, handle=0, packet=False, family=1, policy=None):
    """One message of a trace."""
    body = struct.pack("BBH", family, 0, 0)
    body += attribute(nft_trace.ID, struct.pack("!I", number)) + attribute(nft_trace.TYPE, struct.pack("!I", kind))
    body += attribute(nft_trace.TABLE, table.encode() + b"\0") + attribute(nft_trace.CHAIN, chain.encode() + b"\0")
    body += attribute(nft_trace.HANDLE, struct.pack("!Q", handle)) if handle else b""
    body += attribute(nft_trace.VERDICT | 0x8000, attribute(1, struct.pack("!i", verdict)))
    body += attribute(nft_trace.POLICY, struct.pack("!I", policy)) if policy is not None else b""
    body += attribute(nft_trace.NETWORK, HEAD) + attribute(nft_trace.TRANSPORT, BODY) if packet else b""
    return struct.pack("=IHHII", 16 + len(body), 0x0A00 | nft_trace.TRACE, 0, 0, 0) + body


def test_a_packet_that_a_rule_drops():
    """By which hooks it came, which rules accepted it, and which dropped it; another's messages are told apart by its number."""
    data = b"".join([
        message(7, 3, "ours", "flows", handle=2, packet=True), message(7, 1, "ours", "prerouting", policy=1), message(8, 3, "ours", "flows", handle=2),
        message(7, 3, "ours", "forward", handle=3), message(7, 3, "filter", "FORWARD", verdict=1, handle=9, family=2),
        message(7, 3, "mine", "forward", verdict=0, handle=5),
    ])
    traced, = nft_trace.packets(nft_trace.events(data), "ours")
    assert traced.packet == PACKET and traced.hooks == ("inet prerouting", "inet forward")
    assert [(each.family, each.table, each.handle) for each in traced.accepted] == [("ip", "filter", 9)]
    assert (traced.dropped.family, traced.dropped.table, traced.dropped.chain, traced.dropped.handle) == ("inet", "mine", "forward", 5)


def test_a_packet_that_a_policy_drops():
    """Of a chain that no rule of is about it; and one that nobody drops."""
    dropped, = nft_trace.packets(nft_trace.events(message(1, 1, "mine", "forward", policy=0, packet=True)), "ours")
    assert (dropped.dropped.kind, dropped.dropped.verdict) == ("policy", "drop")
    passed, = nft_trace.packets(nft_trace.events(message(1, 1, "mine", "forward", policy=1, packet=True)), "ours")
    assert passed.dropped is None and passed.accepted == ()


def test_what_cannot_be_read():
    """Other messages, and such as are cut short, are passed over."""
    whole = message(7, 3, "ours", "flows", packet=True)
    for size in range(len(whole)):
        assert nft_trace.events(whole[:size]) == []
    assert nft_trace.events(struct.pack("=IHHII", 20, 0x0A01, 0, 0, 0) + bytes(4)) == []


def test_a_rule_is_found_by_its_handle():
    """Also one on several lines, or with a handle in its comment."""
    assert nft_trace.rule(LISTING, 4) == "ct state established accept" and nft_trace.rule(LISTING, 6) == "jump other"
    assert nft_trace.rule(LISTING, 5) == 'ip saddr { 192.0.2.1, 192.0.2.2, 192.0.2.3 } tcp dport 81 counter drop comment "no # handle 7"'
    assert nft_trace.rule(LISTING, 1) == nft_trace.rule(LISTING, 7) == nft_trace.rule("", 4) == ""


def test_a_table_that_traces():
    """Narrow rules, both ways; a chain at each hook in front of all others; and an owner, with whom it goes."""
    lines = nft_trace.table("ours", [("tcp", "192.0.2.1", 80), ("icmp", "fd00::1", 0), ("tcp", "192.0.2.1", 80)]).splitlines()
    assert "add table inet ours { flags owner; }" in lines and "add table bridge ours { flags owner; }" in lines
    rules = [line for line in lines if line.startswith("add rule inet ours flows")]
    assert rules == [
        "add rule inet ours flows ip6 daddr fd00::1 icmpv6 type echo-request meta nftrace set 1",
        "add rule inet ours flows ip6 saddr fd00::1 icmpv6 type echo-reply meta nftrace set 1",
        "add rule inet ours flows ip daddr 192.0.2.1 tcp dport 80 tcp flags & (syn | rst) != 0x0 meta nftrace set 1",
        "add rule inet ours flows ip saddr 192.0.2.1 tcp sport 80 tcp flags & (syn | rst) != 0x0 meta nftrace set 1",
    ]
    assert lines[-1] == "add rule inet ours postrouting jump flows" and len(lines) == 2 * (2 + 4 + 2 * 5)
