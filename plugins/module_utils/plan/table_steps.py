# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from one state of a table of nft(8) to another, and what they come to. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..model.option import differences
from ..model.table import IN_PLACE, MISSING, report
from .plan import Change, Item, Step


def steps_between(state, target):
    """The steps that turn one TableState (or None) into another; each that is left out by a kill leaves a state to go on from.

    What is stored comes first: a run that is killed before it is loaded is known by that.
    """
    if target is None or target.data is None:
        gone = (Step("unload", state), Step("forget", state)) if state is not None else ()
        return (*gone, *(_settings(state, target) if target is not None else ()))
    steps = _settings(state, target)
    if state is None or not state.boot or (state.data, state.text, state.lab, names(state)) != (target.data, target.text, target.lab, names(target)):
        steps = (*steps, Step("store", target))
    if state is None or state.text != target.text or state.live != IN_PLACE:
        steps = (*steps, Step("load", target))
    return steps


def item_of(wanted, state, target, warnings=()):
    """The Item of a WantedTable between two TableStates (or None)."""
    steps = steps_between(state, target)
    before = report(state)
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, report(target) if steps else before, steps,
                tuple(changes_between(state, target, steps)), warnings=tuple(warnings) if steps else ())


def unbooted(context):
    """A warning where nobody loads tables at boot."""
    return () if context.boots else ("systemd does not run here, and nobody else loads these rules at boot",)


def definition_of(state):
    """What a NetworkState (or None) comes to: what runs, or what is stored."""
    return (state.live or state.stored) if state is not None else None


def names(state):
    """Names of the settings that a table needs."""
    return [name for name, unused in state.settings]


def _settings(state, target):
    held = dict(state.settings) if state is not None else {}
    pairs = tuple((name, value) for name, value in target.settings if held.get(name, dict(target.found).get(name)) != value)
    return (Step("set", pairs),) if pairs else ()


def undone(item):
    """The state to go back to. Of a table that was not there what is left is its settings."""
    if item.observed is not None or item.target is None:
        return item.observed
    return replace(item.target, data=None, live=MISSING, settings=item.target.found, found=item.target.settings)


def changes_between(state, target, steps):
    """The Changes that ``steps``, those of steps_between(), come to. No guest notices any, but for what is translated for it in another way."""
    if not steps:
        return
    if state is None or target is None:
        yield Change("state", *("absent" if each is None else "present" for each in (state, target)), "live")
        yield from (Change(f"sysctl[{name}]", *pair, "live") for name, *pair in _differing(state, target))
        return
    yield from (Change(*each, "live") for each in differences(state.data, target.data))
    if state.data == target.data and state.text != target.text:
        yield Change("rules", state.text.splitlines(), target.text.splitlines(), "live")
    if state.lab != target.lab:
        yield Change("lab", state.lab, target.lab, "live")
    if state.live != IN_PLACE:
        yield Change("kernel", state.live, IN_PLACE, "live")
    if not state.boot:
        yield Change("boot", "not as it was stored", "stored", "live")
    yield from (Change(f"sysctl[{name}]", *pair, "live") for name, *pair in _differing(state, target))


def _differing(state, target):
    """(name, value before, value after) of settings that change."""
    held = {**dict(target.found), **dict(state.settings if state is not None else ())} if target is not None else {}
    return [(name, held.get(name), value) for name, value in (target.settings if target is not None else ()) if held.get(name) != value]
