# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what nft(8) prints of a ruleset as JSON to chains that can be followed. Source: libnftables-json(5)."""

from __future__ import annotations

from ..model.passing import ACCEPT, DROP, GOTO, JUMP, RETURN, Chain, Match, Rule

#: facts of packets by what is looked at
META = {"iifname": "iifname", "oifname": "oifname", "iif": "iifname", "oif": "oifname", "nfproto": "nfproto", "l4proto": "protocol"}
CONNTRACK = ("state", "status")
#: what a header that is looked at says of a packet by itself, as a fact and its value, by nft(8)'s word for it; and fields that are facts
HEADERS = {"ip": ("nfproto", "ipv4"), "ip6": ("nfproto", "ipv6"), **{name: ("protocol", name) for name in ("tcp", "udp", "sctp", "icmp")},
           "icmpv6": ("protocol", "ipv6-icmp")}
FIELDS = ("saddr", "daddr", "sport", "dport")
#: what neither decides nor depends on anything
IDLE = {"counter", "log", "comment", "mangle", "notrack"}
VERDICTS = {"accept": ACCEPT, "drop": DROP, "reject": DROP, "return": RETURN}


def parse(document):
    """{(family, table): {name: Chain}} of a ruleset."""
    tables, rules = {}, {}
    for entry in document["nftables"]:
        if "chain" in entry:
            each = entry["chain"]
            tables.setdefault((each["family"], each["table"]), {})[each["name"]] = Chain(
                each["family"], each["table"], each["name"], each.get("hook"), each.get("type", ""), each.get("prio", 0), each.get("policy", ACCEPT))
        elif "rule" in entry:
            each = entry["rule"]
            rules.setdefault((each["family"], each["table"], each["chain"]), []).extend(_rules(each["expr"]))
    return {place: {name: Chain(**{**vars(chain), "rules": tuple(rules.get((*place, name), ()))}) for name, chain in chains.items()}
            for place, chains in tables.items()}


def _rules(statements):
    """The Rules that a rule's statements come to: one, or of a verdict map one a verdict that it may give."""
    matches = []
    for statement in statements:
        (word, value), = statement.items()
        if word == "match":
            matches += _matches(value)
        elif word in VERDICTS:
            yield Rule(tuple(matches), VERDICTS[word])
        elif word in (JUMP, GOTO):
            yield Rule(tuple(matches), word, value["target"])
        elif word == "vmap":
            for each in _verdicts(value):
                (verdict, target), = each.items()
                yield Rule((*matches, Match(None)), VERDICTS.get(verdict, verdict), target["target"] if verdict in (JUMP, GOTO) else "")
        elif word not in IDLE:  # what iptables(8) has of its own, and what counts packets
            matches.append(Match(None))


def _verdicts(value):
    data = value.get("data")
    return [verdict for unused, verdict in data["set"] if isinstance(verdict, dict)] if isinstance(data, dict) else []


def _matches(value):
    """The Matches of a comparison: that of what it names, and that of the header which this is in."""
    fact, values, payload = _fact(value["left"]), _values(value["right"]), value["left"].get("payload", {})
    if payload.get("protocol") in HEADERS:
        implied, word = HEADERS[payload["protocol"]]
        yield Match(implied, (word,))
    yield Match(fact, values, value["op"] == "!=") if fact and values else Match(None)


def _fact(left):
    if "meta" in left:
        return META.get(left["meta"]["key"])
    if "payload" in left:
        return left["payload"]["field"] if left["payload"].get("field") in FIELDS else None
    return left["ct"]["key"] if left.get("ct", {}).get("key") in CONNTRACK else None


def _values(right):
    """What is compared with, as words; () where that is not to be told."""
    members = right["set"] if isinstance(right, dict) and "set" in right else right if isinstance(right, list) else [right]
    found = tuple(_word(each) for each in members)
    return () if None in found else found


def _word(member):
    if isinstance(member, dict) and "prefix" in member:
        return f"{member['prefix']['addr']}/{member['prefix']['len']}"
    if isinstance(member, dict) and "range" in member:
        return "-".join(map(str, member["range"]))
    return None if isinstance(member, dict) or str(member).startswith("@") else str(member)
