# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) is to read of policies between zones. That it takes all of it is tried in tests/integration/test_nft_firewall.py."""

from __future__ import annotations

import ipaddress
import itertools
import re

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_firewall
from ansible_collections.virtlab.network.plugins.module_utils.model.firewall import Firewall, Members
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read


def members(*devices, subnets=(), bridges=(), bare=()):
    """The Members of a zone."""
    return Members((*devices, *bridges), tuple(map(ipaddress.ip_network, subnets)), tuple(bridges), tuple(bare))


HOST = Members(host=True)
LAN, DMZ = members("eth0"), members(bridges=("virbr1",))
FOUR, SIX = members(subnets=("10.0.0.0/9", "10.128.0.0/9")), members(subnets=("fd00::/8",))
BOTH, MIXED = members(subnets=("192.0.2.0/24", "2001:db8::/32")), members("eth1", subnets=("198.51.100.7/32", "fd01::/64"))
ZONES = {"host": HOST, "lan": LAN, "dmz": DMZ, "four": FOUR, "six": SIX, "both": BOTH, "mixed": MIXED}
ANSWERS = "ct state established,related accept"
NEIGHBOURS = ("icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, "
              "mld-listener-done, mld2-listener-report } accept")
LEASES = "meta l4proto udp udp sport . udp dport { 67 . 68, 547 . 546 } accept"


def text(*policies, zones=None):
    """The text of policies: (src, dst) or (src, dst, options)."""
    given = [{"src": src, "dst": dst, **dict(*more)} for src, dst, *more in policies]
    zones = {**ZONES, **(zones or {})}
    return nft_firewall.text("f", read(Firewall, {"zones": [{"name": name} for name in zones], "policies": given}), zones, "l")


def chains(*policies, family="inet", **more):
    """{chain: its lines} of one of its tables; None where there is none."""
    whole = text(*policies, **more)
    found = re.search(rf'^table {family} virtlab_firewall_f {{\n\tcomment "virtlab:l"\n(.*?)^}}\n', whole, re.M | re.S)
    return {name: [line.strip() for line in body.splitlines()] for name, body in re.findall(r"^\tchain (\S+) {\n(.*?)^\t}\n", found[1], re.M | re.S)} \
        if found else None


def jumps(hook, *policies, **more):
    """The look-ups of a hook of what is routed."""
    return [line for line in chains(*policies, **more)[hook] if "vmap" in line]


def rules(*given, family="inet", **options):
    """The lines of a policy's chain with some rules."""
    return chains(("dmz", "dmz", {"rules": given, **options}), family=family)["dmz-to-dmz"]


def test_the_whole():
    """Two tables, each in the place of itself; one that has nothing in it goes."""
    assert text(("lan", "dmz", {"rules": [{"protocol": "tcp", "ports": ["80"]}]})).expandtabs(4) == f"""\
table inet virtlab_firewall_f
delete table inet virtlab_firewall_f
table inet virtlab_firewall_f {{
    comment "virtlab:l"
    chain lan-to-dmz {{
        tcp dport {{ 80 }} accept
        drop
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        {ANSWERS}
        {NEIGHBOURS}
        iifname . oifname vmap {{ "eth0" . "virbr1" : jump lan-to-dmz }}
    }}
}}
table bridge virtlab_firewall_f
delete table bridge virtlab_firewall_f
"""


@pytest.mark.parametrize(("policy", "hook", "lines"), [
    (("lan", "host"), "input", ['iifname vmap { "eth0" : jump lan-to-host }']),
    (("host", "lan"), "output", ['oifname vmap { "eth0" : jump host-to-lan }']),
    (("four", "host"), "input", ["ip saddr vmap { 10.0.0.0/8 : jump four-to-host }"]),
    (("host", "both"), "output", ["ip daddr vmap { 192.0.2.0/24 : jump host-to-both }", "ip6 daddr vmap { 2001:db8::/32 : jump host-to-both }"]),
    (("mixed", "host"), "input", ['iifname vmap { "eth1" : jump mixed-to-host }', "ip saddr vmap { 198.51.100.7/32 : jump mixed-to-host }",
                                  "ip6 saddr vmap { fd01::/64 : jump mixed-to-host }"]),
    (("lan", "four"), "forward", ['iifname . ip daddr vmap { "eth0" . 10.0.0.0/8 : jump lan-to-four }']),
    (("six", "lan"), "forward", ['ip6 saddr . oifname vmap { fd00::/8 . "eth0" : jump six-to-lan }']),
    (("four", "both"), "forward", ["ip saddr . ip daddr vmap { 10.0.0.0/8 . 192.0.2.0/24 : jump four-to-both }"]),
    (("both", "six"), "forward", ["ip6 saddr . ip6 daddr vmap { 2001:db8::/32 . fd00::/8 : jump both-to-six }"]),
    (("four", "six"), None, []),
    (("lan", "lan"), "forward", ['iifname . oifname vmap { "eth0" . "eth0" : jump lan-to-lan }']),
    (("mixed", "both"), "forward", [
        'iifname . ip daddr vmap { "eth1" . 192.0.2.0/24 : jump mixed-to-both }', 'iifname . ip6 daddr vmap { "eth1" . 2001:db8::/32 : jump mixed-to-both }',
        "ip saddr . ip daddr vmap { 198.51.100.7/32 . 192.0.2.0/24 : jump mixed-to-both }",
        "ip6 saddr . ip6 daddr vmap { fd01::/64 . 2001:db8::/32 : jump mixed-to-both }"]),
])
def test_ways(policy, hook, lines):
    """What is looked up of a packet, and in which hook: of both versions of IP, and never of one towards the other."""
    made = chains(policy)
    assert [name for name in made if "-to-" not in name] == ([hook] if hook else [])
    assert not hook or [line for line in made[hook] if "vmap" in line] == lines


