# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a translation that is wanted, or an error that says what is allowed and what to do."""

from __future__ import annotations

import time

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.nat import nat
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.nat import clash
from ansible_collections.virtlab.network.plugins.module_utils.model.table import WantedTable

WEB = {"port": "80", "to": "10.0.0.2"}
PAIR = {"inside": "10.0.0.0/28", "outside": "203.0.113.0/28"}


def wanted(**options):
    """What is wanted of a resource; it is for a subnet unless that is said."""
    return nat({"name": "lab", "state": "present", "subnets": ["10.0.0.0/24"], **options}, "default", None)


def forwarded(*forwards):
    """What is wanted of one with some forwards: options of WEB with others in their place."""
    return wanted(forwards=[{**WEB, **each} for each in forwards])


def refused(words, **options):
    """Have options be refused with an error that names the option, its value, what is allowed and what to do."""
    with pytest.raises(ValidationError) as caught:
        wanted(**options)
    assert words in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["a; drop", "{", "", "a" * 33, "-a", "_a", "a b", "a\n", "a.b", "a/b", 'a"', "ä", "*"])
def test_a_name_is_a_word_of_nft(name):
    """A table and files are named after it. Where it is to go there is none of that name."""
    error = refused(f"name is {name!r}: must be 1 to 32 letters, digits, dashes and underscores", name=name)
    assert error.option == "name" and wanted(name=name, state="absent").state == "absent"


@pytest.mark.parametrize("name", ["a", "0", "a" * 32, "web-1_x", "table", "accept"])
def test_other_names_are_fine(name):
    """Words of nft(8)'s language, too: there is one before them."""
    assert wanted(name=name).name == name


@pytest.mark.parametrize("comment", ['"', "a\\", "a\nb", "a\tb", "\x00", "", "\x7f", "a" * 129, "é" * 65, "\x85", "\u2028", "\udc80"])
def test_a_comment_is_what_nft_can_carry(comment):
    """It stands between quotes, on one line, and has 128 bytes at most."""
    refused("must be 1 to 128 bytes on one line, without quotes, backslashes and control characters", forwards=[{**WEB, "comment": comment}])


@pytest.mark.parametrize("comment", ["a" * 128, "é" * 64, "} ; drop # 'x' $y @z *"])
def test_other_comments_are_kept(comment):
    """Whatever they mean elsewhere."""
    assert forwarded({"comment": comment}).data.forwards[0].comment == comment


