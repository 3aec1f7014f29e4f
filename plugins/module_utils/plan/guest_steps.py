# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from one state of a guest to another, and what they come to. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..model.guest import STORED, Guest
from ..model.option import differences
from .plan import Change, Step


def steps_between(state, target):
    """The steps that turn one GuestState (or None) into another; each that is left out by a kill leaves a state to go on from.

    Files are written down before they are made, as long as no guest has them, and again before the guest goes that has them: whatever is killed in between,
    the next run knows whose they are.
    """
    if target is None or target.definition is None:
        return _removing(state)
    if state is None or state.definition is None:
        return _making(state, target)
    steps = [Step("change", (state.definition, target.definition))] if _stored(state.definition) != _stored(target.definition) else []
    steps += [Step("autostart", target.autostart)] if state.autostart != target.autostart else []
    steps += [Step("start") if target.running else Step("stop", target.patience)] if state.running != target.running else []
    return (*steps, *([Step("forget")] if state.begun else []))


def _removing(state):
    if state is None:
        return ()
    if state.definition is None:
        return (*(Step("remove", file) for file in state.begun), Step("forget"))
    stop = [Step("stop", None)] if state.running else []
    if not state.persistent:
        return tuple(stop)
    files = tuple(dict.fromkeys((*state.files, *state.begun)))
    note = [Step("note", (state.lab, files))] if files != state.begun else []
    return (*note, *stop, Step("undefine"), *(Step("remove", file) for file in files), *([Step("forget")] if files else []))


def _making(state, target):
    begun = state.begun if state is not None else ()
    steps = [Step("remove", file) for file in begun if file not in target.files]
    steps += [Step("note", (target.lab, target.files))] if target.files != begun and target.files else []
    if target.document is not None:  # it was there, and comes back
        steps.append(Step("restore", target.document))
    else:
        steps += [Step("disk", (disk, disk.path in begun)) for disk in target.definition.disks or () if disk.made]
        steps += [Step("seed", (target.files[-1], target.seed, target.files[-1] in begun))] if target.seed is not None else []
        steps.append(Step("define", target))
    steps += [Step("autostart", True)] if target.autostart else []
    steps += [Step("start")] if target.running else []
    return (*steps, *([Step("forget")] if target.files or begun else []))


def _stored(definition):
    """What of a Guest can be changed."""
    return replace(Guest(), **{name: getattr(definition, name) for name in STORED})


def word(state):
    """A GuestState (or None) in the word that the option ``state`` has for it."""
    if state is None or state.definition is None:
        return "absent"
    return "running" if state.running else "shutoff"


def changes_between(state, target, steps):
    """The Changes that ``steps``, those of steps_between(), come to. A guest that runs and then does not is a restart."""
    if not any(step.verb != "forget" for step in steps):
        return
    before, after = word(state), word(target)
    if before != after:
        yield Change("state", before, after, "restart" if before == "running" else "live")
    if before == "absent" == after:
        yield Change("left", list(state.begun), [], "live")
    if "absent" in (before, after):
        return
    for field, old, new in differences(_stored(state.definition), _stored(target.definition)):
        yield Change(field, old, new, "live")
    if state.autostart != target.autostart:
        yield Change("autostart", state.autostart, target.autostart, "live")
