# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) reads of a translation, what is told of what it prints, and what is written down."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_json, nft_text, table_record
from ansible_collections.virtlab.network.plugins.module_utils.desired.nat import nat
from ansible_collections.virtlab.network.plugins.module_utils.model.table import TableState

from tests import nats

WEB, SIX = {"port": "80", "to": "10.0.0.2"}, {"port": "80", "to": "fd00::2"}
AWAY = "ip daddr != @inside_ipv4 ip daddr != { 224.0.0.0/4, 255.255.255.255/32 }"
LEAVES = f"ip saddr @inside_ipv4 {AWAY}"
HAIRPIN = "ip saddr @inside_ipv4 ip daddr @inside_ipv4 ct status dnat masquerade"
ANY_PORT = "meta l4proto { tcp, udp, sctp }"


def made(**options):
    """What nft(8) reads; it is for a subnet unless that is said."""
    return nats.made(**{"subnets": ["10.0.0.0/24"], **options})


def body(text, head):
    """Lines of a block of a table, or None where there is none."""
    found, lines = None, text.splitlines()
    if f"\t{head} {{" in lines:
        rest = lines[lines.index(f"\t{head} {{") + 1:]
        found = [line.strip() for line in rest[:rest.index("\t}")]]
    return found


def rules(text, chain):
    """Rules of a chain, without its hook."""
    return [line for line in body(text, f"chain {chain}") or [] if not line.startswith("type ")]


def test_a_table_takes_the_place_of_what_there_was():
    """All at once; it is there, is removed, and is there anew."""
    lines = nft_text.table("inet", "virtlab_nat_lab", "blue", nft_text.block("chain c", "accept")).splitlines()
    assert lines == ["table inet virtlab_nat_lab", "delete table inet virtlab_nat_lab", "table inet virtlab_nat_lab {", '\tcomment "virtlab:blue"',
                     "\tchain c {", "\t\taccept", "\t}", "}"]


@pytest.mark.parametrize(("options", "expected"), [
    ({}, [f"{LEAVES} masquerade"]), ({"masquerade": True}, [f"{LEAVES} masquerade"]), ({"masquerade": False}, []),
    ({"devices": ["b", "a"]}, [LEAVES + ' oifname { "a", "b" } masquerade']), ({"random": "random"}, [f"{LEAVES} masquerade random"]),
    ({"random": "fully-random", "persistent": True}, [f"{LEAVES} masquerade fully-random,persistent"]), ({"persistent": False}, [f"{LEAVES} masquerade"]),
    ({"ports": "1024-65535"}, [f"{LEAVES} {ANY_PORT} masquerade to :1024-65535", f"{LEAVES} masquerade"]),
    ({"snat": ["203.0.113.5"]}, [f"{LEAVES} snat ip to 203.0.113.5"]),
    ({"snat": ["203.0.113.5-203.0.113.9"]}, [f"{LEAVES} snat ip to 203.0.113.5-203.0.113.9"]),
    ({"snat": ["203.0.113.5"], "ports": "5", "persistent": True},
     [f"{LEAVES} {ANY_PORT} snat ip to 203.0.113.5:5 persistent", f"{LEAVES} snat ip to 203.0.113.5 persistent"]),
    ({"netmap": [{"inside": "10.0.0.16/28", "outside": "192.0.2.16/28"}, {"inside": "10.0.0.0/28", "outside": "192.0.2.0/28"}]},
     [HAIRPIN, f"{AWAY} snat ip prefix to ip saddr map {{ 10.0.0.0/28 : 192.0.2.0/28, 10.0.0.16/28 : 192.0.2.16/28 }}"]),
    ({"netmap": [{"inside": "10.0.0.2", "outside": "192.0.2.2"}], "masquerade": True, "devices": ["a"]},
     [HAIRPIN, AWAY + ' oifname { "a" } snat ip prefix to ip saddr map { 10.0.0.2/32 : 192.0.2.2/32 }', LEAVES + ' oifname { "a" } masquerade']),
    ({"forwards": [WEB]}, [HAIRPIN, f"{LEAVES} masquerade"]), ({"forwards": [WEB], "masquerade": False}, [HAIRPIN]),
])
def test_what_leaves(options, expected):
    """What stays inside, and what is for groups, keeps its source in any case; but what comes back in by a forward has to return the same way."""
    assert rules(made(**options), "postrouting") == expected


def test_what_leaves_by_ipv6():
    """It is masqueraded where that is said, with brackets around addresses."""
    subnets = ["10.0.0.0/24", "fd00::/64"]
    leaves = "ip6 saddr @inside_ipv6 ip6 daddr != @inside_ipv6 ip6 daddr != { ff00::/8 }"
    assert rules(made(subnets=subnets), "postrouting") == [f"{LEAVES} masquerade"]
    assert rules(made(subnets=subnets, ipv6=True), "postrouting") == [f"{LEAVES} masquerade", f"{leaves} masquerade"]
    assert rules(made(subnets=subnets, snat=["2001:db8::5-2001:db8::9"], ports="7-9"), "postrouting") == [
        f"{leaves} {ANY_PORT} snat ip6 to [2001:db8::5]-[2001:db8::9]:7-9", f"{leaves} snat ip6 to [2001:db8::5]-[2001:db8::9]"]
    assert "inside_ipv6" not in made() and "inside_ipv4" not in made(subnets=["fd00::/64"])


