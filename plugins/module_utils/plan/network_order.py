# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order networks are changed: who gives up a subnet or a bridge goes before who takes it. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError
from .network_conflicts import subnets


def ordered(items):
    """The items in an order that works, absent ones first and else as they were given, each with its ``needs``.

    Raises ValidationError where networks wait for each other.
    """
    needs = {item.key: tuple(other.key for other in items if other is not item and _makes_room(other, item)) for item in items}
    by_key, found = {item.key: item for item in items}, []

    def visit(item, waiting):
        if item.key in found:
            return
        if item.key in waiting:
            circle = ", ".join(waiting[waiting.index(item.key):])
            raise ValidationError("networks", circle, "exchange a subnet or a bridge, and each would wait for the other",
                                  "move one of them out of the way in a task of its own first")
        for key in needs[item.key]:
            visit(by_key[key], [*waiting, item.key])
        found.append(item.key)

    for item in sorted(items, key=lambda item: item.target is not None):
        visit(item, [])
    return tuple(replace(by_key[key], needs=needs[key]) for key in found)


def _makes_room(one, other):
    """True where ``one`` gives up what ``other`` takes."""
    if not one.steps or not other.steps:
        return False
    given_up, taken = _missing(_held(one.observed), _held(one.target)), _missing(_held(other.target), _held(other.observed))
    names = set(given_up[0]) & set(taken[0])
    return bool(names) or any(mine.version == theirs.version and mine.overlaps(theirs) for mine in given_up[1] for theirs in taken[1])


def _held(state):
    """(names of its bridges and of their ports, subnets that it runs) of a NetworkState or None."""
    if state is None:
        return [], []
    definitions = [each for each in (state.stored, state.live) if each and each.owns_bridge and each.bridge_name]
    return [*(each.bridge_name for each in definitions), *state.definition.bridge_ports], subnets(state.live) if state.live else []


def _missing(before, after):
    return tuple([each for each in had if each not in has] for had, has in zip(before, after))
