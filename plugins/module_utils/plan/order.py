# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order resources are changed: a device is made before who refers to it, and goes after; who gives something up goes before who takes it.

Pure, as all plans.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError


def ordered(items):
    """The items in an order that works, absent ones first and else as they were given, each with its ``needs``.

    Raises ValidationError where resources wait for each other.
    """
    room, first = _waits(items)
    by_id, found = {item.id: item for item in items}, {}

    def visit(item, waiting):
        if item.id in found:
            return
        if item.id in waiting:
            circle = waiting[waiting.index(item.id):]
            raise ValidationError(f"{circle[0][0]}s", ", ".join(key for unused, key in circle), "each would wait for the other: they exchange what only one "
                                  "can have (a subnet, a bridge, a port), or are on top of each other", "change one of them in a task of its own first")
        for each in first[item.id]:
            visit(by_id[each], [*waiting, item.id])
        found[item.id] = item

    for item in sorted(items, key=lambda item: item.target is not None):
        visit(item, [])
    return tuple(replace(item, needs=room[item.id]) for item in found.values())


def _waits(items):
    """({id: ids of those that give up what it takes}, {id: these, and who makes what it refers to, or ends to refer to what it removes}).

    They are looked up by what they have to do with: in a task with hundreds of devices there are too many pairs to look at each.
    """
    busy = [item for item in items if item.steps]
    gives, makes, leaves = (_index(busy, names) for names in (
        lambda item: item.had.holds - item.has.holds, lambda item: item.has.makes - item.had.makes, lambda item: item.had.uses - item.has.uses))
    subnets = {item.id: given for item in busy if (given := [each for each in item.had.subnets if each not in item.has.subnets])}
    room, first, place = {}, {}, {item.id: number for number, item in enumerate(items)}
    for item in items:
        before = _meet(gives, item.has.holds - item.had.holds) | _overlapping(subnets, item) if item.steps else set()
        after = _meet(makes, item.has.uses) | _meet(leaves, item.had.makes - item.has.makes) if item.steps else set()
        room[item.id], later = (tuple(sorted(found - {item.id}, key=place.get)) for found in (before | set(item.needs), after))
        first[item.id] = (*room[item.id], *later)
    return room, first


def _index(items, names):
    """{name: ids of the items that have it}"""
    found = {}
    for item in items:
        for name in names(item):
            found.setdefault(name, set()).add(item.id)
    return found


def _meet(index, names):
    """Ids of all that an index has of some names."""
    return set().union(*(index[name] for name in names if name in index))


def _overlapping(subnets, item):
    """Ids of those who give up a subnet ({id: [subnet]}) that one which the item takes overlaps."""
    taken = [each for each in item.has.subnets if each not in item.had.subnets]
    return {other for other, given in subnets.items() if any(mine.version == theirs.version and mine.overlaps(theirs) for mine in given for theirs in taken)}
