# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about networks. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from urllib.parse import urlsplit

from ..errors import InUseError, UnsupportedError, ValidationError
from ..model.network import NetworkState, as_stored, inherit, report
from ..model.option import differences
from .plan import Change, Item, Plan, Step


def make_plan(wanted, observed, context):
    """Plan for a list of WantedNetwork over {name: NetworkState or None}.

    ``context`` describes the rest of the host and is looked at only where something is to be done: ``networks`` (states of all
    networks by name), ``routes``, ``links``, ``guests``, ``uri``.
    """
    targets = {each.name: target_of(each, observed[each.name]) for each in wanted}
    items = [_item(each, observed[each.name], targets, context) for each in wanted]
    return Plan(tuple(sorted(items, key=lambda item: item.target is not None)))


def target_of(wanted, state):
    """The NetworkState that ``wanted`` asks for, given the present one; None for absent."""
    if wanted.state == "absent":
        return None
    if wanted.definition is None and state is None:
        raise ValidationError("name", wanted.name, "no such network", "say what it shall be: forward, bridge, ips and the like, or xml")
    if wanted.definition is not None and state is not None and wanted.definition.uuid not in (None, state.definition.uuid):
        raise ValidationError("uuid", wanted.definition.uuid, f"network {wanted.name} has {state.definition.uuid}, and a network keeps its uuid",
                              "leave uuid out, or remove the network first")
    definition = state.definition if wanted.definition is None else inherit(wanted.definition, state)
    if state is None:
        definition = replace(definition, lab=wanted.lab)
    active = wanted.state == "active" or not wanted.persistent or (wanted.state == "present" and state is not None and state.live is not None)
    running = state.live if state is not None else None
    if running and active and (wanted.definition is None or not _restarts(definition, running)):
        live = running
    else:
        live = definition if active else None
    return NetworkState(
        stored=definition if wanted.persistent else None,
        live=live,
        autostart=wanted.persistent and wanted.autostart is not False,
    )


def _restarts(definition, live):
    return as_stored(live, definition) != definition


def steps_between(state, target):
    """The steps that turn one NetworkState (or None) into another; each that is left out by a kill leaves a state to go on from."""
    stored, live, autostart = (state.stored, state.live, state.autostart) if state else (None, None, False)
    to_store, to_live, to_autostart = (target.stored, target.live, target.autostart) if target else (None, None, False)
    steps = []
    if to_store and stored != to_store:
        steps.append(Step("define", to_store))
    stop = live is not None and live != to_live
    if stop:
        steps.append(Step("stop"))
    if stored and not to_store:
        steps.append(Step("undefine"))
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


def _item(wanted, state, targets, context):
    target = targets[wanted.name]
    steps = steps_between(state, target)
    verbs = [step.verb for step in steps]
    guests, warnings = (), list(wanted.warnings)
    if {"define", "create", "start"} & set(verbs):
        for problem in _conflicts(wanted, target, targets, context):
            if isinstance(problem, ValidationError) and wanted.strict or isinstance(problem, UnsupportedError):
                raise problem
            warnings.append(str(problem))
    if "stop" in verbs:
        guests = attached(context.guests, wanted.name, state)
        if guests and not (wanted.force and target is None):
            raise InUseError(_in_use(wanted, guests, verbs))
    return Item(
        "network", wanted.name, state, target, report(state), report(target), steps, tuple(changes_between(state, target)), guests, tuple(warnings)
    )


def attached(guests, name, state):
    """Those of ``guests`` whose NIC is on the network: by its name, or by its live bridge's."""
    bridge = state.live.bridge_name if state.live else None
    return tuple(guest for guest in guests if guest.network == name or bridge and guest.bridge == bridge)