@pytest.mark.parametrize(("options", "words"), [
    ({"port": "0"}, "forwards[0].port is '0': must be a port from 1 to 65535"), ({"port": "65536"}, "forwards[0].port is '65536': must be a port from 1 to"),
    ({"port": "90-80"}, "the lower one first"), ({"port": "80-65536"}, "must be a port from 1 to 65535"), ({"port": "80-"}, "such as 8000-8010"),
    ({"port": "http"}, "must be a port"), ({"port": "80,90"}, "must be a port"), ({"port": "-80"}, "must be a port"), ({"port": ""}, "must be a port"),
    ({"to_port": "0"}, "forwards[0].to_port is '0': must be a port"), ({"port": "1-100", "to_port": "65500"}, "the last of 1-100 would lead to port 65599"),
    ({"port": "10-20", "to_port": "30-41"}, "forwards[0].to_port is '30-41': has another length than port 10-20"),
    ({"port": "10", "to_port": "30-31"}, "has another length than port 10; give as many, or the first alone"),
    ({"protocol": "icmp"}, "forwards[0].protocol is 'icmp': must be one of tcp, udp, sctp"),
    ({"listen": "fd00::1"}, "forwards[0].listen is 'fd00::1': is not of IPv4, as 10.0.0.2 is; give one of IPv4"),
    ({"to": "fd00::2", "listen": "192.0.2.1"}, "is not of IPv6, as fd00::2 is; give one of IPv6"),
    ({"sources": ["192.0.2.0/24", "fd00::/8"]}, "forwards[0].sources[1] is 'fd00::/8': is not of IPv4"),
    ({"to": "fd00::2", "sources": ["192.0.2.1"]}, "forwards[0].sources[0] is '192.0.2.1/32': is not of IPv6"),
    ({"sources": []}, "forwards[0].sources is []: is nobody; leave it out for everybody, or leave the forward out"),
    ({"sources": ["192.0.2.7/24"]}, "forwards[0].sources[0] is '192.0.2.7/24': must be a subnet without bits beyond its prefix; give 192.0.2.0/24"),
    ({"sources": ["192.0.2.0/33"]}, "must be a subnet such as"), ({"sources": ["fe80::%eth0/64"]}, "must be a subnet such as"),
    *(({"to": to}, f"forwards[0].to is '{to}': is not an address that a guest can have; name the guest's")
      for to in ("224.0.0.1", "127.0.0.1", "0.0.0.0", "ff02::1", "::1", "::")),
    *(({"listen": listen}, "is not an address that others can reach; leave it out") for listen in ("127.0.0.1", "0.0.0.0", "239.1.2.3")),
    ({"to": "10.0.0.2/24"}, "forwards[0].to is '10.0.0.2/24': must be an IPv4 or IPv6 address"), ({"to": "web"}, "must be an IPv4 or IPv6 address"),
    ({"to": "fe80::1%eth0"}, "must be an IPv4 or IPv6 address without a zone"),
    ({"to": "fd00::2", "listen": "fe80::1%; flush ruleset"}, "must be an IPv4 or IPv6 address without a zone"),
])
def test_forwards_that_cannot_be(options, words):
    """By themselves, each."""
    refused(words, forwards=[{**WEB, **options}])


@pytest.mark.parametrize(("port", "to_port", "listening", "shift"), [
    ("80", None, (80, 80), 0), ("80", "8080", (80, 80), 8000), ("8080", "80", (8080, 8080), -8000), ("10-20", "30", (10, 20), 20),
    ("10-20", "30-40", (10, 20), 20),
    ("10-20", "10-20", (10, 20), 0), ("10-20", "10", (10, 20), 0), ("1-65535", None, (1, 65535), 0), ("1-65534", "2", (1, 65534), 1),
    ("080", "0090", (80, 80), 10),
])
def test_ports_are_shifted(port, to_port, listening, shift):
    """By what tells the first of them from the first of the others."""
    forward = forwarded({"port": port, "to_port": to_port}).data.forwards[0]
    assert (forward.listening, forward.shift) == (listening, shift)


SOME = {"sources": ["192.0.2.0/24"]}
TWICE = [
    ({}, {}), ({}, {"to": "10.0.0.3"}), ({"listen": "192.0.2.1"}, {"listen": "192.0.2.1"}), ({}, {"listen": "192.0.2.1"}), ({"listen": "192.0.2.1"}, {}),
    ({"port": "70-90"}, {}), ({"port": "70-80"}, {"port": "80-90"}), ({"port": "1-65535"}, {"port": "65535"}), ({}, SOME), (SOME, SOME),
    (SOME, {"sources": ["192.0.2.8"]}), ({"sources": ["192.0.2.8"]}, SOME), ({"sources": ["198.51.100.0/24", "192.0.0.0/16"]}, SOME),
    ({"sources": ["0.0.0.0/0"]}, SOME),
    ({"port": "70-90", "listen": "192.0.2.1", **SOME}, {"sources": ["192.0.2.128/25"]}), ({"protocol": "tcp"}, {}), ({"protocol": "udp"}, {"protocol": "udp"}),
    ({"to": "fd00::2"}, {"to": "fd00::3"}), ({"to": "fd00::2", "sources": ["2001:db8::/32"]}, {"to": "fd00::3", "sources": ["2001:db8::1"]}),
]
APART = [
    ({}, {"protocol": "udp"}), ({}, {"port": "81"}), ({"listen": "192.0.2.1"}, {"listen": "192.0.2.2"}), ({"port": "70-79"}, {}), ({"port": "81-90"}, {}),
    (SOME, {"sources": ["198.51.100.0/24"]}), ({"sources": ["192.0.2.0/25"]}, {"sources": ["192.0.2.128/25", "192.0.3.0/24"]}), ({}, {"to": "fd00::2"}),
    ({"port": "1-79"}, {"port": "81-65535"}), ({"sources": ["192.0.2.0/24", "192.0.2.1"]}, {"port": "81"}),
]


