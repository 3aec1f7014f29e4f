# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of those that give addresses, and which of their answers are any: whatever else comes in by the wire is passed over."""

from __future__ import annotations

import ipaddress
import random
import struct

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import dhcp, frames
from ansible_collections.virtlab.network.plugins.module_utils.model.offer import Offer

CLIENT = dhcp.Client(bytes.fromhex("525400000001"), bytes.fromhex("02aabbccddee"), b"\x01\x02\x03\x04")
SERVER = bytes.fromhex("525400000099")
THERE = ipaddress.ip_address("fe80::1").packed
MINE = ipaddress.ip_address("fe80::aa:bbff:fecc:ddee").packed
FOUND = Offer("DHCP", "192.0.2.1", "52:54:00:00:00:99", ("192.0.2.100",))
FOUND6 = Offer("DHCPv6", "fe80::1", "52:54:00:00:00:99", ("2001:db8::100",))
ROUTER = Offer("router", "fe80::1", "52:54:00:00:00:99", ("2001:db8::/64",))


def reply(number=CLIENT.number, mac=dhcp.MAC, address="192.0.2.100", options=b"\x35\x01\x02\x36\x04\xc0\x00\x02\x01\xff", op=2, cookie=dhcp.COOKIE):
    """A server's answer of IPv4."""
    body = struct.pack("!BBBB4sHH4s4s4s4s6s10x192x", op, 1, 6, 0, number, 0, 0, bytes(4), ipaddress.ip_address(address).packed, bytes(4), bytes(4), mac)
    return frames.udp4(SERVER, (67, 68), body + cookie + options)


def option6(code, value):
    """An option of DHCPv6."""
    return struct.pack("!HH", code, len(value)) + value


ADDRESS = option6(5, ipaddress.ip_address("2001:db8::100").packed + bytes(8))


def advertisement(kind=2, number=CLIENT.number[1:], duid=dhcp.DUID, bound=ADDRESS, iaid=dhcp.IAID, port=546):
    """A server's answer of IPv6."""
    options = option6(1, duid) + option6(2, b"server") + option6(3, iaid + bytes(8) + bound)
    return frames.udp6(SERVER, THERE, MINE, (547, port), bytes([kind]) + number + options)


def router(options=None, lifetime=1800, source=THERE):
    """A router's advertisement."""
    prefix = bytes([3, 4, 64, 0xC0]) + bytes(12) + ipaddress.ip_address("2001:db8::").packed
    body = struct.pack("!BBHII", 64, 0, lifetime, 0, 0) + (bytes([1, 1]) + SERVER + prefix if options is None else options)
    return frames.icmpv6((frames.BROADCAST, SERVER), source, ipaddress.ip_address("ff02::1").packed, 134, body)


def offer(frame, families=(4, 6)):
    """What a frame offers."""
    return dhcp.offer(frame, CLIENT, families)


def test_questions_are_those_of_the_families():
    """From the device itself, to all; of IPv4 with BOOTP's least length and the broadcast flag, and a client that is nobody's device."""
    four, = dhcp.questions(CLIENT, {4})
    assert four[:14] == b"\xff" * 6 + CLIENT.device + b"\x08\x00" and len(four) == 14 + 20 + 8 + 300
    assert four[26:34] == bytes(4) + b"\xff" * 4 and four[34:38] == struct.pack("!HH", 68, 67)
    assert four[42:50] == b"\x01\x01\x06\x00" + CLIENT.number and four[52:54] == b"\x80\x00" and four[70:76] == dhcp.MAC
    assert four[278:285] == b"\x63\x82\x53\x63\x35\x01\x01" and dhcp.MAC[0] & 3 == 2
    solicitation, six = dhcp.questions(CLIENT, {6})
    assert solicitation[:6].hex() == "333300000002" and solicitation[54] == 133 and solicitation[21] == 255 and solicitation[-6:] == CLIENT.device
    assert six[:6].hex() == "333300010002" and six[22:38] == MINE and six[62:66] == b"\x01" + CLIENT.number[1:]
    assert dhcp.questions(CLIENT, {4, 6}) == [four, solicitation, six] and dhcp.questions(CLIENT, ()) == []


@pytest.mark.parametrize("frame", [*dhcp.questions(CLIENT, {4, 6}), reply(options=b"\x35\x01\x02" + b"x" * 3), router()])
def test_checksums_are_those_that_the_kernel_wants(frame):
    """The sum over a packet with its checksum is all ones."""
    def total(data):
        value = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
        return value % 0xFFFF
    if frame[12:14] == b"\x08\x00":
        assert total(frame[14:34]) == 0
        assert total(frame[26:34] + struct.pack("!II", len(frame) - 34, 17) + frame[34:]) == 0
    else:
        assert total(frame[22:54] + struct.pack("!II", len(frame) - 54, frame[20]) + frame[54:]) == 0


