# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client's life with DHCP and DHCPv6: what it asks, what counts as an answer, and what it gives back."""

from __future__ import annotations

import ipaddress
import random
import struct

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import dhcp, frames, lease

MAC, SERVER, NUMBER, NUMBER6 = bytes.fromhex("525400aabbcc"), bytes.fromhex("525400000099"), b"\1\2\3\4", b"\1\2\3"
LEASED = ipaddress.ip_address("fd80::100").packed


def packed(address):
    """An address's bytes."""
    return ipaddress.ip_address(address).packed


def option(code, value):
    """An option of DHCP."""
    return bytes([code, len(value)]) + value


OPTIONS = (option(54, packed("192.0.2.1")) + option(51, struct.pack("!I", 3600)) + option(1, packed("255.255.255.0")) + option(3, packed("192.0.2.254"))
           + option(6, packed("192.0.2.1") + packed("192.0.2.2")) + option(15, b"lab.test") + option(26, struct.pack("!H", 1400)))


def reply(kind, options=OPTIONS, address="192.0.2.100", number=NUMBER, mac=MAC):
    """A server's answer."""
    head = struct.pack("!BBBB4sHH4s4s4s4s6s10x192x", 2, 1, 6, 0, number, 0, 0, bytes(4), packed(address), bytes(4), bytes(4), mac)
    return frames.udp4(SERVER, (67, 68), head + dhcp.COOKIE + option(53, bytes([kind])) + options + b"\xff", source=packed("192.0.2.1"))


def asked(frame):
    """(ciaddr, options) of what a client sends."""
    body = frame[42:]
    assert body[4:8] == NUMBER and body[28:34] == MAC and body[236:240] == dhcp.COOKIE
    return body[12:16], dhcp.options4(body[240:])


def test_a_lease_from_beginning_to_end():
    """Looked for, asked for, and given back to where it came from."""
    assert asked(lease.ask(MAC, NUMBER)) == (bytes(4), {53: b"\1", 55: lease.ASKED}) and lease.ask(MAC, NUMBER)[:12] == frames.BROADCAST + MAC
    offer = lease.answered(reply(lease.OFFER), MAC, NUMBER)
    assert offer == lease.Answer(2, "192.0.2.100/24", "192.0.2.1", packed("192.0.2.1"), SERVER, 3600, ("192.0.2.1", "192.0.2.2"), "lab.test", 1400,
                                 (("default", "192.0.2.254"),))
    assert asked(lease.ask(MAC, NUMBER, offer))[1] == {53: b"\3", 55: lease.ASKED, 50: packed("192.0.2.100"), 54: packed("192.0.2.1")}
    back = lease.release(MAC, NUMBER, offer)
    assert back[:12] == SERVER + MAC and back[26:34] == packed("192.0.2.100") + packed("192.0.2.1")
    assert asked(back) == (packed("192.0.2.100"), {53: b"\7", 54: packed("192.0.2.1")})


def test_what_a_server_may_leave_out_or_say_otherwise():
    """No routers, routes without classes in the place of routers, no end, a refusal."""
    bare = lease.answered(reply(lease.ACK, b""), MAC, NUMBER)
    assert (bare.address, bare.server, bare.routers, bare.seconds, bare.mtu, bare.domain) == ("192.0.2.100/32", "192.0.2.1", (), None, None, "")
    routes = option(121, b"\0" + packed("192.0.2.9") + b"\x14\xac\x10\x10" + packed("192.0.2.8") + b"\x20\1")
    assert lease.answered(reply(lease.ACK, OPTIONS + routes), MAC, NUMBER).routers == (("default", "192.0.2.9"), ("172.16.16.0/20", "192.0.2.8"))
    assert lease.answered(reply(lease.ACK, option(51, b"\xff" * 4)), MAC, NUMBER).seconds is None
    refused = lease.answered(reply(lease.NAK, option(56, b"wrong network"), "0.0.0.0"), MAC, NUMBER)
    assert (refused.kind, refused.says) == (lease.NAK, "wrong network")


@pytest.mark.parametrize("frame", [
    reply(1), reply(7), reply(lease.OFFER, address="0.0.0.0"), reply(lease.ACK, number=b"abcd"), reply(lease.ACK, mac=SERVER), reply(lease.ACK)[:-60],
    lease.ask(MAC, NUMBER), b"",
])
def test_what_is_no_answer(frame):
    """Somebody else's, another kind, none."""
    assert lease.answered(frame, MAC, NUMBER) is None


def option6(code, value):
    """An option of DHCPv6."""
    return struct.pack("!HH", code, len(value)) + value


BOUND = option6(3, MAC[2:] + bytes(8) + option6(5, LEASED + struct.pack("!II", 300, 600)))
SERVING = option6(23, packed("fd80::1")) + option6(24, b"\3lab\4test\0")


def reply6(kind, bound=BOUND, more=SERVING, mac=MAC, number=NUMBER6):
    """A server's answer of IPv6."""
    return bytes([kind]) + number + option6(1, lease.duid(mac)) + option6(2, b"server") + bound + more


def test_a_lease_of_ipv6():
    """As of IPv4; a server that has none says why."""
    solicit = lease.ask6(MAC, NUMBER6)
    assert solicit[:4] == b"\1\1\2\3" and dict(dhcp.options6(solicit[4:])) == {1: lease.duid(MAC), 3: MAC[2:] + bytes(8), 8: b"\0\0", 6: b"\0\x17\0\x18"}
    offer = lease.answered6(reply6(2), "fe80::1", MAC, NUMBER6)
    assert offer == lease.Answer(2, "fd80::100/128", "fe80::1", b"server", b"", 600, ("fd80::1",), "lab.test")
    for kind, message in ((3, lease.ask6(MAC, NUMBER6, offer)), (8, lease.ask6(MAC, NUMBER6, offer, lease.RELEASE6))):
        options = dict(dhcp.options6(message[4:]))
        assert message[0] == kind and options[2] == b"server" and LEASED in options[3]
    none = lease.answered6(reply6(2, option6(3, MAC[2:] + bytes(8) + option6(13, b"\0\2no address free"))), "fe80::1", MAC, NUMBER6)
    assert (none.address, none.says) == ("", "no address free")
    assert lease.answered6(reply6(7, b"", option6(13, b"\0\2")), "fe80::1", MAC, NUMBER6).says == "status 2"


@pytest.mark.parametrize("data", [reply6(1), reply6(2, mac=SERVER), reply6(2, number=b"abc"), reply6(2)[:30], lease.ask6(MAC, NUMBER6), b"\2"])
def test_what_is_no_answer_of_ipv6(data):
    """Somebody else's, another kind, none."""
    assert lease.answered6(data, "fe80::1", MAC, NUMBER6) is None


def test_whatever_comes_in_is_survived():
    """Anything in any place."""
    chance = random.Random(1)
    readers = {reply(lease.ACK): lambda data: lease.answered(data, MAC, NUMBER), reply6(7): lambda data: lease.answered6(data, "::", MAC, NUMBER6)}
    for whole, read in readers.items():
        for broken in [bytearray(whole) for unused in range(4000)]:
            for place in chance.choices(range(len(whole)), k=chance.randint(1, 4)):
                broken[place] = chance.randrange(256)
            read(bytes(broken[:chance.choice((len(whole), chance.randrange(len(whole))))]))
