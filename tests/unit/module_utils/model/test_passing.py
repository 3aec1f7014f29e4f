# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may become of a packet in chains, of iptables-save(8)'s and of nft(8)'s."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import iptables_save, nft_chains
from ansible_collections.virtlab.network.plugins.module_utils.model.passing import ACCEPT, DROP, outcomes

PACKET = {"nfproto": "ipv4", "state": "new", "status": "none", "protocol": "udp", "sport": "68", "dport": "67", "iifname": "virbr0", "oifname": "eth0",
          "saddr": "10.0.0.2", "daddr": "192.0.2.1", "reach": "unicast"}
#: rules of chain FORWARD, whose policy is to drop, and what may become of the packet
RULES = [
    ("", {DROP}), ("-A FORWARD -j ACCEPT", {ACCEPT}), ("-A FORWARD -j REJECT", {DROP}), ("-A FORWARD -j LOG", {DROP}),
    ("-A FORWARD -i virbr0 -j ACCEPT", {ACCEPT}), ("-A FORWARD -i virbr1 -j ACCEPT", {DROP}), ("-A FORWARD -i virbr+ -o eth+ -j ACCEPT", {ACCEPT}),
    ("-A FORWARD ! -i virbr0 -j ACCEPT", {DROP}), ("-A FORWARD -s 10.0.0.0/8 ! -d 10.0.0.0/8 -j ACCEPT", {ACCEPT}),
    ("-A FORWARD -m mark --mark 1 -j ACCEPT", {ACCEPT, DROP}), ("-A FORWARD -m mark --mark 1 -i virbr1 -j ACCEPT", {DROP}),
    ("-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT", {DROP}), ("-A FORWARD -m conntrack --ctstate NEW,DNAT -j ACCEPT", {ACCEPT, DROP}),
    ("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", {DROP}), ("-A FORWARD -m conntrack --ctstate NEW -j ACCEPT", {ACCEPT}),
    ("-A FORWARD -p icmp -m icmp --icmp-type 3 -j ACCEPT", {DROP}), ("-A FORWARD -p udp -m udp --dport 67 -j ACCEPT", {ACCEPT}),
    ("-A FORWARD -p udp -m udp --dport 60:70 -j ACCEPT", {ACCEPT}), ("-A FORWARD -p udp -m udp --dport 53 -j ACCEPT", {DROP}),
    ("-A FORWARD -p udp -m udp --dport :66 -j ACCEPT", {DROP}), ("-A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT", {DROP}),
    ("-A FORWARD -m limit --limit 3/min -j ACCEPT", {ACCEPT, DROP}), ("-A FORWARD -m comment --comment \"a b\" -j ACCEPT", {ACCEPT}),
    ("-A FORWARD -j OWN\n-A OWN -j RETURN\n-A OWN -j ACCEPT", {DROP}), ("-A FORWARD -j OWN\n-A FORWARD -j ACCEPT\n-A OWN -s 10.0.0.2/32 -j DROP", {DROP}),
    ("-A FORWARD -j OWN\n-A FORWARD -j ACCEPT\n-A OWN -m mark --mark 1 -j RETURN\n-A OWN -j DROP", {ACCEPT, DROP}),
    ("-A FORWARD -g OWN\n-A FORWARD -j ACCEPT\n-A OWN -j LOG", {DROP}), ("-A FORWARD -m mark --mark 1 -g OWN\n-A FORWARD -j ACCEPT", {ACCEPT, DROP}),
    ("-A FORWARD -j OWN\n-A OWN -j OWN", {DROP}), ("-A FORWARD -j GONE\n-A FORWARD -j ACCEPT", {ACCEPT}),
]


@pytest.mark.parametrize(("rules", "expected"), RULES, ids=[rules or "none" for rules, unused in RULES])
def test_what_iptables_does(rules, expected):
    """Whatever is not known of a packet may be one way or the other."""
    text = f"*nat\n:FORWARD ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD DROP [1:2]\n:OWN - [0:0]\n{rules}\nCOMMIT\n"
    chains = iptables_save.parse(text, "ip", "filter")["ip", "filter"]
    assert chains["FORWARD"].hook == "forward" and outcomes(chains["FORWARD"], PACKET, chains) == expected


def meta(key, value, op="=="):
    """A comparison of nft(8)'s."""
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": value}}


def payload(header, field, value, op="=="):
    """A comparison of what is in a header."""
    return {"match": {"op": op, "left": {"payload": {"protocol": header, "field": field}}, "right": value}}


def conntrack(key, value, op="in"):
    """A comparison of what is known of a connection."""
    return {"match": {"op": op, "left": {"ct": {"key": key}}, "right": value}}


TAKEN, DROPPED = {"accept": None}, {"drop": None}
EXPRESSIONS = [
    ([TAKEN], {ACCEPT}), ([DROPPED], {DROP}), ([{"counter": {"packets": 0}}, {"log": None}, DROPPED], {DROP}), ([{"reject": {"type": "icmpx"}}], {DROP}),
    ([meta("iifname", "virbr0"), DROPPED], {DROP}), ([meta("iifname", "virbr*"), DROPPED], {DROP}), ([meta("iifname", "x", "!="), DROPPED], {DROP}),
    ([meta("iifname", "@mine"), DROPPED], {ACCEPT, DROP}), ([meta("mark", 1), DROPPED], {ACCEPT, DROP}),
    ([meta("l4proto", {"set": ["tcp", "udp"]}), DROPPED], {DROP}),
    ([payload("ip", "saddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}), DROPPED], {DROP}), ([payload("ip6", "saddr", "fd00::1", "!="), DROPPED], {ACCEPT}),
    ([payload("udp", "dport", 67), DROPPED], {DROP}), ([payload("tcp", "dport", 67), DROPPED], {ACCEPT}),
    ([payload("tcp", "dport", 80, "!="), DROPPED], {ACCEPT}),
    ([payload("icmpv6", "type", "nd-router-advert"), DROPPED], {ACCEPT}),
    ([payload("udp", "dport", {"set": [53, {"range": [60, 70]}]}), DROPPED], {DROP}), ([payload("udp", "length", 8), DROPPED], {ACCEPT, DROP}),
    ([conntrack("state", ["established", "related"]), DROPPED], {ACCEPT}),
    ([conntrack("status", "dnat"), DROPPED], {ACCEPT}), ([conntrack("mark", 1), DROPPED], {ACCEPT, DROP}),
    ([{"vmap": {"key": {}, "data": {"set": [["a", {"drop": None}], ["b", {"goto": {"target": "x"}}]]}}}], {ACCEPT, DROP}),
    ([{"xt": None}, DROPPED], {ACCEPT, DROP}),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS, ids=range(len(EXPRESSIONS)))
def test_what_nft_does(expression, expected):
    """A header that is looked at says which packets a rule is about at all, also where it is to be another than that."""
    chain = {"family": "inet", "table": "t", "name": "c", "hook": "forward", "prio": 0, "type": "filter", "policy": "accept"}
    entries = [{"chain": chain}, {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": expression}}]
    chains = nft_chains.parse({"nftables": entries})["inet", "t"]
    assert outcomes(chains["c"], PACKET, chains) == expected
