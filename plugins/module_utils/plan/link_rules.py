# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel refuses of options that are each right by themselves, and of devices beside each other. Pure, as all plans.

Source: the kernel's drivers/net/bonding, drivers/net/vxlan, net/8021q, drivers/net/macvlan.c and drivers/net/ipvlan.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Callable, NamedTuple

from ..errors import ValidationError, about
from ..model.kernel import RIDERS
from ..model.link_kinds import WATCHFUL, Bond, Vxlan
from .link_taken import names_of, released
from .link_target import fill


class Rule(NamedTuple):
    """What an option that is given cannot be: ``broken(given, whole, link)`` tells by the options given, by all, and by the Link. ``why`` has fields of all."""

    option: str
    broken: Callable
    why: str
    what: str


def _multicast(address):
    return bool(address) and ipaddress.ip_address(address).is_multicast


def _miimon(bond):
    return bond.miimon if bond.miimon is not None else 100 if bond.mode in WATCHFUL else 0


def _delay(name):
    return Rule(name, lambda given, whole, link: not _miimon(whole) or getattr(given, name) % _miimon(whole),
                "is no multiple of miimon, which is {miimon}", "give both, the one a multiple of the other")


RULES = {
    Bond: (
        Rule("arp_interval", lambda given, whole, link: given.miimon, "and miimon are two ways to look at ports, of which a bond has one",
             "leave one of the two out"),
        Rule("arp_interval", lambda given, whole, link: whole.mode in WATCHFUL, "is not for mode {mode}, which looks at carriers", "use miimon"),
        *map(_delay, ("updelay", "downdelay", "peer_notify_delay")),
    ),
    Vxlan: (
        Rule("group", lambda given, whole, link: not _multicast(given.group), "is no multicast address", "use remote for a single host"),
        Rule("remote", lambda given, whole, link: _multicast(given.remote), "is a multicast address", "use group"),
        Rule("group", lambda given, whole, link: given.remote, "and remote are both where packets go to", "leave one of the two out"),
        Rule("group", lambda given, whole, link: not link.link, "is reached by one device, and none is named", "give link"),
    ),
}


def check(wanted, state, target):
    """Raise ValidationError for the first rule that what is given for a device breaks."""
    whole = fill(target, state) if state is not None else target
    for rule in RULES.get(type(wanted.data), ()):
        given = getattr(wanted.data, rule.option)
        if given and rule.broken(wanted.data, whole.data, whole.link):
            raise ValidationError(f"{target.prefix}{rule.option}", given, rule.why.format(**vars(whole.data)), rule.what)


#: kinds of which two can be the same
KINDS = ("vlan", "vxlan")


def identity(state):
    """What only one device can be: (option, value, where, and what else tells them apart), or None."""
    data = state.data
    if state.kind == "vlan" and data is not None:
        return "vlan.id", data.id, f"on {state.link.link}", data.protocol or "802.1Q"
    if state.kind == "vxlan" and data is not None:
        six = any(":" in (each or "") for each in (data.local, data.remote, data.group))
        return *(("vxlan.external", True) if data.external else ("vxlan.id", data.id)), f"with dstport {data.dstport or 4789}", six
    return None


def _rides(state):
    """(the device below, whether as an ipvlan, and whether alone) of one that takes what comes in by that; None of another."""
    if state.kind not in RIDERS:
        return None
    return state.link.link, state.kind.startswith("ip"), getattr(state.data, "mode", None) == "passthru"


def check_beside(wanted, observed, targets, context):
    """Raise ValidationError for a device that cannot be beside another: that is the same, takes what comes in by the same one, or has its address."""
    found = {name: target for name, target in targets.items() if target is not None and target.kind in (*KINDS, *RIDERS)}
    whole = {name: fill(target, observed[name]) if observed[name] is not None else target for name, target in found.items()}
    owners = {port: state.name for state in targets.values() for port in names_of(state)}
    addresses = {}
    for each in wanted:
        with about(f"{each.kind} {each.name}" if len(wanted) > 1 else ""):
            _check_shared(each.name, observed, targets, addresses)
    for told, clash in ((identity, _same), (_rides, _both_ride)):
        new = [each for each in wanted if each.name in whole and _new(told, observed[each.name], whole[each.name])]
        index = _index(told, targets, whole, context) if new else {}
        for each in new:
            mine = whole[each.name]
            with about(f"{each.kind} {each.name}" if len(wanted) > 1 else ""):
                if told is _rides:
                    _check_free(mine.link.link, owners, targets, context)
                for other in index[_where(told, mine)]:
                    if other.name != each.name:
                        clash(mine, other)


def _check_shared(name, observed, targets, addresses):
    """Raise ValidationError for an address that another device of the plan has, too, unless both have it already. ``addresses`` are those of others."""
    for cidr in targets[name].link.addresses or () if targets[name] is not None else ():
        other = addresses.setdefault(cidr.partition("/")[0], name)
        had = [observed[each] is not None and cidr in observed[each].link.addresses for each in (name, other)]
        if other != name and not all(had):
            raise ValidationError("addresses", cidr, f"is {other}'s in the same task", "choose another for one of the two")


def _index(told, targets, whole, context):
    """{what clashes: states that have it}, of those that are like each other no more than two: of hundreds on one device that is enough."""
    kinds = {state.kind for state in whole.values()} if told is identity else RIDERS
    seen = (context.state(name) for name, entry in context.seen.items() if name not in targets and entry.kind in kinds)
    index, number = {}, Counter()
    for state in (*filter(None, seen), *whole.values()):
        number[told(state)] += 1
        if told(state) is not None and number[told(state)] <= 2:
            index.setdefault(_where(told, state), []).append(state)
    return index


def _where(told, state):
    return told(state) if told is identity else state.link.link


def _new(told, state, whole):
    return told(whole) is not None and (state is None or told(state) != told(whole))


def _same(mine, other):
    option, value, where, unused = identity(mine)
    raise ValidationError(option, value, f"{where} is {other.name} already", "choose another, or remove that one first, or in the same task")


def _check_free(below, owners, targets, context):
    """Raise ValidationError for a device that is, or becomes, a port, whose owner has what comes in."""
    given = targets[below].link.controller if targets.get(below) is not None else None
    master = context.seen[below].master if below in context.seen else None
    stays = given is None and master and not released(master, below, targets)
    owner = given or owners.get(below) or (master if stays else None)
    if owner:
        raise ValidationError("link", below, f"is a port of {owner}, and the kernel gives it to one of the two", f"name {owner}, or take the port off it")


def _both_ride(mine, other):
    below, ip, alone = _rides(mine)
    if ip != _rides(other)[1]:
        raise ValidationError("link", below, f"carries {other.name}, a device of kind {other.kind}, and the kernel gives it to one of the two kinds",
                              "use one kind for both, or another link")
    if alone or _rides(other)[2]:
        raise ValidationError("link", below, f"carries {other.name}, and one of mode passthru is alone on it", "use another mode, or another link")
