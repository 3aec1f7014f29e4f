# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echoes, what is said of packets that did not get through, and what a frame is to a person."""

from __future__ import annotations

import ipaddress
import random
import struct

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import dhcp, frames, icmp, sight

MAC, GROUP = bytes.fromhex("525400000099"), bytes.fromhex("525400aabbcc")
FROM, TO = (ipaddress.ip_address(each).packed for each in ("192.0.2.1", "203.0.113.1"))
FROM6, TO6 = (ipaddress.ip_address(each).packed for each in ("fd80::1", "2001:db8::1"))


def packet(protocol, payload, part=0):
    """An IPv4 packet."""
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, part, 64, protocol, 0, FROM, TO) + payload


def packet6(protocol, payload):
    """An IPv6 packet."""
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + FROM6 + TO6 + payload


def frame(kind, payload):
    """A frame."""
    return GROUP + MAC + struct.pack("!H", kind) + payload


def test_echoes():
    """A checksum where the kernel writes none, and the answer's number and sequence."""
    sent = icmp.echo(4, 0x1234, 7, 64)
    assert len(sent) == 64 and frames.checksum(sent) == 0 and sent[:2] == b"\x08\0" and icmp.echo(6, 1, 2, 8) == b"\x80\0\0\0\0\1\0\2"
    assert icmp.echoed(4, packet(1, b"\0\0\0\0\x12\x34\0\7")) == (0x1234, 7) and icmp.echoed(6, b"\x81\0\0\0\0\1\0\2") == (1, 2)
    assert icmp.echoed(4, packet(1, sent)) is None and icmp.echoed(6, b"\x81\0") is None and icmp.echoed(4, b"") is None


@pytest.mark.parametrize(("version", "kind", "code", "rest", "says", "mtu"), [
    (4, 3, 13, bytes(4), "administratively prohibited", None), (4, 3, 3, bytes(4), "port unreachable", None), (4, 11, 0, bytes(4), icmp.EXCEEDED, None),
    (4, 3, 4, b"\0\0\x05\x78", icmp.TOO_BIG, 1400), (4, 3, 4, bytes(4), icmp.TOO_BIG, None), (4, 3, 14, bytes(4), "unreachable", None),
    (6, 1, 1, bytes(4), "administratively prohibited", None), (6, 2, 0, b"\0\0\x05\x78", icmp.TOO_BIG, 1400), (6, 3, 0, bytes(4), icmp.EXCEEDED, None),
])
def test_complaints(version, kind, code, rest, says, mtu):
    """Whom they are about, and what they say."""
    inner = struct.pack("!HHHH", 4000, 80, 8, 0)
    message = struct.pack("!BBH", kind, code, 0) + rest + (packet(17, inner) if version == 4 else packet6(17, inner))
    found = icmp.complaint(version, packet(1, message) if version == 4 else message)
    assert found == icmp.Complaint(says, mtu, 17, "203.0.113.1" if version == 4 else "2001:db8::1", inner) and found.ports == (4000, 80)
    assert found.echo == (8, 0)
    whole = packet(1, message) if version == 4 else message
    assert {icmp.complaint(version, whole[:size]) for size in range(len(whole))} == {None}


def ask_for(protocol, source, target, to, says):
    """A Sighting of a frame from MAC without a VLAN and a port."""
    return (protocol,), source, target, "52:54:00:00:00:99", to, None, None, says