@pytest.mark.parametrize(("one", "other"), TWICE)
def test_a_port_leads_to_one_place(one, other):
    """Whichever is named first, and whatever is between them."""
    for pair in ([one, other], [other, {"port": "7"}, one]):
        error = refused("; let each port of an address lead to one place", forwards=[{**WEB, **each} for each in pair])
        assert error.option in {"forwards[0]", "forwards[1]", "forwards[2]"} and " leads to " in error.allowed
    first, second = forwarded(one).data.forwards, forwarded(other).data.forwards
    assert clash(first, second) == (0, second[0]) and clash(second, first) == (0, first[0])


@pytest.mark.parametrize(("one", "other"), APART)
def test_ports_that_are_not_the_same(one, other):
    """Each is another protocol's, address's, port's, version's or source's."""
    assert len(forwarded(one, other).data.forwards) == 2
    assert clash(forwarded(one).data.forwards, forwarded(other).data.forwards) is None


MANY = [
    [{"port": str(number)} for number in range(1, 2001)],
    [{"port": "22", "listen": f"192.0.{number // 250}.{number % 250}"} for number in range(2000)],
    [{"port": "22", "sources": [f"192.{number // 250}.{number % 250}.0/{24 + number % 8}"]} for number in range(2000)],
    [{"port": "1-65535", "listen": f"192.0.{number // 250}.{number % 250}", "protocol": ("tcp", "udp")[number % 2]} for number in range(2000)],
    [{"port": f"{number * 30 + 1}-{number * 30 + 30}"} for number in range(2000)],
]


@pytest.mark.parametrize("forwards", MANY, ids=["ports", "addresses", "sources", "all-ports", "ranges"])
def test_many_are_looked_at_quickly(forwards):
    """However many there are, and however long their ranges; the last that is there twice is found."""
    began = time.process_time()
    given = forwarded(*forwards).data.forwards
    assert time.process_time() - began < 1
    twice = [*given, given[-1]]
    assert clash(given, given) is None and clash(twice, twice) is not None and clash(given[-1:], given) == (0, given[-1])


