# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a packet would pass chains of nft(8), as far as that can be told from what is known of the packet."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import NamedTuple, Optional

ACCEPT, DROP = "accept", "drop"
#: what a rule can do beside these
JUMP, GOTO, RETURN = "jump", "goto", "return"
#: chains that call each other deeper than that are not looked into: the kernel allows 16
DEEPEST = 16


class Match(NamedTuple):
    """A condition: which fact of a packet (None: one that nobody knows), the values it may have, and whether it must have none of these instead."""

    fact: Optional[str]
    values: tuple = ()
    negated: bool = False


class Rule(NamedTuple):
    """What is done with packets that meet all conditions: one of the words above; ``target`` is the chain to go to."""

    matches: tuple
    verdict: str
    target: str = ""


@dataclass(frozen=True)
class Chain:
    """A chain, with what makes it a base chain: its hook (None for others), type, priority and policy."""

    family: str
    table: str
    name: str
    hook: Optional[str] = None
    type: str = ""
    priority: int = 0
    policy: str = ACCEPT
    rules: tuple = ()

    def __str__(self):
        return f"chain {self.name} of table {self.family} {self.table}"


def outcomes(base, packet, chains):
    """What a base chain may do with a packet, a dict of facts: a set of ACCEPT and DROP. ``chains`` is {name: Chain} of its table."""
    return {base.policy if each is None else each for each in _through(base, packet, chains, 0)}


def reached(base, chains):
    """Names of the chains of its table that a base chain leads to."""
    found, work = set(), [base]
    while work:
        targets = {rule.target for rule in work.pop().rules if rule.target in chains} - found
        found |= targets
        work += [chains[name] for name in targets]
    return found


def _through(chain, packet, chains, depth):
    """What may become of a packet in a chain: a set of ACCEPT, DROP, and None where it may come out at the end."""
    found = set()
    for rule in chain.rules if depth <= DEEPEST else ():
        fits = _fits(rule.matches, packet)
        if fits is False:
            continue
        if rule.verdict in (JUMP, GOTO):
            inner = _through(chains[rule.target], packet, chains, depth + 1) if rule.target in chains else {None}
        else:
            inner = {None if rule.verdict == RETURN else rule.verdict}
        goes_on = rule.verdict == JUMP and None in inner
        found |= inner - {None} if goes_on else inner
        if fits and not goes_on:
            return found
    return found | {None}


def _fits(matches, packet):
    """True or False where that is certain, None else."""
    known = [_meets(match, packet) for match in matches]
    return False if False in known else None if None in known else True


def _meets(match, packet):
    fact = packet.get(match.fact)
    if fact is None:
        return None
    return any(_same(fact, value) for value in match.values) != match.negated


def _same(fact, value):
    """True for a name that a value, which may end in a star, stands for, for an address that is in it, and for a port of a range."""
    if value.endswith("*"):
        return fact.startswith(value[:-1])
    if fact.isdecimal():
        first, unused, last = value.replace(":", "-").partition("-")
        return (first or "0").isdecimal() and int(first or 0) <= int(fact) <= int(last or first)
    try:
        return ipaddress.ip_address(fact) in ipaddress.ip_network(value)
    except ValueError:
        return fact == value
