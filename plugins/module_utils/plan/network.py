# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about networks. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from ..errors import InUseError, about
from ..model.network_state import report
from . import network_conflicts, offers
from .network_steps import changes_between, lost, steps_between
from .network_target import restarts, target_of
from .plan import NO_OTHERS, Grip, Item, parting, translation


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedNetwork over {name: NetworkState or None}.

    ``context`` describes the rest of the host and is looked at only where something is to be done: ``networks`` (states of all
    networks by name), ``routes``, ``hops`` (routers, and by which device), ``links``, ``devices`` (Links by name), ``guests``,
    ``loose`` (ports that a network has lost),
    ``uri``, ``local``, ``remote``, ``root``, ``offers(ports)`` (who gives addresses where devices lead to). ``others`` is what the plan does beside them.
    """
    targets, items = {}, []
    for each in wanted:
        with about(f"network {each.name}" if len(wanted) > 1 else ""):
            targets[each.name] = target_of(each, observed[each.name], context)
    for each in wanted:
        with about(f"network {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], targets, context, others))
    return offers.with_networks(items, context, others)


def _item(wanted, state, targets, context, others):
    target = targets[wanted.name]
    steps = steps_between(state, target)
    verbs = {step.verb for step in steps}
    guests, warnings = (), list(wanted.warnings)
    if {"define", "create", "start"} & verbs:
        warnings += network_conflicts.doubts(wanted, targets, context, others.coming)
    if target and target.definition.bridge_ports and steps:
        network_conflicts.check_ports(wanted.name, state, targets, context)
    if "stop" in verbs and state.live.owns_bridge:
        guests = attached(context.guests, wanted.name, state)
        leaving = () if target is not None and target.live else parting(guests, {("network", wanted.name), ("bridge", state.live.bridge_name)}, others.moving)
        guests = tuple(guest for guest in guests if guest not in leaving)
        warnings += _cut_off(wanted, state, target, guests, context.root, others.leaving | {guest.target for guest in leaving})
    if wanted.on_restart == "defer" and target and target.stored and target.live and restarts(target.stored, target.live):
        warnings.append("what is stored differs from what runs, and waits for the network's next start")
    before = report(state)
    after = report(target) if steps else before
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, after, steps, tuple(changes_between(state, target, steps)), guests,
                tuple(warnings), grip(state), grip(target))


def grip(state):
    """The Grip of a NetworkState or None."""
    if state is None:
        return Grip()
    definitions = [each for each in (state.stored, state.live) if each]
    bridges = frozenset(each.bridge_name for each in definitions if each.owns_bridge and each.bridge_name)
    used = {each.bridge_name for each in definitions if each.mode == "bridge" and each.bridge_name}
    used |= {device.dev for each in definitions if each.forward for device in each.forward.interfaces}
    used |= {each.forward.pf for each in definitions if each.forward and each.forward.pf}
    ports, proxied = frozenset(state.definition.bridge_ports), state.definition.proxied
    own = frozenset({translation(state.definition.name)} if state.definition.mode == "nat" else ())
    own |= frozenset(f"way to {address}" for address in network_conflicts.ways(state.definition))
    used |= {proxied.dev} if proxied else set()
    makes = bridges if state.live and state.live.owns_bridge else frozenset()
    makes |= {("network", state.definition.name)} if state.live else set()
    return Grip(makes, frozenset(used) | ports, bridges | ports | own, tuple(network_conflicts.subnets(state.live)) if state.live else ())


def attached(guests, name, state):
    """Those of ``guests`` whose NIC is on the network: by its name, or by the live bridge that libvirt made for it."""
    bridge = state.live.bridge_name if state.live and state.live.owns_bridge else None
    return tuple(guest for guest in guests if guest.network == name or bridge and guest.bridge == bridge)


def _cut_off(wanted, state, target, guests, may_attach, leaving):
    """Warnings of what a stop cuts off; raises InUseError where nobody said that it may. ``may_attach``: whether ports can be put back at all.

    ``leaving`` are ports that leave anyway.
    """
    if lost(state.kernel, target.kernel if target else None):
        return ()
    ports = [port.name for port in state.kernel.ports] if state.kernel else ()
    strangers = sorted(set(ports) - {guest.target for guest in guests} - set(state.definition.bridge_ports) - leaving)
    if target is not None and target.live:
        renamed = bool(guests) and target.live.owns_bridge and target.live.bridge_name != state.live.bridge_name
        follows = target.kernel is not None and may_attach and wanted.on_restart == "reattach" and not renamed
        if wanted.on_restart == "never" or not follows and (guests or strangers):
            raise InUseError(_refusal(wanted, state, target, guests, strangers))
    elif guests or strangers:
        if target is not None or not wanted.force:
            raise InUseError(_refusal(wanted, state, target, guests, strangers))
        if strangers:
            return (f"{', '.join(strangers)}: no guest's of libvirt, and cut off with its bridge",)
    return ()


def _refusal(wanted, state, target, guests, strangers):
    names = ", ".join([f"{guest.domain} ({guest.target})" for guest in guests] + [f"{port} (no guest's of libvirt)" for port in strangers])
    used = f"is in use by {names}" if names else "is running"
    remedy = "shut these guests down or detach them first" if guests else "take these off the bridge first"
    if target is None:
        return f"network {wanted.name} {used}: to be absent it stops, which would cut them off; {remedy}, or say force: true, which cuts them off"
    if target.live is None:
        return f"network {wanted.name} {used}: state {wanted.state} stops it, which would cut them off; {remedy}"
    if wanted.on_restart != "reattach":
        return (f"network {wanted.name} {used}: this change restarts it, and on_restart is {wanted.on_restart!r}; {f'{remedy}, or ' if names else ''}"
                "use on_restart: reattach, which puts every port back, or defer, which waits for its next start")
    why = "restarts it, and ports are put back by root alone, on libvirt's own host"
    if target.live.bridge_name != state.live.bridge_name:
        why = (f"takes it to bridge {target.live.bridge_name}, and guests that run would go on to name {state.live.bridge_name}, "
               "where libvirt looks for them when it starts anew")
    if not target.live.owns_bridge:
        why = f"takes it to forward mode {target.live.mode}, where they cannot follow"
    return f"network {wanted.name} {used}: this change {why}; {remedy}"