@pytest.mark.parametrize(("options", "words"), [
    ({"subnets": None}, "subnets is []: neither these nor a network are given; say whose packets are to be translated"),
    ({"subnets": [], "network": ""}, "neither these nor a network are given"),
    ({"subnets": ["10.0.0.1/24"]}, "subnets[0] is '10.0.0.1/24': must be a subnet without bits beyond its prefix; give 10.0.0.0/24, or the address alone"),
    ({"subnets": ["10.0.0.0/24", "fd00::1/64"]}, "subnets[1] is 'fd00::1/64'"), ({"subnets": ["lab"]}, "must be a subnet such as 192.168.100.0/24"),
    ({"subnets": ["10.0.0.0/24; drop"]}, "must be a subnet such as"), ({"subnets": [""]}, "must be a subnet such as"),
    *(({"devices": [name]}, f"devices[0] is {name!r}: must be a") for name in (
        "", "a" * 16, "a b", "a/b", "a:b", "eth0\n", ".", "..", "all", 'a"}drop', "a\\", "eth*", "a\x01", "eth%d")),
    ({"snat": ["203.0.113.5", "203.0.113.9"]}, "has two entries of IPv4; give one, which may be a range"),
    ({"snat": ["203.0.113.5", "2001:db8::5", "2001:db8::7-2001:db8::9"]}, "has two entries of IPv6"),
    ({"snat": ["203.0.113.9-203.0.113.5"]}, "snat[0] is '203.0.113.9-203.0.113.5': must be a range of addresses of one version of IP, the lower one first"),
    ({"snat": ["203.0.113.9-2001:db8::5"]}, "of one version of IP"), ({"snat": ["203.0.113.0/24"]}, "must be an address, or a range such as"),
    ({"snat": ["203.0.113.9-"]}, "must be an address, or a range"), ({"snat": ["fe80::1%; drop"]}, "must be an address, or a range"),
    *(({"snat": [given]}, f"snat[0] is '{given}': is not an address that others can answer to; give addresses that reach this host")
      for given in ("127.0.0.1", "0.0.0.0", "224.0.0.1", "::1", "0.0.0.0-203.0.113.9", "203.0.113.9-224.0.0.1")),
    ({"snat": ["203.0.113.5"], "masquerade": True}, "masquerade is True: snat gives what leaves another address already; leave one of them out"),
    *(({"masquerade": False, **each}, "nothing that leaves gets another address; say masquerade or snat, or leave it out")
      for each in ({"ports": "1024-65535"}, {"random": "random"}, {"persistent": True})),
    ({"netmap": [PAIR], "ports": "1024-65535"}, "ports is '1024-65535': nothing that leaves gets another address"),
    *(({"ipv6": True, **each}, "ipv6 is True: nothing is masqueraded; say masquerade, give snat an address of IPv6, or leave it out")
      for each in ({"masquerade": False}, {"snat": ["203.0.113.5"]}, {"netmap": [PAIR]})),
    ({"ports": "0-5"}, "ports is '0-5': must be a port from 1 to 65535"), ({"random": "maybe"}, "random is 'maybe': must be one of random, fully-random"),
    ({"netmap": [{**PAIR, "outside": "203.0.113.0/27"}]}, "is not of the size of 10.0.0.0/28; one address stands for one: give a subnet of IPv4 with"),
    ({"netmap": [{**PAIR, "outside": "2001:db8::/32"}]}, "netmap[0].outside is '2001:db8::/32': is not of the size of 10.0.0.0/28"),
    ({"netmap": [{**PAIR, "outside": "203.0.113.1/28"}]}, "netmap[0].outside is '203.0.113.1/28': must be a subnet without bits beyond its prefix"),
    ({"netmap": [PAIR, {**PAIR, "outside": "203.0.113.16/28"}]}, "netmap[1].inside is '10.0.0.0/28': overlaps 10.0.0.0/28, which is given as well"),
    ({"netmap": [{"inside": "10.0.0.16", "outside": "203.0.113.3"}, PAIR]}, "netmap[1].outside is '203.0.113.0/28': overlaps 203.0.113.3/32"),
])
def test_translations_that_cannot_be(options, words):
    """Before anything is touched."""
    refused(words, **options)


@pytest.mark.parametrize("options", [
    {"subnets": None, "network": "lab"}, {"subnets": ["10.0.0.0/24", "10.0.0.0/25", "fd00::/64"]}, {"snat": ["203.0.113.5", "2001:db8::5"], "random": "random"},
    {"snat": ["203.0.113.5 - 203.0.113.9"], "persistent": True}, {"masquerade": True, "netmap": [PAIR], "ports": "1024-65535"}, {"devices": ["eth0.5", "é@;{"]},
    {"netmap": [PAIR, {"inside": "10.0.0.16", "outside": "203.0.113.16"}]}, {"ipv6": True}, {"masquerade": False}, {"snat": [], "devices": [], "forwards": []},
])
def test_others_are_wanted(options):
    """As they are given."""
    found = wanted(**options)
    assert found == WantedTable("nat", "lab", found.data) and found.data is not None


def test_who_is_to_go_needs_no_more_than_a_name():
    """And nothing else is looked at."""
    assert wanted(state="absent", subnets=["nonsense"]) == WantedTable("nat", "lab", state="absent")
