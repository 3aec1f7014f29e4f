# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about networks. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InUseError, ValidationError, about
from ..model.network import TEXTS, NetworkState, as_given, as_stored, fill, inherit, report
from ..model.option import differences
from . import network_conflicts
from .network_order import ordered
from .network_update import updates_between
from .plan import COSTS, Change, Item, Plan, Step


def make_plan(wanted, observed, context):
    """Plan for a list of WantedNetwork over {name: NetworkState or None}.

    ``context`` describes the rest of the host and is looked at only where something is to be done: ``networks`` (states of all
    networks by name), ``routes``, ``links``, ``guests``, ``ports`` (a bridge's, by its name), ``uri``, ``remote``.
    """
    targets, items = {}, []
    for each in wanted:
        with about(f"network {each.name}" if len(wanted) > 1 else ""):
            targets[each.name] = target_of(each, observed[each.name])
    for each in wanted:
        with about(f"network {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], targets, context))
    return Plan(ordered(items))


def target_of(wanted, state):
    """The NetworkState that ``wanted`` asks for, given the present one; None for absent."""
    if wanted.state == "absent":
        return None
    if wanted.definition is None and state is None:
        raise ValidationError("name", wanted.name, "no such network", "say what it shall be: forward, bridge, ips and the like, or xml")
    if wanted.definition is not None and state is not None and wanted.definition.uuid not in (None, state.definition.uuid):
        raise ValidationError("uuid", wanted.definition.uuid, f"network {wanted.name} has {state.definition.uuid}, and a network keeps its uuid",
                              "leave uuid out, or remove the network first")
    persistent = _persistent(wanted, state)
    active = wanted.state == "active" or not persistent or (wanted.state == "present" and state is not None and state.live is not None)
    definition = _definition(wanted, state, persistent)
    live = definition if active else None
    if live and state is not None and state.live and (wanted.definition is None or not _restarts(definition, state.live, persistent)):
        live = state.live
    return NetworkState(definition if persistent else None, live, persistent and _autostart(wanted, state))


def _persistent(wanted, state):
    if wanted.persistent is not None:
        return wanted.persistent
    if wanted.definition is not None or state is None or state.stored is not None:
        return True
    if wanted.state == "inactive":
        raise ValidationError("state", "inactive", f"network {wanted.name} is transient, and would be gone with its definition",
                              "use absent, or persistent: true to keep the definition")
    return False


def _definition(wanted, state, persistent):
    if state is None:
        return replace(wanted.definition, lab=wanted.lab)
    if wanted.definition is not None:
        return inherit(wanted.definition, state.definition, whole=not wanted.strict)
    return state.definition


def _autostart(wanted, state):
    if wanted.autostart is not None:
        return wanted.autostart
    return state is None or wanted.definition is not None or wanted.state == "active" or state.autostart


def _restarts(definition, live, stored=True):
    """True where a network has to be started anew to become ``definition``, which is ``stored`` or a transient network's."""
    return (as_stored if stored else as_given)(live, definition) != definition


def expected(target, now):
    """``target`` with what libvirt generated for the state ``now``, that what is left of a difference is one."""
    if target is None or now is None:
        return target
    stored, live = target.stored, target.live
    if stored and now.stored:
        stored = fill(stored, now.stored)
    if live and now.live:
        live = fill(live, now.live)
        live = live if _restarts(live, now.live, stored is not None) else now.live
    return replace(target, stored=stored, live=live)


def steps_between(state, target):
    """The steps that turn one NetworkState (or None) into another; each that is left out by a kill leaves a state to go on from."""
    stored, live, autostart = (state.stored, state.live, state.autostart) if state else (None, None, False)
    to_store, to_live, to_autostart = (target.stored, target.live, target.autostart) if target else (None, None, False)
    steps = []
    if to_store and stored != to_store:
        steps.append(Step("define", to_store))
    updates = _updates(live, to_live, bool(to_store)) if live and to_live else None
    stop = live is not None and live != to_live and updates is None
    if stop:
        steps.append(Step("stop"))
    if stored and not to_store:
        steps.append(Step("undefine"))
    steps += [Step("update", update) for update in updates or ()]
    if to_live and (live is None or stop):
        if not to_store:
            steps.append(Step("create", to_live))
        elif _restarts(to_store, to_live):
            steps = [Step("define", to_live)] + [step for step in steps if step.verb != "define"] + [Step("start"), Step("define", to_store)]
        else:
            steps.append(Step("start"))
    if to_store and autostart != to_autostart:
        steps.append(Step("autostart", to_autostart))
    return tuple(steps)


def _updates(live, target, stored):
    """The Updates that turn one live definition into another; None where only a restart does."""
    return updates_between((as_stored if stored else as_given)(live, target), target)


def _item(wanted, state, targets, context):
    target = targets[wanted.name]
    steps = steps_between(state, target)
    verbs = [step.verb for step in steps]
    guests, warnings = (), list(wanted.warnings)
    if {"define", "create", "start"} & set(verbs):
        warnings += network_conflicts.doubts(wanted, targets, context)
    if "stop" in verbs and state.live.owns_bridge:
        guests = attached(context.guests, wanted.name, state)
        strangers = sorted(set(context.ports(state.live.bridge_name)) - {guest.target for guest in guests})
        forced = wanted.force and target is None
        if (guests or strangers) and not forced:
            raise InUseError(_in_use(wanted, guests, strangers, verbs))
        if strangers:
            warnings.append(f"{', '.join(strangers)}: no guest's of libvirt, and cut off with its bridge")
    return Item(
        "network", wanted.name, state, target, report(state), report(target), steps, tuple(changes_between(state, target)), guests, tuple(warnings)
    )


def attached(guests, name, state):
    """Those of ``guests`` whose NIC is on the network: by its name, or by the live bridge that libvirt made for it."""
    bridge = state.live.bridge_name if state.live and state.live.owns_bridge else None
    return tuple(guest for guest in guests if guest.network == name or bridge and guest.bridge == bridge)


def _in_use(wanted, guests, strangers, verbs):
    names = ", ".join([f"{guest.domain} ({guest.target})" for guest in guests] + [f"{port} (no guest's of libvirt)" for port in strangers])
    what = "this change restarts it" if "start" in verbs or "create" in verbs else f"state {wanted.state} stops it"
    remedy = "shut these guests down or detach them first"
    if wanted.state == "absent":
        remedy += ", or ask for state: absent with force: true, which cuts them off"
    return f"network {wanted.name} is in use by {names}: {what}, which would cut them off; {remedy}"


def changes_between(state, target):
    """The Changes, with their price, between two NetworkStates (or None)."""
    steps = steps_between(state, target)
    if not steps:
        return
    cost = "restart" if any(step.verb == "stop" for step in steps) and state.live.owns_bridge else "live"
    before, after = report(state), report(target)
    if state is not None and target is not None:
        yield from _field_changes(state, target, cost, [step.value for step in steps if step.verb == "update"])
    for name in ("state", "autostart", "persistent"):
        if before.get(name) != after.get(name) and (name == "state" or "absent" not in (before["state"], after["state"])):
            yield Change(name, before.get(name), after.get(name), cost if name != "autostart" else "live")


def _field_changes(state, target, cost, updates):
    old, new = state.definition, target.definition
    fields = list(differences(old, new))
    if not fields and state.live and target.live and state.live != target.live:
        old, new = (as_stored if target.stored else as_given)(state.live, target.live), target.live
        fields = list(differences(old, new))
    for field, before, after in fields:
        costs = [each.cost for each in updates if field.startswith(each.field) or each.field.startswith(field)]
        free = field.partition("[")[0] in TEXTS and target.stored
        yield Change(field, before, after, "live" if free else max(costs, key=COSTS.index, default=cost))
    if old.lab != new.lab:
        yield Change("lab", old.lab, new.lab, "live")
    if old.unknown != new.unknown:
        yield Change("unknown", *([f"{path} {content}".strip() for path, content in each.unknown] for each in (old, new)), cost)