@pytest.mark.parametrize(("frame", "found"), [(reply(), FOUND), (advertisement(), FOUND6), (router(), ROUTER)])
def test_answers_are_understood(frame, found):
    """With what fills a frame behind them, and without checksums; and only those of families that were asked."""
    assert offer(frame) == offer(frame + bytes(7)) == found
    assert offer(frame, {4} if found.by != "DHCP" else {6}) is None


def test_what_else_answers_may_say():
    """A server without identity is where its answer came from, options may be in parts and without an end, a router may advertise itself alone."""
    assert offer(reply(options=b"\x35\x01\x02"))[1] == "0.0.0.0"
    assert offer(reply(options=b"\x00\x36\x02\xc0\x00\x35\x01\x02\x36\x02\x02\x01")) == FOUND
    assert offer(router(options=b"")).given == ("a default route",)
    assert len(offer(router(options=b"".join(bytes([3, 4, 64, 0]) + bytes(12) + bytes([0x20, number]) + bytes(14) for number in range(9)))).given) == 4


@pytest.mark.parametrize("frame", [
    reply(number=b"\x01\x02\x03\x05"), reply(mac=CLIENT.device), reply(address="0.0.0.0"), reply(options=b"\x35\x01\x05\xff"), reply(options=b"\xff"),
    reply(options=b"\x35\x01\x02\x36\x09\xc0"), reply(options=b"\x35\x01\x02\x36"), reply(op=1), reply(cookie=b"abcd"), reply(options=b"\x35\x00"),
    advertisement(kind=7), advertisement(number=b"abc"), advertisement(duid=b"other"), advertisement(bound=b""), advertisement(iaid=b"abcd"),
    advertisement(bound=option6(13, b"\0\2none")), advertisement(bound=ADDRESS[:-1]), advertisement(bound=option6(5, b"short")), advertisement(port=547),
    router(options=b"", lifetime=0), router(options=b"\x03"), router(options=b"\x03\x00"), router(options=b"\x03\x04\x40"), router(source=b"\x20" + bytes(15)),
    dhcp.questions(CLIENT, {4})[0], b"", bytes(14), frames.BROADCAST * 2 + b"\x08\x00", frames.BROADCAST * 2 + b"\x86\xdd" + bytes(60),
    reply()[:20] + b"\x20\x00" + reply()[22:], router()[:21] + b"\xfe" + router()[22:],
])
def test_what_is_no_answer(frame):
    """To somebody else, of another kind, without an address, cut short or a part, forwarded by a router, or nothing at all."""
    assert offer(frame) is None


@pytest.mark.parametrize("frame", [reply(), advertisement(), router()])
def test_whatever_comes_in_is_survived(frame):
    """Every answer cut at every place, and with anything in any place of it."""
    assert {offer(frame[:size]) for size in range(len(frame))} == {None}
    chance = random.Random(1)
    for broken in [bytearray(frame) for unused in range(3000)]:
        for place in chance.choices(range(len(frame)), k=chance.randint(1, 4)):
            broken[place] = chance.randrange(256)
        offer(bytes(broken))
        dhcp.neighbour(bytes(broken), CLIENT)


def looking(target=MINE, source=THERE, hops=255):
    """Somebody looks for who has an IPv6 address."""
    frame = frames.icmpv6((frames.group_mac(frames.solicited(target)), SERVER), source, frames.solicited(target), 135, bytes(4) + target)
    return frame[:21] + bytes([hops]) + frame[22:]


def test_who_looks_for_the_client_finds_the_device():
    """Else nobody could answer by IPv6."""
    answer = dhcp.neighbour(looking(), CLIENT)
    assert answer[:12] == SERVER + CLIENT.device and answer[22:54] == MINE + THERE and answer[54] == 136
    assert answer[58:] == b"\x60\0\0\0" + MINE + b"\x02\x01" + CLIENT.device
    assert looking()[:6].hex() == "3333ffccddee"


@pytest.mark.parametrize("frame", [looking(THERE), looking(source=bytes(16)), looking(hops=64), router(), reply(), b""])
def test_who_looks_for_others_does_not(frame):
    """Nor one that only wants to know whether the address is free, and has none."""
    assert dhcp.neighbour(frame, CLIENT) is None
