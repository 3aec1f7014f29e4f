# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what nft(8) prints of a ruleset as JSON to chains that can be followed. Source: libnftables-json(5)."""

from __future__ import annotations

from ..model.passing import ACCEPT, DROP, GOTO, JUMP, RETURN, Chain, Match, Rule

#: facts of packets by what is looked at
META = {"iifname": "iifname", "oifname": "oifname", "iif": "iifname", "oif": "oifname", "nfproto": "nfproto"}
PAYLOAD = {("ip", "saddr"): "saddr", ("ip", "daddr"): "daddr", ("ip6", "saddr"): "saddr", ("ip6", "daddr"): "daddr"}
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
            matches.append(_match(value))
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


def _match(value):
    fact, values = _fact(value["left"]), _values(value["right"])
    return Match(fact, values, value["op"] == "!=") if fact and values else Match(None)


def _fact(left):
    if "meta" in left:
        return META.get(left["meta"]["key"])
    if "payload" in left:
        return PAYLOAD.get((left["payload"].get("protocol"), left["payload"].get("field")))
    if "ct" in left:
        return "state" if left["ct"].get("key") == "state" else None
    return None


def _values(right):
    """What is compared with, as words; () where that is not to be told."""
    members = right["set"] if isinstance(right, dict) and "set" in right else right if isinstance(right, list) else [right]
    found = [f"{each['prefix']['addr']}/{each['prefix']['len']}" if isinstance(each, dict) and "prefix" in each else each for each in members]
    return tuple(found) if all(isinstance(each, str) and not each.startswith("@") for each in found) else ()
