# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets on their way: what tells one from another, before and after a translation, and which of them a socket lets pass."""

from __future__ import annotations

import ipaddress
import random
import struct

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import flow
from ansible_collections.virtlab.network.plugins.module_utils.codec.flow import Packet

FROM, TO, ROUTER = "192.0.2.1", "203.0.113.1", "198.51.100.9"
FROM6, TO6 = "fd80::1", "2001:db8::1"


def frame(protocol, body, source=FROM, target=TO, part=0):
    """A frame of either version of IP."""
    one, other = (ipaddress.ip_address(each).packed for each in (source, target))
    if ":" in source:
        return bytes(12) + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + one + other + body
    return bytes(12) + b"\x08\0" + struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, part, 64, protocol, 0, one, other) + body


def tcp(sport, port, number, flags, **more):
    """A segment without data."""
    return frame(6, struct.pack("!HHIIBBHHH", sport, port, number, 0, 0x50, flags, 0, 0, 0), **more)


def udp(sport, port, body, **more):
    """A datagram."""
    return frame(17, struct.pack("!HHHH", sport, port, 8 + len(body), 0) + body, **more)


ARP = bytes(12) + bytes.fromhex("0806000108000604000100") + bytes(5) + ipaddress.ip_address(FROM).packed + bytes(6) + ipaddress.ip_address(TO).packed
SIX = {"source": FROM6, "target": TO6}
FRAMES = [
    (tcp(4000, 80, 0x01020304, 2), Packet("tcp", FROM, 4000, TO, 80, "01020304", "")),
    (tcp(4000, 80, 0x01020304, 2, **SIX), Packet("tcp", FROM6, 4000, TO6, 80, "01020304", "")),
    (tcp(80, 4000, 9, 18), Packet("tcp", FROM, 80, TO, 4000, "00000009", "answers")),
    (tcp(80, 4000, 9, 20), Packet("tcp", FROM, 80, TO, 4000, "00000009", "resets")),
    (udp(4000, 53, b"abcdefghijklmnop"), Packet("udp", FROM, 4000, TO, 53, b"abcdefghijkl".hex(), "")),
    (udp(4000, 53, b"", **SIX), Packet("udp", FROM6, 4000, TO6, 53, "", "")),
    (frame(1, b"\x08\0\0\0\1\2\0\3"), Packet("icmp", FROM, 0, TO, 0, "01020003", "")),
    (frame(1, b"\0\0\0\0\1\2\0\3"), Packet("icmp", FROM, 0, TO, 0, "01020003", "answers")),
    (frame(58, b"\x81\0\0\0\1\2\0\3", **SIX), Packet("icmp", FROM6, 0, TO6, 0, "01020003", "answers")),
    (ARP, Packet("arp", FROM, 0, TO, 0, "", "asks")),
    (frame(58, b"\x87\0\0\0" + bytes(4) + ipaddress.ip_address("fd80::9").packed, **SIX), Packet("arp", FROM6, 0, "fd80::9", 0, "", "asks")),
    (frame(58, b"\x88\0\0\0" + bytes(4) + ipaddress.ip_address("fd80::9").packed, **SIX), Packet("arp", "fd80::9", 0, TO6, 0, "", "tells")),
]
#: what is no packet that is watched
OTHERS = [tcp(4000, 80, 1, 16), frame(47, bytes(20)), frame(58, b"\x86\0\0\0" + bytes(12), **SIX), udp(1, 53, b"rest", part=9), bytes(14), b""]


@pytest.mark.parametrize(("given", "packet"), FRAMES)
def test_frames(given, packet):
    """Of either version of IP, and who looks for whom."""
    assert flow.framed(given) == packet and passes(flow.watching([53]), given)


def test_others():
    """What goes on with a connection is told apart, and the rest is nothing; nobody stumbles over what is cut short."""
    assert flow.framed(OTHERS[0]).says == "goes on" and [flow.framed(each) for each in OTHERS[1:]] == [None] * (len(OTHERS) - 1)
    assert [passes(flow.watching([53]), each) for each in OTHERS[:4]] == [False, False, True, False]
    dice = random.Random(7)
    for given in [each for each, unused in FRAMES]:
        for size in range(len(given)):
            flow.framed(given[:size])
            flow.framed(given[:14] + dice.randbytes(size))


def test_a_filter_knows_ports_while_they_are_few():
    """Of UDP, on either side."""
    few, many = flow.watching([53, 99]), flow.watching(list(range(1, 200)))
    told = [udp(4000, 53, b""), udp(99, 4000, b""), udp(4000, 54, b"")]
    assert [passes(few, each) for each in told] == [True, True, False] and all(passes(many, each) for each in told)
    assert all(0 <= jump < 256 for each in few + many for jump in each[1:3])


def passes(program, data):
    """What the kernel does with a filter (bpf(4)): true where the frame passes. A load beyond the frame's end is a no."""
    at, first, second = 0, 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        start = operand + (second if code in (flow.HALF_X, flow.BYTE_X) else 0)
        size = {flow.LOAD_HALF: 2, flow.HALF_X: 2, flow.LOAD_BYTE: 1, flow.BYTE_X: 1, flow.LOAD_X: 1}.get(code)
        if size and start + size > len(data):
            return False
        loaded = int.from_bytes(data[start:start + size], "big") if size else 0
        if code == flow.RETURN:
            return bool(operand)
        if code == flow.LOAD_X:
            second = (loaded & 15) * 4
        elif code == 0x01:
            second = operand
        elif size:
            first = loaded
        else:
            at += yes if (first == operand if code == flow.EQUAL else first & operand) else no


def test_what_belongs_together():
    """A packet before and after its source is translated, its answer on both sides; not what another sends to another."""
    asked, translated = Packet("tcp", FROM, 4000, TO, 80, "aa"), Packet("tcp", ROUTER, 5000, TO, 80, "aa")
    further = Packet("tcp", ROUTER, 5000, "10.0.0.9", 8080, "aa")
    back, answer = Packet("tcp", "10.0.0.9", 8080, ROUTER, 5000, "bb", "answers"), Packet("tcp", TO, 80, FROM, 4000, "bb", "answers")
    looking, foreign = Packet("arp", FROM, 0, TO, 0, "", "asks"), Packet("tcp", FROM, 4001, "192.0.2.7", 81, "cc")
    everything = {asked, translated, further, back, answer, looking, foreign}
    assert flow.meant(everything, [("tcp", TO, 80)]) == everything - {foreign} and flow.meant({foreign}, [("udp", "192.0.2.7", 81)]) == set()