def test_everybody():
    """As a subnet."""
    world = {"world": members(subnets=("0.0.0.0/0", "::/0"))}
    assert jumps("input", ("world", "host"), zones=world) == [
        "ip saddr vmap { 0.0.0.0/0 : jump world-to-host }", "ip6 saddr vmap { ::/0 : jump world-to-host }",
    ]


def test_devices_come_first():
    """A guest is in no other zone by an address that it gave itself, and nobody is by the order of policies."""
    policies = [("four", "dmz"), ("four", "both"), ("lan", "both"), ("lan", "dmz"), ("mixed", "dmz"), ("mixed", "both")]
    made = [text(*each) for each in itertools.permutations(policies)]
    assert len(set(made)) == 1
    assert [line.partition(" vmap")[0] for line in jumps("forward", *policies)] == [
        "iifname . oifname", "iifname . ip daddr", "iifname . ip6 daddr", "ip saddr . oifname", "ip6 saddr . oifname", "ip saddr . ip daddr",
        "ip6 saddr . ip6 daddr"]


def test_members_have_no_order():
    """Nor do ports and addresses: the same in other words is the same text."""
    ways = (("br1", "br2", ["80-90", "80"], ["10.1.0.0/16", "10.0.0.0/16"]), ("br2", "br1", ["80", "80-90"], ["10.0.0.0/16", "10.1.0.0/16"]))
    made = {text(("z", "z", {"rules": [{"protocol": "tcp", "ports": ports, "saddr": subnets}]}),
                 zones={"z": members(bridges=(one, other), subnets=subnets)}) for one, other, ports, subnets in ways}
    assert len(made) == 1


def test_no_two_policies_share_a_chain():
    """Whatever zones are called."""
    names = ("a", "b", "a_to_b", "b_to_a", "to", "to_a", "a_to", "input", "output", "forward")
    pairs = list(itertools.product(names, names))
    made = chains(*pairs, zones={name: members(f"eth{number}") for number, name in enumerate(names)})
    assert len(made) == len(pairs) + 1 and all(lines == ["drop"] for name, lines in made.items() if name != "forward")


def test_answers_pass_first():
    """In each hook, before any look-up; with what DHCP servers answer, and what the host says to itself, where it is one end.

    The connection that a task comes by may be older than connection tracking: what the host says first on it is taken for its beginning.
    """
    made = chains(("lan", "host"), ("host", "lan"), ("lan", "dmz"))
    first = {hook: lines[1:[number for number, line in enumerate(lines) if "vmap" in line][0]] for hook, lines in made.items() if "-to-" not in hook}
    assert first == {"input": [ANSWERS, NEIGHBOURS, 'iifname "lo" accept', LEASES],
                     "output": [ANSWERS, NEIGHBOURS, 'oifname "lo" accept', LEASES, "tcp flags & (syn | ack) != syn accept"],
                     "forward": [ANSWERS, NEIGHBOURS]}
    assert all(made[hook][0] == f"type filter hook {hook} priority filter; policy accept;" for hook in first)