def _in_use(wanted, guests, verbs):
    names = ", ".join(f"{guest.domain} ({guest.target})" for guest in guests)
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
    cost = "restart" if any(step.verb == "stop" for step in steps) else "live"
    before, after = report(state), report(target)
    if state is not None and target is not None:
        fields = list(differences(state.definition, target.stored or target.live))
        if not fields and state.live and target.live and cost == "restart":
            fields = list(differences(as_stored(state.live, target.live), target.live))
        yield from (Change(field, old, new, cost) for field, old, new in fields)
    for name in ("state", "autostart", "persistent"):
        if before.get(name) != after.get(name) and (name == "state" or "absent" not in (before["state"], after["state"])):
            yield Change(name, before.get(name), after.get(name), cost if name != "autostart" else "live")


def _conflicts(wanted, target, targets, context):
    """Yield what on the host stands against a target: ValidationError or UnsupportedError to refuse with, str to warn with."""
    definition = target.stored or target.live
    if urlsplit(context.uri).path == "/session" and definition.owns_bridge:
        yield UnsupportedError(
            f"{context.uri} runs without privileges and cannot make the bridge that forward mode {definition.mode} needs: "
            "use uri qemu:///system, or mode bridge on a bridge that is there"
        )
    for name, state in {**context.networks, **targets}.items():
        if name != wanted.name and state is not None:
            yield from _conflicts_with(wanted, definition, name, state)
    libvirts = {state.live.bridge_name for state in context.networks.values() if state.live and state.live.owns_bridge}
    for subnet in subnets(definition):
        for route in context.routes:
            if collides(subnet, route) and route.device not in libvirts:
                yield ValidationError("ips", str(subnet), f"overlaps the host's route to {route.subnet} through {route.device}", "choose another subnet")
    yield from _missing_links(definition, context)


def _conflicts_with(wanted, definition, name, state):
    other = state.live or state.stored
    if definition.uuid and definition.uuid == other.uuid:
        yield ValidationError("uuid", definition.uuid, f"belongs to network {name}, and libvirt cannot rename a network",
                              f"remove {name} first, or leave uuid out")
    if definition.owns_bridge and other.owns_bridge and definition.bridge_name and definition.bridge_name == other.bridge_name:
        yield ValidationError("bridge.name", definition.bridge_name, f"is the bridge of network {name}", "choose another, or leave it to libvirt")
    for subnet in subnets(definition):
        for taken in subnets(other):
            if subnet.version == taken.version and subnet.overlaps(taken):
                message = f"overlaps {taken} of the {'active' if state.live else 'inactive'} network {name}"
                if state.live:
                    yield ValidationError("ips", str(subnet), message, "choose another subnet")
                else:
                    yield f"ips {subnet} {message}: only one of the two can run at a time"


def subnets(definition):
    """The subnets of a definition's addresses. What libvirt stored and is no subnet, such as one with a netmask full of holes, is passed over."""
    found = []
    for address in definition.ips:
        try:
            found.append(ipaddress.ip_interface(address.address).network)
        except ValueError:
            continue
    return found


def collides(subnet, route):
    """True where a host route would take packets from ``subnet``, or the other way round.

    A wider route through a gateway does not: the network is simply the more specific of the two.
    """
    taken = route.subnet
    if taken.version != subnet.version or not taken.overlaps(subnet) or taken.prefixlen == 0:
        return False
    return not route.gateway or taken.prefixlen >= subnet.prefixlen


def _missing_links(definition, context):
    forward = definition.forward
    switch = definition.virtualport.type if definition.virtualport else None
    bridge = definition.bridge_name if definition.mode == "bridge" and switch != "openvswitch" else None
    if bridge and bridge not in context.links:
        yield f"bridge {bridge} is not there: libvirt starts the network all the same, but no guest can use it until the bridge is made"
    devices = {interface.dev for interface in forward.interfaces} | {forward.dev, forward.pf and forward.pf.dev} if forward else set()
    for device in sorted(filter(None, devices)):
        if device not in context.links:
            yield f"device {device} of forward is not there: nothing passes until it is"
