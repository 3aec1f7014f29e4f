# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) reads of policies between zones: a chain each, to which a packet comes by one look-up of the devices that it passes.

Source: nft(8) 1.0.6 to 1.1.3; all values are of kinds that hold no word of its language.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from ..model.nat import span
from .nft_text import block, quoted, table

#: what is needed to find neighbours, and routers; and to go on to be found where switches and bridges pass groups on to members alone (RFC 4890, 4.4.1)
MLD = "mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report"
NEIGHBOURS = f"icmpv6 type {{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, {MLD} }} accept"
ANSWERS = "ct state established,related accept"
#: what DHCP servers answer, the host's own and those that it asks, which connection tracking does not know for an answer: who was asked was everybody
LEASES = "meta l4proto udp udp sport . udp dport { 67 . 68, 547 . 546 } accept"
#: what the host says to itself, also to an address that it has in a subnet of some zone
ITSELF = {"input": 'iifname "lo" accept', "output": 'oifname "lo" accept'}
#: what the host goes on to say on a connection that is older than connection tracking, such as the one that a task comes by: only a SYN begins one
GOING_ON = "tcp flags & (syn | ack) != syn accept"
#: protocols that nft(8) knows by name only where there is an /etc/protocols
NUMBERS = {"gre": 47}
#: (nft's word, IP's version)
FAMILIES = (("ip", 4), ("ip6", 6))
#: how often what is dropped is logged
SELDOM = "limit rate 10/minute"


def text(name, data, zones, lab):
    """The tables of a Firewall. ``zones`` is {name: Members}, as the model has them.

    The order of policies and members makes no difference. A packet that is of two zones, of one by its device and of another by its address, is of that by its
    device: nobody comes into another zone by an address that they gave themselves.
    """
    chains, ways, bridged = [], {"input": {}, "output": {}, "forward": {}}, {"input": [], "output": [], "forward": []}
    policies = sorted(data.policies, key=str)
    for policy in policies:
        source, target = zones[policy.src], zones[policy.dst]
        chains += block(f"chain {_chain(policy)}", *_lines(policy))
        hook = ways["input" if target.host else "output" if source.host else "forward"]
        for key, value in _ways(source, target):
            hook.setdefault(key, []).append(f"{value} : jump {_chain(policy)}")
        for where, line in _frames(policy, source, target):
            bridged[where].append(line)
    jumps = {hook: [f"{key} vmap {_set(sorted(found[key]))}" for key in sorted(found, key=_rank)] for hook, found in ways.items()}
    first = {"input": [ANSWERS, NEIGHBOURS, ITSELF["input"], LEASES], "output": [ANSWERS, NEIGHBOURS, ITSELF["output"], LEASES, GOING_ON],
             "forward": [ANSWERS, NEIGHBOURS]}
    whole = table("inet", f"virtlab_firewall_{name}", lab, [*chains, *_hooks(jumps, first)])
    inside = [policy for policy in policies if policy.src == policy.dst and zones[policy.src].bridges]
    frames = [line for policy in inside for line in block(f"chain {_chain(policy)}", *_resolution(policy), *_lines(policy, reject="drop"))]
    return whole + table("bridge", f"virtlab_firewall_{name}", lab, [*frames, *_hooks(bridged, {"forward": [ANSWERS, NEIGHBOURS]})] or None)


def _chain(policy):
    """Name of a policy's chain: names of zones have no dashes, so no two are the same."""
    return f"{policy.src}-to-{policy.dst}"


def _rank(key):
    """What is looked up first: devices before addresses, of who begins before of who is talked to."""
    return [word.endswith("addr") for word in key.split(" . ")], key


def _hooks(jumps, first):
    """The base chains of what is jumped to from each hook, with what passes ``first``. They let pass what no policy is about."""
    for hook, lines in jumps.items():
        if lines:
            yield from block(f"chain {hook}", f"type filter hook {hook} priority filter; policy accept;", *first.get(hook, ()), *lines)


def _ways(source, target):
    """(what is looked up of a packet, what that is) of all that goes from one zone to another."""
    for begin in _ends(source, "iifname", "saddr"):
        for end in _ends(target, "oifname", "daddr"):
            if 0 in (begin.version, end.version) or begin.version == end.version:
                for one in begin.values:
                    for other in end.values:
                        yield " . ".join(filter(None, (begin.key, end.key))), " . ".join(filter(None, (one, other)))


class End(NamedTuple):
    """How those of a zone are known in a packet: what is looked up, what that may be, and IP's version where that matters."""

    key: str
    values: tuple
    version: int = 0


def _ends(members, device, address):
    if members.host:
        yield End("", ("",))
    if members.devices:
        yield End(device, tuple(quoted(each) for each in members.devices))
    for word, version in FAMILIES:
        subnets = tuple(map(str, ipaddress.collapse_addresses(each for each in members.subnets if each.version == version)))
        if subnets:
            yield End(f"{word} {address}", subnets, version)


def _frames(policy, source, target):
    """(hook, line) of frames that do not leave their bridge, and of ARP that the host answers on a bridge without an address all the same.

    By a bridge with an address the host is asked for others, too, as the way to them, and asks for those that it begins to talk to.
    """
    if policy.src == policy.dst:
        yield from (("forward", f"meta ibrname {quoted(bridge)} meta obrname {quoted(bridge)} jump {_chain(policy)}") for bridge in sorted(source.bridges))
    if target.host and policy.otherwise != "accept" and not policy.rules:
        yield from (("input", f"meta ibrname {quoted(bridge)} ether type arp drop") for bridge in sorted(source.bare))


def _resolution(policy):
    """What lets those on one bridge find each other, as NEIGHBOURS does by IPv6, where a rule may let them talk."""
    return ["ether type arp accept"] if any(rule.verdict == "accept" for rule in policy.rules) else []


def _lines(policy, reject="reject"):
    """The rules of a policy's chain. Frames on their way through a bridge cannot be rejected."""
    for rule in policy.rules:
        yield from (f"{words}{_action(rule, reject)}" for words in _matches(rule))
    if policy.log and policy.otherwise != "accept":
        yield f"{SELDOM} log prefix {quoted(policy.log)}"
    yield reject if policy.otherwise == "reject" else policy.otherwise


def _matches(rule):
    """What packets are that a rule is about, once for each version of IP where that makes a difference."""
    ports = f"{rule.protocol} dport {_set(sorted(set(rule.ports), key=span))} " if rule.ports else ""
    protocol = f"meta l4proto {NUMBERS.get(rule.protocol, rule.protocol)} " if rule.protocol and not ports else ""
    if not rule.saddr and not rule.daddr:
        yield f"{protocol}{ports}"
        return
    for word, version in FAMILIES:
        given = [(name, [each for each in map(ipaddress.ip_network, addresses) if each.version == version])
                 for name, addresses in (("saddr", rule.saddr), ("daddr", rule.daddr)) if addresses]
        if all(subnets for unused, subnets in given):
            addresses = "".join(f"{word} {name} {_set(ipaddress.collapse_addresses(subnets))} " for name, subnets in given)
            yield f"{addresses}{protocol}{ports}"


def _action(rule, reject):
    limit = f"limit rate {rule.limit} burst {rule.burst if rule.burst is not None else 5} packets " if rule.limit else ""
    log = f"log prefix {quoted(rule.log)} " if rule.log else ""
    comment = f" comment {quoted(rule.comment)}" if rule.comment else ""
    return f"{limit}{log}{reject if rule.verdict == 'reject' else rule.verdict}{comment}"


def _set(members):
    return f"{{ {', '.join(map(str, members))} }}"
