# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that are watched on their way: what tells one from another, wherever it is seen and whatever addresses it has by then.

A translation of addresses leaves alone the sequence number that TCP begins with, the identifier and number of an echo, and what a datagram holds. Source: RFC
791, 8200, 793, 768, 792, 826, 4861 and bpf(4).
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from . import frames, icmp

ARP = 0x0806
SOLICITATION, ADVERTISEMENT = 135, 136
#: bytes of a datagram that tell it from others: as many as a trace of nftables has of it
HELD = 12
#: flags of TCP: a connection's first packet, who answers that, and who wants none
SYN, RST, ACK = 2, 4, 16
#: ports that a filter tells apart: a jump of its leads over 255 instructions at the most
FEW = 100
ECHOES = {icmp.ICMP: (8, 0), icmp.ICMPV6: (128, 129)}


class Packet(NamedTuple):
    """A packet as it was at one place. ``says`` is '', or what it means of its kind, and ``mark`` what tells it from others, which no translation changes."""

    protocol: str
    source: str
    sport: int
    target: str
    port: int
    mark: str
    says: str = ""


def framed(frame):
    """The Packet in a frame whose VLAN tag the kernel has taken off, or None."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == ARP and len(frame) >= 42:
        source, target = (str(ipaddress.IPv4Address(frame[at:at + 4])) for at in (28, 38))
        return Packet("arp", source, 0, target, 0, "", "asks" if frame[21] == 1 else "tells")
    if kind == frames.IPV4 and len(frame) >= 34:
        size = (frame[14] & 15) * 4
        return packet(frame[14:14 + size], frame[14 + size:])
    if kind == frames.IPV6 and len(frame) >= 54:
        return packet(frame[14:54], frame[54:])
    return None


def packet(head, body):
    """The Packet of a header of IP and what is behind it, of which the first twenty bytes are enough; None of what is not watched."""
    version = head[0] >> 4 if head else 0
    if version == 4 and len(head) >= 20:
        protocol, ends = head[9], (head[12:16], head[16:20])
        if int.from_bytes(head[6:8], "big") & 0x1FFF:
            return None
    elif version == 6 and len(head) >= 40:
        protocol, ends = head[6], (head[8:24], head[24:40])
    else:
        return None
    source, target = (str(ipaddress.ip_address(each)) for each in ends)
    reader = {icmp.TCP: _tcp, icmp.UDP: _udp, icmp.ICMP: _echo, icmp.ICMPV6: _six}.get(protocol)
    return reader(protocol, source, target, body) if reader and len(body) >= 8 else None


def meant(packets, flows):
    """Those of some packets that may be of flows, (protocol, target, port), or answers to them, whatever addresses they have by now; and who looks for whom."""
    first = {each for each in packets if any(_of(each, *every) for every in flows)}
    marks = {(each.protocol, each.mark) for each in first}
    same = {each for each in packets if (each.protocol, each.mark) in marks}
    back = {(each.protocol, each.target, each.port, each.source, each.sport) for each in same}
    return same | {each for each in packets if each.protocol == "arp" or each[:5] in back}


def _of(packet, protocol, target, port):
    """True for a packet on its way there, or on its way back from there."""
    return packet.protocol == protocol and ((packet.target, packet.port) == (target, port) or (packet.source, packet.sport) == (target, port))


def _tcp(unused, source, target, body):
    if len(body) < 14:
        return None
    sport, port = _ports(body)
    flags = body[13]
    says = "resets" if flags & RST else "answers" if flags & SYN and flags & ACK else "" if flags & SYN else "goes on"
    return Packet("tcp", source, sport, target, port, body[4:8].hex(), says)


def _udp(unused, source, target, body):
    sport, port = _ports(body)
    return Packet("udp", source, sport, target, port, body[8:8 + HELD].hex())


def _echo(protocol, source, target, body):
    if body[0] not in ECHOES[protocol]:
        return None
    return Packet("icmp", source, 0, target, 0, body[4:8].hex(), "" if body[0] == ECHOES[protocol][0] else "answers")


def _six(protocol, source, target, body):
    if body[0] in (SOLICITATION, ADVERTISEMENT) and len(body) >= 24:
        whom = str(ipaddress.IPv6Address(body[8:24]))
        return Packet("arp", source, 0, whom, 0, "", "asks") if body[0] == SOLICITATION else Packet("arp", whom, 0, target, 0, "", "tells")
    return _echo(protocol, source, target, body)


def _ports(body):
    return int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")


# what a socket lets pass, as bpf(4) has it: the first packets of TCP and resets, UDP of some ports, echoes, and who looks for whom

LOAD_HALF, LOAD_BYTE, LOAD_X, HALF_X, BYTE_X, EQUAL, ANY, RETURN = 0x28, 0x30, 0xB1, 0x48, 0x50, 0x15, 0x45, 0x06


def watching(ports):
    """The instructions of a filter, ((code, jump where true, jump where not, operand), ...): UDP of these ports alone, of either side, where they are few."""
    each_port = [(EQUAL, "take", "", port) for port in ports] if len(ports) <= FEW else [(ANY, "take", "", 0xFFFF)]
    text = [
        (LOAD_HALF, "", "", 12), (EQUAL, "take", "", ARP), (EQUAL, "four", "", frames.IPV4), (EQUAL, "six", "drop", frames.IPV6),
        "four", (LOAD_HALF, "", "", 20), (ANY, "drop", "", 0x1FFF), (LOAD_X, "", "", 14), (LOAD_BYTE, "", "", 23),
        (EQUAL, "take", "", icmp.ICMP), (EQUAL, "tcp", "", icmp.TCP), (EQUAL, "udp", "drop", icmp.UDP),
        "six", (0x01, "", "", 40), (LOAD_BYTE, "", "", 20),
        (EQUAL, "take", "", icmp.ICMPV6), (EQUAL, "tcp", "", icmp.TCP), (EQUAL, "udp", "drop", icmp.UDP),
        "tcp", (BYTE_X, "", "", 14 + 13), (ANY, "take", "drop", SYN | RST),
        "udp", *[each for at in (14, 16) for each in ((HALF_X, "", "", at), *each_port)],
        "drop", (RETURN, "", "", 0), "take", (RETURN, "", "", 0x40000),
    ]
    return _assembled(text)


def _assembled(text):
    places, count = {}, 0
    for each in text:
        if isinstance(each, str):
            places[each] = count
        else:
            count += 1
    instructions = [each for each in text if not isinstance(each, str)]

    def jump(word, number):
        return places[word] - number - 1 if word else 0

    return tuple((code, jump(yes, number), jump(no, number), operand) for number, (code, yes, no, operand) in enumerate(instructions))
