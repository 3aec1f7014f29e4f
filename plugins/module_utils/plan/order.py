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
    room = {item.id: tuple(other.id for other in items if other is not item and _makes_room(other, item)) for item in items}
    first = {item.id: (*room[item.id], *(other.id for other in items if other is not item and _comes_first(other, item))) for item in items}
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


def _makes_room(one, other):
    """True where ``one`` gives up what ``other`` takes."""
    if not one.steps or not other.steps:
        return False
    if (one.had.holds - one.has.holds) & (other.has.holds - other.had.holds):
        return True
    given_up = [each for each in one.had.subnets if each not in one.has.subnets]
    taken = [each for each in other.has.subnets if each not in other.had.subnets]
    return any(mine.version == theirs.version and mine.overlaps(theirs) for mine in given_up for theirs in taken)


def _comes_first(one, other):
    """True where ``one`` makes a device that ``other`` refers to, or ends to refer to one that ``other`` removes."""
    if not one.steps or not other.steps:
        return False
    made, gone = one.has.makes - one.had.makes, other.had.makes - other.has.makes
    return bool(made & other.has.uses or (one.had.uses - one.has.uses) & gone)