LOCAL = "fib daddr type local "
FORMS = [
    ({}, "to_ipv4", ["type inet_proto . inet_service : ipv4_addr . inet_service"], "tcp . 80 : 10.0.0.2 . 80", LOCAL + "{} dnat ip to {}"),
    ({"to_port": "8080", "protocol": "udp"}, "to_ipv4", ["type inet_proto . inet_service : ipv4_addr . inet_service"], "udp . 80 : 10.0.0.2 . 8080",
     LOCAL + "{} dnat ip to {}"),
    ({"port": "80-82"}, "to_range_ipv4", ["type inet_proto . inet_service : ipv4_addr", "flags interval"],
     "tcp . 80-82 : 10.0.0.2", LOCAL + "{} dnat ip to {}"),
    ({"port": "80-81", "to_port": "90"}, "to_ipv4", ["type inet_proto . inet_service : ipv4_addr . inet_service"],
     "tcp . 80 : 10.0.0.2 . 90, tcp . 81 : 10.0.0.2 . 91", LOCAL + "{} dnat ip to {}"),
    ({"listen": "192.0.2.1"}, "to_address_ipv4", ["type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service"],
     "192.0.2.1 . tcp . 80 : 10.0.0.2 . 80", "{} dnat ip to ip daddr . {}"),
    ({"sources": ["192.0.2.0/24", "192.0.2.7", "10.9.0.0/16"]}, "to_from_ipv4",
     ["type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service", "flags interval"],
     "10.9.0.0/16 . tcp . 80 : 10.0.0.2 . 80, 192.0.2.0/24 . tcp . 80 : 10.0.0.2 . 80", LOCAL + "{} dnat ip to ip saddr . {}"),
    ({"sources": ["192.0.2.0/24"], "listen": "192.0.2.1", "port": "1-9", "comment": "a; }"}, "to_address_from_range_ipv4",
     ["type ipv4_addr . ipv4_addr . inet_proto . inet_service : ipv4_addr", "flags interval"], '192.0.2.1 . 192.0.2.0/24 . tcp . 1-9 comment "a; }" : 10.0.0.2',
     "{} dnat ip to ip daddr . ip saddr . {}"),
    ({"to": "fd00::2", "sources": ["2001:db8::/32"], "protocol": "sctp"}, "to_from_ipv6",
     ["type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service", "flags interval"], "2001:db8::/32 . sctp . 80 : fd00::2 . 80",
     LOCAL + "{} dnat ip6 to ip6 saddr . {}"),
]


@pytest.mark.parametrize(("options", "name", "kind", "members", "rule"), FORMS)
def test_forwards_are_maps(options, name, kind, members, rule):
    """One for what has the same form, and one look-up, from outside and from the host itself."""
    text = made(subnets=["10.0.0.0/24", "fd00::/64"], forwards=[{**WEB, **options}])
    assert body(text, f"map {name}") == [*kind, f"elements = {{ {members} }}"]
    look_up = rule.format(ANY_PORT, f"meta l4proto . th dport map @{name}")
    assert rules(text, "forwards") == [f"meta nfproto {name.rpartition('_')[2]} {look_up}"]
    assert rules(text, "prerouting") == ["jump forwards"] and rules(text, "output") == ["ip daddr 127.0.0.0/8 return", "ip6 daddr ::1 return", "jump forwards"]


def test_the_closer_a_forward_the_earlier_it_is_looked_for():
    """What listens to one address comes before what listens to all, and what is for some before what is for everybody; netmaps are last."""
    forwards = [{**WEB, **each, "port": str(port + number * 100)} for port in (80, 443) for number, each in enumerate(
        ({}, {"listen": "192.0.2.1"}, {"sources": ["192.0.2.0/24"]}, {"listen": "192.0.2.1", "sources": ["192.0.2.0/24"]}))]
    text = made(forwards=[*forwards, {**WEB, "port": "1-9"}], netmap=[{"inside": "10.0.0.2", "outside": "192.0.2.2"}])
    assert [rule.rpartition("map ")[2] for rule in rules(text, "forwards")] == [
        "@to_address_from_ipv4", "@to_address_ipv4", "@to_from_ipv4", "@to_ipv4", "@to_range_ipv4", "{ 192.0.2.2/32 : 10.0.0.2/32 }"]


def test_there_is_no_more_than_is_asked_for():
    """Chains without rules cost each packet."""
    text = made(masquerade=False)
    assert "chain" not in text and body(text, "set inside_ipv4") == ["type ipv4_addr; flags interval", "elements = { 10.0.0.0/24 }"]
    assert "chain prerouting" not in made() and "chain output" not in made()
    assert body(made(subnets=["10.0.0.128/25", "10.0.0.0/25", "10.0.0.7", "10.2.0.0/16"]), "set inside_ipv4")[1] == "elements = { 10.0.0.0/24, 10.2.0.0/16 }"