@pytest.mark.parametrize(("rule", "lines"), [
    ({}, ["accept"]), ({"action": "drop"}, ["drop"]), ({"action": "reject"}, ["reject"]),
    ({"protocol": "icmp"}, ["meta l4proto icmp accept"]), ({"protocol": "gre"}, ["meta l4proto 47 accept"]), ({"protocol": "udp"}, ["meta l4proto udp accept"]),
    ({"protocol": "udp", "ports": ["443", "22", "80-90"]}, ["udp dport { 22, 80-90, 443 } accept"]),
    ({"saddr": ["10.0.0.0/8", "10.1.0.0/16"]}, ["ip saddr { 10.0.0.0/8 } accept"]),
    ({"saddr": ["10.0.0.0/8", "fd00::/8"], "protocol": "tcp", "ports": ["1"]},
     ["ip saddr { 10.0.0.0/8 } tcp dport { 1 } accept", "ip6 saddr { fd00::/8 } tcp dport { 1 } accept"]),
    ({"saddr": ["10.0.0.0/8", "fd00::/8"], "daddr": ["fd01::1"], "protocol": "esp"},
     ["ip6 saddr { fd00::/8 } ip6 daddr { fd01::1/128 } meta l4proto esp accept"]),
    ({"limit": "10/minute"}, ["limit rate 10/minute burst 5 packets accept"]),
    ({"limit": "10/minute", "burst": 20, "action": "drop"}, ["limit rate 10/minute burst 20 packets drop"]),
    ({"log": "seen: ", "comment": "why; {"}, ['log prefix "seen: " accept comment "why; {"']),
    ({"protocol": "tcp", "ports": ["22"], "daddr": ["10.0.0.1"], "limit": "1/day", "log": "x", "comment": "y", "action": "reject"},
     ['ip daddr { 10.0.0.1/32 } tcp dport { 22 } limit rate 1/day burst 5 packets log prefix "x" reject comment "y"']),
])
def test_rules(rule, lines):
    """What they match comes first, then how often, then what is logged, then what is done."""
    assert rules(rule) == [*lines, "drop"]


@pytest.mark.parametrize(("options", "inet", "bridge"), [
    ({}, ["drop"], ["drop"]), ({"default": "accept"}, ["accept"], ["accept"]), ({"default": "reject"}, ["reject"], ["drop"]),
    ({"default": "reject", "log": "no: "}, ['limit rate 10/minute log prefix "no: "', "reject"], ['limit rate 10/minute log prefix "no: "', "drop"]),
])
def test_what_is_done_otherwise(options, inet, bridge):
    """It ends the chain, so that no later look-up has a say. Frames that stay on a bridge cannot be rejected."""
    assert (rules(**options), rules(family="bridge", **options)) == (inet, bridge)


def test_rules_keep_their_order():
    """The first that fits counts; where frames stay on a bridge they find each other by ARP, if a rule lets any pass."""
    given = [{"protocol": "tcp", "action": "reject"}, {"action": "drop", "protocol": "udp"}, {"limit": "1/second"}]
    assert rules(*given)[:2] == ["meta l4proto tcp reject", "meta l4proto udp drop"]
    assert rules(*given, family="bridge") == ["ether type arp accept", "meta l4proto tcp drop", "meta l4proto udp drop",
                                              "limit rate 1/second burst 5 packets accept", "drop"]
    assert rules(*given[:2], family="bridge") == ["meta l4proto tcp drop", "meta l4proto udp drop", "drop"]


def test_a_zone_to_itself():
    """Each bridge by itself, as frames that stay on it; and what is routed between its bridges. Zones without bridges have no such table."""
    zones = {"two": members("eth1", bridges=("br1", "br0"))}
    assert chains(("two", "two"), ("lan", "two"), ("two", "host", {"default": "accept"}), zones=zones, family="bridge") == {
        "two-to-two": ["drop"],
        "forward": ["type filter hook forward priority filter; policy accept;", ANSWERS, NEIGHBOURS, 'meta ibrname "br0" meta obrname "br0" jump two-to-two',
                    'meta ibrname "br1" meta obrname "br1" jump two-to-two'],
    }
    line, = jumps("forward", ("two", "two"), zones=zones)
    assert line.count("jump") == 9 and '"br0" . "br1" : jump two-to-two' in line
    assert chains(("lan", "lan"), ("four", "four"), family="bridge") is None


def test_the_wall():
    """The host answers ARP on a bridge where it has no address; where it has one, guests may have to find their way to others, and it asks them itself."""
    zones = {"two": members(bridges=("br0", "br1"), bare=("br1",))}
    wall = {"input": ["type filter hook input priority filter; policy accept;", 'meta ibrname "br1" ether type arp drop']}
    for options in ({}, {"default": "reject"}):
        assert chains(("two", "host", options), zones=zones, family="bridge") == wall
    for policy in (("two", "host", {"default": "accept"}), ("two", "host", {"rules": [{}]}), ("host", "two"), ("lan", "two"), ("dmz", "host")):
        assert chains(policy, zones=zones, family="bridge") is None
    assert chains(("two", "host"), ("two", "two"), zones=zones, family="bridge")["input"] == wall["input"]
