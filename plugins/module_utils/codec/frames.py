# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ethernet frames of the few protocols by which a host gets its addresses. Source: RFC 791, 768, 826, 8200 and 4861.

Checksums of what comes in are not looked at: between devices of one host nobody computes them.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

IPV4, IPV6 = 0x0800, 0x86DD
UDP, ICMPV6 = 17, 58
BROADCAST = b"\xff" * 6
#: flags of IPv4's header, and the offset of a fragment: any of them but Don't Fragment is a part of something
PART = 0x3FFF


class Packet(NamedTuple):
    """What a frame carries: ``port`` is UDP's port of destination, or the type of an ICMPv6 message, and ``body`` all behind that header."""

    mac: bytes
    source: bytes
    protocol: int
    port: int
    hops: int
    body: bytes


def text(mac):
    """A MAC address as people write it."""
    return mac.hex(":")


def link_local(mac):
    """The IPv6 address that a device with this MAC address gives itself (RFC 4291)."""
    return bytes.fromhex("fe80") + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def solicited(address):
    """The group by which the device with an IPv6 address is looked for."""
    return ipaddress.ip_address("ff02::1:ff00:0").packed[:13] + address[13:]


def group_mac(group):
    """The MAC address of an IPv6 group."""
    return b"\x33\x33" + group[12:]


def udp4(mac, ports, body, to=(BROADCAST, b"\xff" * 4), source=bytes(4)):
    """A frame from somebody without an address to everybody, or from an address to another, behind a MAC address; ``ports`` are those of source and
    destination.
    """
    datagram = _udp(ports, body, source + to[1])
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, UDP, 0, source, to[1])
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return to[0] + mac + struct.pack("!H", IPV4) + head + datagram


def udp6(mac, source, group, ports, body):
    """A frame to an IPv6 group."""
    return _ipv6((group_mac(group), mac), source, group, UDP, _udp(ports, body, source + group), 1)


def icmpv6(macs, source, to, kind, body):
    """A frame with an ICMPv6 message; ``macs`` are where it goes and where it comes from."""
    message = struct.pack("!BBH", kind, 0, 0) + body
    total = checksum(_pseudo(source + to, ICMPV6, message))
    return _ipv6(macs, source, to, ICMPV6, message[:2] + struct.pack("!H", total) + body, 255)


def arp(mac, address):
    """A frame that asks whether anybody has an IPv4 address, on behalf of nobody (RFC 5227)."""
    return BROADCAST + mac + bytes.fromhex("08060001080006040001") + mac + bytes(10) + address


def doubt(mac, address):
    """The same of an IPv6 address (RFC 4862)."""
    group = solicited(address)
    return icmpv6((group_mac(group), mac), bytes(16), group, 135, bytes(4) + address)


def _ipv6(macs, source, to, protocol, payload, hops):
    return b"".join(macs) + struct.pack("!HIHBB", IPV6, 6 << 28, len(payload), protocol, hops) + source + to + payload


def _udp(ports, body, addresses):
    datagram = struct.pack("!HHHH", *ports, 8 + len(body), 0) + body
    total = checksum(_pseudo(addresses, UDP, datagram)) or 0xFFFF
    return datagram[:6] + struct.pack("!H", total) + body


def _pseudo(addresses, protocol, payload):
    """What a checksum is over: the same sum for both families."""
    return addresses + struct.pack("!II", len(payload), protocol) + payload


def checksum(data):
    """The checksum of IP and its protocols."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def opened(frame):
    """The Packet in a frame, or None where it is none of ours, or cut short."""
    kind = int.from_bytes(frame[12:14], "big")
    opener = {IPV4: _opened4, IPV6: _opened6}.get(kind)
    found = opener(frame[14:]) if opener else None
    if found is None:
        return None
    source, protocol, hops, payload = found
    if protocol == UDP and len(payload) >= 8:
        size = int.from_bytes(payload[4:6], "big")
        return Packet(frame[6:12], source, UDP, int.from_bytes(payload[2:4], "big"), hops, payload[8:size]) if 8 <= size <= len(payload) else None
    if protocol == ICMPV6 and len(payload) >= 4:
        return Packet(frame[6:12], source, ICMPV6, payload[0], hops, payload[4:])
    return None


def _opened4(packet):
    """(source, protocol, hops, payload) of an IPv4 packet that is whole, or None. What is behind it fills the frame."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    head, size, part = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[6:8], "big") & PART
    if part or packet[9] != UDP or not 20 <= head <= size <= len(packet):
        return None
    return packet[12:16], packet[9], packet[8], packet[head:size]


def _opened6(packet):
    """The same of an IPv6 packet without extension headers."""
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    size = 40 + int.from_bytes(packet[4:6], "big")
    return (packet[8:24], packet[6], packet[7], packet[40:size]) if size <= len(packet) else None