def test_the_order_in_which_things_are_named_tells_nothing():
    """The same text for the same resource, so that nothing is done where only that changed."""
    options = {"subnets": [*nats.SUBNETS[4], *nats.SUBNETS[6]], "netmap": nats.PAIRS[4], "snat": [nats.GIVEN[version][0] for version in (4, 6)],
               "forwards": [*nats.forwards(4), *nats.forwards(6)], "devices": ["b", "a"]}
    turned = {name: given[::-1] for name, given in options.items()}
    turned["forwards"] = [{**each, "sources": each["sources"] and each["sources"][::-1]} for each in turned["forwards"]]
    assert made(**options) == made(**turned)


RULE = {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": [
    {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {"set": ["tcp", "udp"]}}}, {"masquerade": None}]}}
OTHER = {"rule": {**RULE["rule"], "handle": 8, "expr": [{"accept": None}]}}
MAP = {"map": {"family": "inet", "table": "t", "name": "m", "handle": 3,
               "elem": [[{"concat": ["tcp", 80]}, "10.0.0.2"], [{"concat": ["udp", 53]}, "10.0.0.3"]]}}
TABLE = [{"table": {"family": "inet", "name": "t", "handle": 1}}, MAP, {"chain": {"family": "inet", "table": "t", "name": "c", "handle": 2}}, RULE, OTHER]


def digests(*entries):
    """What is told of a document of nft(8)'s, as text that goes through JSON."""
    return nft_json.digests(json.loads(json.dumps({"nftables": [{"metainfo": {"version": "1.0.6"}}, *entries]})))


def changed(value, *path, to):
    """A copy of nested dicts and lists with another value at a place."""
    if not path:
        return to
    copied = value.copy()
    copied[path[0]] = changed(value[path[0]], *path[1:], to=to)
    return copied


@pytest.mark.parametrize("same", [
    changed(TABLE, 0, "table", "handle", to=99), changed(TABLE, 3, "rule", "handle", to=99), changed(TABLE, 1, "map", "elem", to=MAP["map"]["elem"][::-1]),
    changed(TABLE, 3, "rule", "expr", 0, "match", "right", "set", to=["udp", "tcp"]),
])
def test_what_a_digest_leaves_out(same):
    """Numbers that the kernel gives, and the order of members of maps and sets."""
    assert digests(*same) == digests(*TABLE) and list(digests(*TABLE)[1]) == [("inet", "t")]


@pytest.mark.parametrize("other", [
    changed(TABLE, 3, "rule", "expr", 0, "match", "op", to="!="), changed(TABLE, 3, "rule", "expr", 0, "match", "right", "set", to=["tcp"]),
    changed(TABLE, 1, "map", "elem", 0, 1, to="10.0.0.9"), changed(TABLE, 1, "map", "elem", 0, 0, "concat", to=[80, "tcp"]), TABLE[:-1], [*TABLE, RULE],
    [*TABLE[:3], OTHER, RULE], changed(TABLE, 2, "chain", "name", to="d"),
])
def test_what_a_digest_tells_apart(other):
    """Rules, their order, members and chains."""
    assert digests(*other)[1]["inet", "t"] != digests(*TABLE)[1]["inet", "t"]


def test_digests_are_of_one_table_each():
    """Each has its own; those of other families are others'."""
    second = changed(TABLE[0], "table", "name", to="u")
    version, found = digests(*TABLE, second, changed(TABLE[0], "table", "family", to="ip"))
    assert version == "1.0.6" and set(found) == {("inet", "t"), ("inet", "u"), ("ip", "t")}
    assert found["inet", "t"] == digests(*TABLE)[1]["inet", "t"] != found["inet", "u"]
    assert digests() == ("1.0.6", {})


@pytest.mark.parametrize("options", [
    {"network": "lab"}, {"subnets": ["10.0.0.0/24", "fd00::/64"], "ipv6": True, "devices": ["eth0"], "ports": "1-9", "persistent": False, "masquerade": True},
    {"subnets": ["10.0.0.0/24"], "snat": ["203.0.113.5"], "random": "random", "netmap": nats.PAIRS[4][:1], "forwards": list(nats.forwards(4))},
])
def test_what_is_written_down_is_read_again(options):
    """All of it, and settings in their order; what is so at the moment is not."""
    data = nat({"name": "lab", "state": "present", **options}, "blue", None).data
    settings = (("net/ipv6/conf/eth0/accept_ra", 2), ("net/ipv6/conf/all/forwarding", 1), ("net/ipv4/ip_forward", 1))
    for order in itertools.permutations(settings):
        record = table_record.Record(TableState("nat", "lab", data, "table ü\n", "blue", settings=order), "1.0.6", "0a")
        assert table_record.parse(table_record.text(record)) == record
        assert table_record.settings(table_record.text(record)) == order
        seen = replace(record.state, live="missing", boot=False, found=(("x", 0),), back=(("y", 0),))
        assert table_record.text(record._replace(state=seen)) == table_record.text(record)