def test_what_frames_are():
    """The closest word last, whom they are from and for, and what they say."""
    ask = frame(0x0806, bytes.fromhex("0001080006040001") + MAC + FROM + bytes(6) + TO)
    assert sight.seen(ask) == (("arp",), "192.0.2.1", "203.0.113.1", "52:54:00:00:00:99", "52:54:00:aa:bb:cc", None, None, "asks who has 203.0.113.1")
    assert sight.seen(frames.arp(MAC, TO)) == ask_for("arp", "0.0.0.0", "203.0.113.1", "ff:ff:ff:ff:ff:ff", "asks who has 203.0.113.1")
    assert sight.seen(dhcp.solicitation(MAC))[1:] == ("::", "ff02::2", "52:54:00:00:00:99", "33:33:00:00:00:02", None, None, "type 133 code 0")
    assert sight.seen(frames.doubt(MAC, TO6))[1:5] == ("::", "ff02::1:ff00:1", "52:54:00:00:00:99", "33:33:ff:00:00:01")
    assert sight.seen(frame(0x8100, b"\0\x0a\x08\0" + packet(6, struct.pack("!HH", 4000, 80) + bytes(16))))[4:] == ("52:54:00:aa:bb:cc", 10, 80, "")
    assert sight.seen(frame(0x0800, packet(17, struct.pack("!HHHH", 1, 53, 8, 0))), 7)[5:] == (7, 53, "")
    offer = struct.pack("!HHHH", 67, 68, 300, 0) + bytes(16) + TO + bytes(216) + b"\x63\x82\x53\x63\x35\1\2\xff"
    seen = sight.seen(frame(0x0800, packet(17, offer)))
    assert seen.protocols == ("ipv4", "udp", "dhcp") and seen.says == "OFFER of 203.0.113.1" and seen.port == 68
    assert sight.seen(frame(0x0800, packet(17, struct.pack("!HHHH", 67, 68, 8, 0)))).says == ""
    assert sight.seen(frame(0x86DD, packet6(17, struct.pack("!HHHH", 547, 546, 8, 0) + b"\2")))[0::7] == (("ipv6", "udp", "dhcpv6"), "ADVERTISE")
    assert sight.seen(frame(0x86DD, packet6(0, b"\x3a\0" + bytes(6) + b"\x8f\0")))[0::7] == (("ipv6", "icmpv6"), "type 143 code 0")
    assert sight.seen(frame(0x0800, packet(47, b"")))[0::7] == (("ipv4", "other"), "protocol 47")
    assert sight.seen(frame(0x0800, packet(6, bytes(20), 1))).port is None
    assert sight.seen(frame(38, b"\x42\x42\x03" + bytes(35))).protocols == ("stp",)
    assert sight.seen(frame(0x88CC, b"")).says == "ethertype 0x88cc" and sight.seen(frame(3, b"\xaa")).says == "a frame of LLC" and sight.seen(b"x") is None


def test_what_a_router_says():
    """Its prefixes and servers, and whether it has a server of DHCPv6."""
    prefix = bytes([3, 4, 64, 0x80]) + bytes(12) + ipaddress.ip_address("fd80::").packed
    options = prefix + bytes([5, 1, 0, 0]) + struct.pack("!I", 1400) + bytes([25, 3]) + bytes(6) + FROM6
    told = frames.icmpv6((GROUP, MAC), ipaddress.ip_address("fe80::1").packed, TO6, 134, struct.pack("!BBHII", 64, 0xC0, 1800, 0, 0) + options)
    found = sight.advertisement(told)
    assert found == {"address": "fe80::1", "mac": "52:54:00:00:00:99", "lifetime": 1800, "managed": True, "other": True, "mtu": 1400,
                     "nameservers": ["fd80::1"], "prefixes": [{"prefix": "fd80::/64", "on_link": True, "autonomous": False}]}
    assert sight.seen(told).protocols == ("ipv6", "icmpv6", "router") and {sight.advertisement(told[:size]) for size in range(len(told))} == {None}


def test_whatever_comes_in_is_survived():
    """Anything in any place, and cut anywhere."""
    chance = random.Random(1)
    for whole in (frame(0x0800, packet(17, struct.pack("!HHHH", 67, 68, 300, 0) + bytes(260))), frame(0x86DD, packet6(58, b"\x86" + bytes(60)))):
        for broken in [bytearray(whole) for unused in range(3000)]:
            for place in chance.choices(range(len(whole)), k=chance.randint(1, 4)):
                broken[place] = chance.randrange(256)
            cut = bytes(broken[:chance.choice((len(whole), chance.randrange(len(whole))))])
            assert sight.seen(cut) is None or sight.advertisement(cut) is None or cut
