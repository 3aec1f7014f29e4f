# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of DNS, and which answers are any: whatever else comes is passed over."""

from __future__ import annotations

import random
import struct

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import dns

ASKED = dns.question(0x1234, "Web.lab.test", dns.A)
NAME = b"\3web\3lab\4test\0"


def record(kind, value, owner=b"\xc0\x0c"):
    """A record of an answer; its owner is the name that was asked for, as servers write it."""
    return owner + struct.pack("!HHIH", kind, 1, 60, len(value)) + value


def message(*records, number=0x1234, flags=0x8180, name=NAME, kind=dns.A):
    """A server's answer."""
    return struct.pack("!HHHHHH", number, flags, 1, len(records), 0, 0) + name + struct.pack("!HH", kind, 1) + b"".join(records)


def test_questions():
    """A name's labels, an address's name backwards, and recursion asked for."""
    assert bytes.fromhex("123401000001000000000000") + b"\3Web\3lab\4test\0\0\1\0\1" == ASKED
    assert dns.question(1, "192.0.2.9", dns.PTR)[12:] == b"\0019\0012\0010\003192\7in-addr\4arpa\0\0\x0c\0\1"
    assert dns.question(1, ".", dns.NS)[12:] == b"\0\0\2\0\1" and dns.question(1, "bücher.test.", dns.A)[12:].startswith(b"\x0dxn--bcher-kva\4test\0")
    assert [dns.type_of(name, "ipv6") for name in ("a.test", "192.0.2.1", "fd00::1")] == [dns.AAAA, dns.PTR, dns.PTR]


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "y.".join(["x"] * 130)])
def test_what_is_no_name(name):
    """Empty labels, and labels and names that are too long."""
    with pytest.raises(ValueError):
        dns.question(1, name, dns.A)


def test_answers():
    """Addresses, also behind another name, with names in parts; names of addresses; and why there are none."""
    twice = message(record(dns.A, b"\xc0\0\2\1"), record(dns.A, b"\xc0\0\2\2"), record(dns.A, b"\xc0\0\2\1"))
    assert dns.reply(twice, ASKED) == ("", ("192.0.2.1", "192.0.2.2"), False)
    alias = b"\2go\xc0\x10"
    assert dns.reply(message(record(dns.CNAME, alias), record(dns.A, b"\xc0\0\2\1", alias)), ASKED).values == ("192.0.2.1",)
    assert dns.reply(message(record(dns.A, b"\xc0\0\2\1", b"\5other\0")), ASKED).values == ()
    six = dns.question(0x1234, "web.lab.test", dns.AAAA)
    assert dns.reply(message(record(dns.AAAA, bytes(15) + b"\1"), kind=dns.AAAA), six).values == ("::1",)
    backwards = dns.question(0x1234, "192.0.2.9", dns.PTR)
    assert dns.reply(message(record(dns.PTR, b"\3Web\4test\0"), name=backwards[12:-4], kind=dns.PTR), backwards).values == ("web.test",)
    assert [dns.reply(message(flags=0x8180 | code), ASKED).code for code in (2, 3, 5, 9)] == ["SERVFAIL", "NXDOMAIN", "REFUSED", "error 9"]
    assert dns.reply(message(flags=0x8380), ASKED) == ("", (), True)


@pytest.mark.parametrize("data", [
    b"", ASKED, message(number=1), message(name=b"\3www\3lab\4test\0"), message(kind=dns.AAAA), message(flags=0x0100), message(record(dns.A, b"\1\2\3\4"))[:-1],
    message(record(dns.CNAME, b"\xc0\x2a")), message(record(dns.A, b"abcd", b"\x80x")), message(record(dns.PTR, b"\3\xff\xfea\0"), kind=dns.A)[:-2],
])
def test_what_is_no_answer(data):
    """Another question's, another kind, cut short, or a name that leads in a circle."""
    assert dns.reply(data, ASKED) is None


def test_whatever_comes_in_is_survived():
    """Anything in any place."""
    chance, whole = random.Random(1), message(record(dns.CNAME, b"\2go\xc0\x10"), record(dns.A, b"\xc0\0\2\1"))
    for broken in [bytearray(whole) for unused in range(5000)]:
        for place in chance.choices(range(len(whole)), k=chance.randint(1, 4)):
            broken[place] = chance.randrange(256)
        dns.reply(bytes(broken), ASKED)
