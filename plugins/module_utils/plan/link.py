# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about devices. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from dataclasses import replace

from ..errors import InUseError, ValidationError, about
from ..model.bridge import VLAN_OPTIONS, BridgePort, PortOptions
from ..model.link import over_port, report
from ..model.option import Bag, declared, plain
from . import link_cables, link_conflicts, link_preflight, link_rules, link_taken, link_uplink, offers
from .link_routes import displaced, dropped, goes_to, left_out, narrow, possible, vanishing, withdrawn
from .link_steps import bounces, changes_between, released, replaced, steps_between
from .link_target import expected, target_of, unseen, with_guests
from .plan import NO_OTHERS, Change, Grip, Item, Step, parting


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedLink over {name: LinkState or None}.

    ``context`` describes the rest of the host: ``seen`` ({name: Seen}), ``state(name)``, ``kept(name)``, ``uplink(name)`` of a bridge and ``others(name)``
    (routes of others by it) of any device, ``inherited(name, by)`` (what others' files say of it, None where ``by`` cannot), ``guarded(name)`` (whether a
    device is a guest's, or may be), ``busy(name)`` (whether a program has it open), ``wireless(name)``, ``guests``, ``networks`` ({bridge: network} of
    libvirt's own bridges), ``serving`` (these with families of DHCP), ``ways_out`` ({device: networks whose guests get out by it alone}), and
    ``offers(ports)`` (who gives addresses where devices lead to).
    ``others`` is what the plan does beside them.
    """
    wanted = link_uplink.spread(wanted, context)
    observed = {**observed, **{each.name: context.state(each.name) for each in wanted if each.name not in observed}}
    comes, goes = link_cables.brought(wanted, observed, context), link_cables.going(wanted, observed)
    wanted = link_cables.ends(_agreed(wanted), comes)
    targets, items = {}, []
    for each in wanted:
        with about(f"{each.kind} {each.name}" if len(wanted) > 1 else ""):
            targets[each.name] = target_of(each, observed[each.name], context)
    claims = link_taken.claims(wanted, targets, context)
    targets.update({name: replace(targets[name], kept=kept) for name, (unused, kept) in claims.items() if name in targets})
    for each in wanted:
        with about(f"{each.kind} {each.name}" if len(wanted) > 1 else ""):
            claimed = {name: kept for name, (taker, kept) in claims.items() if taker == each.name and name not in targets}
            items.append(_item(each, observed[each.name], targets, claimed, context, others))
    link_rules.check_beside(wanted, observed, targets, context)
    items = offers.with_links(items, context, others)
    return [_along(item, comes.get(item.key), item.key in goes) for item in items]


def _along(item, maker, goes):
    """The Item of a cable's end, where another brings it, or takes it along."""
    if goes:
        return replace(item, steps=(*(step for step in item.steps if step.verb not in ("delete", "forget")), Step("forget", (item.key,))))
    if maker is None:
        return item
    steps = tuple(Step("create", (*step.value, maker)) if step.verb == "create" else step for step in item.steps)
    return replace(item, steps=steps, has=replace(item.has, uses=item.has.uses | {maker}))


def _agreed(wanted):
    """The wanted devices, where one that a bridge's ports name leaves it to the bridge to take it. Raises ValidationError where they disagree."""
    members = {}
    for each in wanted:
        for port in each.ports or ():
            name = port.name if isinstance(port, BridgePort) else port
            if name in members:
                raise ValidationError("ports", name, f"is in the ports of both {members[name]} and {each.name}", "name it in one of them alone")
            members[name] = each.name
    by_name = {each.name: each for each in wanted}
    found = []
    for each in wanted:
        given = each.link.controller
        if given is not None and given in by_name and by_name[given].ports is not None and members.get(each.name) != given:
            raise ValidationError("controller", given, f"of {each.name} says so, and the ports of {given} do not name it",
                                  "make the two agree, or give one alone")
        if given is not None and each.name in members and members[each.name] != given:
            raise ValidationError("controller", given, f"of {each.name} says so, and the ports of {members[each.name]} name it",
                                  "make the two agree, or give one alone")
        if each.name in members:
            owner = by_name[members[each.name]]
            if each.link.port is not None and owner.device == "bridge":
                _check_agree(owner, each)
                ports = Bag(replace(over_port(port, each.link.port), name=port.name) if port.name == each.name else port for port in owner.ports)
                by_name[owner.name] = replace(owner, ports=ports)
            each = replace(by_name[each.name], link=replace(each.link, controller=None, port=None))
            by_name[each.name] = each
        found.append(each.name)
    return [by_name[name] for name in found]


def _check_agree(owner, port):
    """Raise ValidationError for an option of a port that its bridge gives another value."""
    theirs, ours = next(each for each in owner.ports if each.name == port.name), port.link.port
    for name in (each for each, unused in declared(PortOptions)):
        one, other = getattr(theirs, name), getattr(ours, name)
        vlans = name in VLAN_OPTIONS and theirs.given and ours.given  # which are one thing
        if one != other and (vlans or None not in (one, other)):
            raise ValidationError(f"port.{name}", plain(other), f"of {port.name} says so, and ports[{port.name}].{name} of {owner.name} is {plain(one)!r}",
                                  "make the two agree, or give one alone")


def _item(wanted, state, targets, claimed, context, others):
    target = targets[wanted.name]
    planned = with_guests(target, state, context)
    state = _with_others(wanted, state, planned, context)
    steps = steps_between(state, planned) or _leftovers(wanted, state, context)
    guests, warnings = (), []
    if steps:
        link_conflicts.check(wanted, state, targets, context, others.coming)
        guests, warnings = _users(wanted, state, target, context, others.moving)
        warnings += [*_boots(wanted, target, context), *link_preflight.doubts(state, target, targets, context)]
        warnings += _gone(wanted, state, planned, targets, context) if None not in (state, planned) else []
    warnings += [f"{name} cannot be seen while STP has another time in its place, and is taken to be {getattr(wanted.data, name)}"
                 for name in (unseen(state.data) if None not in (state, wanted.data) else ()) if getattr(wanted.data, name) is not None]
    unmanaged = sorted({port.name for port in planned.ports} - {port.name for port in wanted.ports}) if _lists(wanted, planned) else []
    notes = {"unmanaged_ports": unmanaged} if unmanaged else {}
    before = report(state)
    item = Item(wanted.family, wanted.kind, wanted.name, state, target, before, {**before, **notes}, warnings=tuple(warnings), notes=notes)
    if not steps and not claimed:
        return item
    whole = expected(target, state, context)
    return replace(
        item, after={**(report(whole) if steps else before), **notes}, steps=(*steps, *link_taken.steps(claimed)), guests=guests,
        changes=(*_changes(state, planned, steps), *link_taken.changes(claimed, context)), had=grip(state), has=grip(whole, wanted),
        taken=link_taken.taken(state, targets, wanted.name, claimed, context),
    )


def _with_others(wanted, state, target, context):
    """A device's state with those of others' routes that the kernel drops on the way to ``target``, and those that ours take the place of."""
    if None in (state, target):
        return state
    whole = replaced(state, target) or bounces(state, target) or released(state, target) or state.link.up and target.link.up is False
    if not whole and not vanishing(state, target) and not narrow(target.link) and not _takes_over(wanted, state, target):
        return state
    if state.facts.get("bare"):
        state = replace(state, facts={**state.facts, "prefixes": context.prefixes(state.name)})
    others = context.others(state.name)
    gone = {*dropped(state, target, others, whole), *(displaced(target.link.routes, others) if _takes_over(wanted, state, target) else ())}
    return replace(state, others=tuple(route for route in others if route in gone))


def _takes_over(wanted, state, target):
    return wanted.takeover and target.kept is not None and state.kept != target.kept


def _gone(wanted, state, target, targets, context):
    """Warnings of routes of others that will not be there any more, by this device or another of the plan."""
    same = [route for route in displaced(target.link.routes, state.others) if route.gateway in {each.gateway for each in target.link.routes}]
    stay = (*possible(state, target, state.others), *same)
    lost = [route for route in state.others if route not in stay and not _goes_on(route, targets)]
    rival = context.rival(wanted.name) if _takes_over(wanted, state, target) else None
    left = [each for each in left_out(rival, target.kept.record.link.routes, context.others(wanted.name))
            if each not in state.others and not _goes_on(each, targets)] if rival else ()
    ours, back = withdrawn(state, target), f"until {target.kept.by} sets it up anew" if target.kept else "and nothing puts back by itself"
    return [*([f"routes of others that go with this: {', '.join(map(str, lost))}"] if lost else []),
            *([f"the kernel removes with this, {back}: {', '.join(ours)}"] if ours else []),
            *([f"routes of {rival} that go with this, at boot at the latest: {', '.join(map(str, left))}"] if left else [])]


def _goes_on(route, targets):
    return any(goes_to(target, route) for target in targets.values() if target is not None)


def _boots(wanted, target, context):
    """Warnings of what will not be there again after a boot."""
    if target is None or wanted.persist == "none":
        return []
    if target.kept is None and context.keepers:  # it was there before, and is somebody else's to bring back
        return []
    if target.kept is None:
        return ["nobody brings it back at boot: neither systemd-networkd nor NetworkManager runs on this host; with persist: none this is not told"]
    gaps = context.gaps(target.kept)
    bridge = target.kept.record.link.controller
    if bridge in context.networks:
        gaps.append(f"that it is a port of {bridge}, which libvirt makes (bridge_ports of network {context.networks[bridge]} puts it there)")
    return [f"{target.kept.by} has no word for {', '.join(gaps)}: set now, and not again at boot"] if gaps else []


def _leftovers(wanted, state, context):
    """What is written for a device that is not there and is not to be."""
    if state is not None or wanted.state != "absent":
        return ()
    keep = (Step("keep", (wanted.name, None)),) if context.kept(wanted.name) else ()
    uplink = (Step("uplink", (wanted.name, None)),) if context.uplink(wanted.name) else ()
    return (*keep, *uplink, *((Step("forget", (wanted.name,)),) if context.unfinished(wanted.name) else ()))


def _changes(state, target, steps):
    if state is None and target is None and any(step.verb == "keep" for step in steps):
        return [Change("persist", "written", "none", "live")]
    return changes_between(state, target, steps)


def _lists(wanted, target):
    """True where a task says which ports a bridge shall have."""
    return target is not None and target.kind == "bridge" and wanted.ports is not None


def grip(state, wanted=None):
    """The Grip of a LinkState or None: what it is on top of; and of a target what else the task names."""
    if state is None:
        return Grip()
    ports = frozenset(state.port_names)
    named = {state.link.link} if state.kind not in ("veth",) else set()
    if wanted is not None:
        named |= {wanted.link.controller, *ports}
    made = {state.name, *((state.data.peer,) if state.kind == "veth" and state.data else ()), *(((state.name, "up"),) if state.link.up else ())}
    if state.kind == "vlan":  # which is up on what is up alone
        named.add((state.link.link, "up"))
    held = {str(address).partition("/")[0] for address in state.link.addresses or ()} | ({link_rules.identity(state)} - {None})
    return Grip(frozenset(made) - {None}, frozenset(named) - {None, ""}, ports | frozenset(held) | ({state.name} if state.link.controller else frozenset()))


def _users(wanted, state, target, context, moving):
    """(guests that notice, warnings); raises InUseError where they would be cut off and nobody said that they may."""
    above = _above(state.name, context) if state is not None else []
    shrunk = [name for name in above if _turns(state, target, context.seen[name])]
    if state is None or not _cuts(state, target):
        return tuple(guest for guest in (context.guests if shrunk else ()) if guest.target in shrunk), []
    guests = tuple(guest for guest in context.guests if state.name in (guest.bridge, guest.target) or guest.target in above)
    leaving = parting(guests, {("bridge", state.name)}, moving) if target is None else ()
    guests = tuple(guest for guest in guests if guest not in leaving)
    busy = sorted(name for name in (state.name, *(port.name for port in state.ports if state.kind == "bridge")) if context.busy(name))
    others = [name for name in busy if name not in {guest.target for guest in (*guests, *leaving)}]
    if (guests or others) and not wanted.force:
        names = ", ".join([f"{guest.domain} ({guest.target})" for guest in guests] + [f"{name} (a program has it open)" for name in others])
        anew = ", ".join(sorted(replaced(state, target))) if target is not None else ""
        why = "removes it" if target is None else f"makes it anew ({anew} cannot be changed)" if anew else "takes it down, or off its bridge"
        raise InUseError(f"{wanted.kind} {wanted.name} is in use by {names}, and this {why}: shut these down or detach them first, or say force: true, "
                         "which cuts them off")
    return guests, [f"{', '.join(others)}: in use by a program, and cut off"] if others else []


def _above(name, context):
    """Names of the devices that are on top of another, at whatever height."""
    found = [other for other, seen in context.seen.items() if seen.lower == name]
    return [*found, *(each for one in found for each in _above(one, context))]


def _turns(state, target, above):
    """True where a device on top of another, which ``above`` (Seen) tells of, gets a smaller MTU with it, or another way to the wire."""
    if target is None:
        return False
    return target.link.mac not in (None, state.link.mac) or (target.link.mtu or above.mtu) < above.mtu


def _cuts(state, target):
    """True where the device goes away or down, if only for a moment."""
    if target is None or replaced(state, target) or state.link.up and target.link.up is False:
        return True
    if state.link.controller and target.link.controller not in (None, state.link.controller):
        return True
    return bounces(state, target)
