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

    What is stored comes first: a run that is killed before it is loaded is known by that. Doors of neighbours are closed before they are crossed out there.
    """
    settings = tuple((name, value) for name, before, value in _differing(state, target))
    steps = (Step("set", settings),) if settings else ()
    staying = target.doors if target is not None else ()
    closing = tuple(Step("close", (state.kind, state.name, door, staying)) for door in (state.doors if state is not None else ()) if door not in staying)
    if _gone(target):
        loaded = state is not None and state.live != MISSING
        return (*closing, *((Step("unload", state),) if loaded else ()), *((Step("forget", state),) if state is not None else ()), *steps)
    steps = (*steps, *closing)
    if state is None or not state.boot or _stored(state) != _stored(target):
        steps = (*steps, Step("store", target))
    if state is None or state.text != target.text or state.live != IN_PLACE:
        steps = (*steps, Step("load", target))
    return (*steps, *(Step("open", door) for door in target.opened if door not in _opened(state)))


def item_of(wanted, state, target, warnings=(), lasting=()):
    """The Item of a WantedTable between two TableStates (or None), with warnings of what it does, and lasting ones of what is so anyway."""
    steps = steps_between(state, target)
    before = report(state)
    shown = report(target and replace(target, found=target.settings)) if steps else before
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, shown, steps,
                tuple(changes_between(state, target, steps)), warnings=(*(warnings if steps else ()), *lasting))


def unbooted(context):
    """A warning where nobody loads tables at boot."""
    return () if context.boots else ("systemd does not run here, and nobody else loads these rules at boot",)


def definition_of(state):
    """What a NetworkState (or None) comes to: what runs, or what is stored."""
    return (state.live or state.stored) if state is not None else None


def _gone(state):
    return state is None or state.data is None


def _stored(state):
    return state.data, state.text, state.lab, state.settings, state.doors


def _opened(state):
    return state.opened if state is not None else ()


def _differing(state, target):
    """(name, value before, value after) of settings that change."""
    if target is None:
        return []
    held = {**dict(target.found), **dict(state.found if state is not None else ())}
    return [(name, held.get(name), value) for name, value in {**dict(target.settings), **dict(target.back)}.items() if held.get(name) != value]


def expected(target, context):
    """A target with the settings as they are now, by which it is held against a state: one that is gone tells nothing of them."""
    return None if target is None else replace(target, found=tuple((name, context.setting(name)) for name, unused in (*target.settings, *target.back)))


def undone(item):
    """The state to go back to, with all settings as they were: of a table that was not there these are what is left."""
    found = [pair for each in (item.observed, item.target) if each is not None for pair in each.found]
    back = tuple((name, value) for name, value in dict(found).items() if value is not None)
    if item.observed is None:
        return item.target and replace(item.target, data=None, live=MISSING, settings=(), found=(), back=back, doors=())
    return replace(item.observed, back=back)


def changes_between(state, target, steps):
    """The Changes that ``steps``, those of steps_between(), come to. No guest notices any, but for what is translated for it in another way."""
    if not steps:
        return
    if state is None and not _gone(target) or state is not None and _gone(target):
        yield Change("state", *("absent" if _gone(each) else "present" for each in (state, target)), "live")
    elif not _gone(target):
        yield from (Change(*each, "live") for each in differences(state.data, target.data))
        if state.data == target.data and state.text != target.text:
            yield Change("rules", state.text.splitlines(), target.text.splitlines(), "live")
        if state.lab != target.lab:
            yield Change("lab", state.lab, target.lab, "live")
        if state.live != IN_PLACE:
            yield Change("kernel", state.live, IN_PLACE, "live")
        if not state.boot:
            yield Change("boot", "not as it was stored", "stored", "live")
        if _opened(state) != target.opened:
            yield Change("doors", *(list(map(str, _opened(each))) for each in (state, target)), "live")
        needed = dict(target.settings)
        yield from (Change(f"sysctl[{name}]", value, None, "live") for name, value in state.settings if name not in needed)
    yield from (Change(f"sysctl[{name}]", *pair, "live") for name, *pair in _differing(state, target))
