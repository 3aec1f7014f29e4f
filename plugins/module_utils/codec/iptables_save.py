# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what iptables-save(8) prints to chains that can be followed: nft(8) does not tell what its extensions look at."""

from __future__ import annotations

import shlex

from ..model.passing import ACCEPT, DROP, GOTO, JUMP, RETURN, Chain, Match, Rule

HOOKS = {"FORWARD": "forward", "INPUT": "input", "OUTPUT": "output"}
VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": DROP, "RETURN": RETURN}
#: options that say what a packet must have
FACTS = {"-i": "iifname", "-o": "oifname", "-s": "saddr", "-d": "daddr", "--ctstate": "state", "--state": "state", "-p": "protocol",
         "--sport": "sport", "--dport": "dport", "--dst-type": "reach"}
#: states that are no states of conntrack's
TRANSLATED = {"dnat", "snat"}
#: options with a value that say nothing of packets
SILENT = {"-m", "--comment", "--reject-with", "-c"}
#: targets that only tell of packets
TELLING = {"LOG", "NFLOG", "MARK", "CONNMARK"}


def parse(text, family, called):
    """{(family, table): {name: Chain}} of the table filter, as nft_chains has it; ``called`` is the name to give it."""
    chains, rules, table = {}, {}, None
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif table == "filter" and line.startswith(":"):
            name, policy, *unused = line[1:].split()
            hook = HOOKS.get(name)
            chains[name] = Chain(family, called, name, hook, "filter" if hook else "", 0, DROP if policy == "DROP" else ACCEPT)
        elif table == "filter" and line.startswith("-A "):
            unused, name, *words = shlex.split(line)
            rules.setdefault(name, []).extend(_rules(words))
    whole = {name: Chain(**{**vars(chain), "rules": tuple(rules.get(name, ()))}) for name, chain in chains.items()}
    return {(family, called): whole} if whole else {}


def _rules(words):
    """The Rule of a rule's words, if it decides anything."""
    matches, negated, rest = [], False, list(words)
    while rest:
        word = rest.pop(0)
        if word == "!":
            negated = True
            continue
        if word in ("-j", "-g"):
            target = rest.pop(0)
            if target in VERDICTS:
                yield Rule(tuple(matches), VERDICTS[target])
            elif target not in TELLING:
                yield Rule(tuple(matches), JUMP if word == "-j" else GOTO, target)
            return
        values = []
        while rest and not rest[0].startswith("-") and rest[0] != "!":
            values.append(rest.pop(0))
        if word not in SILENT:
            matches.append(_match(word, values, negated))
        negated = False


def _match(word, values, negated):
    if word not in FACTS or len(values) != 1:
        return Match(None)
    fact = FACTS[word]
    found = values[0].replace("+", "*") if word in ("-i", "-o") else values[0].lower() if fact in ("state", "reach") else values[0]
    members = tuple(found.split(","))
    if fact == "state" and not TRANSLATED.isdisjoint(members):  # which iptables(8) counts among states
        return Match("status", members, negated) if TRANSLATED.issuperset(members) else Match(None)
    return Match(fact, members, negated)
