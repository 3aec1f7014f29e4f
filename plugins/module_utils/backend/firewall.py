# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the rules that libvirt keeps for a network are in the kernel's firewall. Read only: they are libvirt's, which alone writes them.

Source: src/network/network_iptables.c and network_nftables.c of libvirt 9.0 to 11.3.
"""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from typing import NamedTuple

from .. import deps
from ..model.kernel import CHAINS_LOST, IN_PLACE, RULES_LOST


class Backend(NamedTuple):
    """One of libvirt's two ways to write rules: by what a rule is about, the (table, chain) that have it, and (table, chain, chain called) before them."""

    chains: dict
    callers: dict

    def calls(self, rules, kind):
        """True where the kernel gets to the chains of a kind."""
        return all(any(target in rule for rule in rules.get((table, chain), ())) for table, chain, target in self.callers.get(kind, ()))

    def says(self, rules, kind, word):
        """True where each chain of a kind has a rule with a word, and with a verdict of that kind."""
        return all(
            any(word in rule and (kind not in VERDICTS or rule & VERDICTS[kind]) for rule in rules.get(place, ())) for place in self.chains.get(kind, ())
        )


#: what rules of a kind do, in the words of both ways; those of a bridge do this and that
VERDICTS = {"routed": {"ACCEPT", "accept"}, "served": {"ACCEPT", "accept"}, "translated": {"MASQUERADE", "SNAT", "masquerade", "snat"}}
ACROSS = [("filter", "LIBVIRT_FWI"), ("filter", "LIBVIRT_FWO")]
IPTABLES = Backend(
    {"bridge": [("filter", "LIBVIRT_FWX"), *ACROSS], "routed": ACROSS, "translated": [("nat", "LIBVIRT_PRT")],
     "served": [("filter", "LIBVIRT_INP"), ("filter", "LIBVIRT_OUT")]},
    {"bridge": [("filter", "FORWARD", f"LIBVIRT_{chain}") for chain in ("FWX", "FWI", "FWO")], "translated": [("nat", "POSTROUTING", "LIBVIRT_PRT")],
     "served": [("filter", "INPUT", "LIBVIRT_INP"), ("filter", "OUTPUT", "LIBVIRT_OUT")]},
)
#: it has one table a family, and leaves what comes in to others
OWN = "libvirt_network"
NFTABLES = Backend(
    {"bridge": [(OWN, chain) for chain in ("guest_cross", "guest_input", "guest_output")], "routed": [(OWN, "guest_input"), (OWN, "guest_output")],
     "translated": [(OWN, "guest_nat")]},
    {"bridge": [(OWN, "forward", chain) for chain in ("guest_cross", "guest_input", "guest_output")]},
)
PROGRAMS = {"ip": "iptables-save", "ip6": "ip6tables-save"}


class Firewall:
    """The rules as they are at one moment."""

    def __init__(self):
        self._rules = {}

    def of(self, network):
        """What there is of a live Network's rules: IN_PLACE, RULES_LOST or CHAINS_LOST. Seen is that a chain has something for it, not each rule."""
        if not network.owns_bridge or network.mode == "open":
            return IN_PLACE
        found = [self._family(network, family) for family in ("ip", "ip6")]
        return next((each for each in (CHAINS_LOST, RULES_LOST) if each in found), IN_PLACE)

    def _family(self, network, family):
        subnets = [str(each.network) for each in network.interfaces if each.version == (4 if family == "ip" else 6)]
        if family == "ip6" and not subnets and not network.ipv6:
            return IN_PLACE
        nat = network.forward.nat if network.forward else None
        translated = subnets if network.mode == "nat" and (family == "ip" or nat and nat.ipv6) else []
        routed = subnets if network.mode in ("nat", "route") else []
        words = {"bridge": [network.bridge_name], "routed": routed, "translated": translated,
                 "served": [network.bridge_name] if family == "ip" or subnets else []}
        found = _judged(IPTABLES, self._iptables(family), words)
        if found != IN_PLACE and self._nftables is not None:  # which is slow where iptables' rules are many
            held = self._nftables.get(family, {})
            if any(table == OWN for table, unused in held):
                return _judged(NFTABLES, held, words)
            return found or CHAINS_LOST
        return found or IN_PLACE

    @cached_property
    def _nftables(self):
        return _nftables() if deps.program("nft") else None

    def _iptables(self, family):
        """{(table, chain): the words of each of its rules}; None where they cannot be read."""
        if family not in self._rules:
            program = deps.program(PROGRAMS[family])
            text = _output(program) if program else None
            self._rules[family] = None if text is None else _parse(text)
        return self._rules[family]


def _judged(backend, rules, words):
    """What rules come to for the words that each kind must have; None where there are none to be read."""
    if rules is None:
        return None
    if not all(backend.calls(rules, kind) for kind, wanted in words.items() if wanted):
        return CHAINS_LOST
    return IN_PLACE if all(backend.says(rules, kind, word) for kind, wanted in words.items() for word in wanted) else RULES_LOST


def _parse(text):
    rules, table = {}, None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("*"):
            table = line[1:]
        elif words[:1] == ["-A"]:
            rules.setdefault((table, words[1]), []).append(set(words[2:]))
    return rules


def _nftables():
    """{family: {(table, chain): the words of each of its rules}}; None where they cannot be read."""
    text, found = _output(deps.program("nft"), "-j", "list", "ruleset"), {}
    if text is None:
        return None
    for entry in json.loads(text)["nftables"]:
        place = entry.get("rule") or entry.get("chain")
        if place:
            chain = found.setdefault(place["family"], {}).setdefault((place["table"], place.get("chain", place.get("name"))), [])
            chain.append(set(_words(place.get("expr"))))
    return found


def _output(*command):
    """What a command prints; None where it fails, as for who is not root: nothing is said of rules that cannot be read."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


def _words(value):
    """All texts in a rule, and the names of what it does; a prefix is one."""
    if isinstance(value, dict):
        if set(value) == {"addr", "len"}:
            return [f"{value['addr']}/{value['len']}"]
        return [*value, *(word for inner in value.values() for word in _words(inner))]
    if isinstance(value, list):
        return [word for inner in value for word in _words(inner)]
    return [value] if isinstance(value, str) else []
