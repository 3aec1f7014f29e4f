# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan takes from others: ports from where they are, and from what is written down of others for boot; and how all get it back. Pure, as all plans."""

from __future__ import annotations

from dataclasses import replace

from ..model.link import Link, over, over_port
from ..model.option import Bag
from .plan import Change, Item, Step


def names_of(state):
    """Names of the ports of a LinkState; none of None."""
    return state.port_names if state is not None else []


def gives(controller, targets):
    """True where the plan itself says which ports a controller keeps, or that it goes."""
    return controller in targets and (targets[controller] is None or targets[controller].ports is not None)


def released(master, port, targets):
    """True where the plan takes the port off the one that has it."""
    return gives(master, targets) and port not in names_of(targets[master])


def claims(wanted, targets, context):
    """{name: (the wanted device that takes from it, Kept)} of devices that would claim at boot what has another home from now on, each as it shall be kept."""
    homes = {each.name: ("", each.name) for each in wanted if each.state == "absent"}
    for each in wanted:
        if each.state == "present" and each.persist != "none":
            homes.update(dict.fromkeys(names_of(targets[each.name]) if each.ports is not None else (), (each.name, each.name)))
            homes.update({each.name: (each.link.controller, each.name)} if each.link.controller is not None else {})
    found = {}
    gone = {each.name for each in wanted if each.state == "absent"}
    for name in dict.fromkeys([*(context.recorded if homes else ()), *homes]):
        if name in gone:
            continue
        kept = context.kept(name) if name not in targets else targets[name].kept if targets[name] is not None else None
        strange = _strange(kept.record, homes) if kept is not None else []
        if strange:
            found[name] = homes[strange[0]][1], replace(kept, record=_without(kept.record, strange), intact=True)
    return {**found, **_folded(wanted, targets, context)}


def _folded(wanted, targets, context):
    """The same of what tasks say of ports by themselves whose bridge's record names them: it has one home, that record."""
    found = {}
    for each in wanted:
        own = targets[each.name].kept if targets[each.name] is not None else None
        if own is None or own.record.link.port is None:
            continue
        home = own.record.link.controller or (context.seen[each.name].master if each.name in context.seen else None)
        bridge = context.kept(home) if home and home not in targets else None
        if bridge is None or bridge.record.port(each.name) is None:
            continue
        ports = Bag(replace(over_port(port, own.record.link.port), name=port.name) if port.name == each.name else port for port in bridge.record.ports)
        if ports != bridge.record.ports:
            found[home] = each.name, replace(bridge, record=replace(bridge.record, ports=ports), intact=True)
        found[each.name] = each.name, replace(own, record=_without(own.record, [each.name]))
    return found


def _strange(record, homes):
    """Names of the ports of a record that have another home, and its own where its controller is not its home, or names it itself."""
    ports = [port for port in names_of(record) if homes.get(port, (record.name,))[0] != record.name]
    held = record.link.controller
    return [*ports, *([record.name] if held and homes.get(record.name, (held, record.name)) != (held, record.name) else [])]


def _without(record, names):
    """A record without the ports of these names, and without its controller where its own is among them."""
    ports = Bag(port for port in record.ports if (port.name if record.kind == "bridge" else port) not in names)
    return replace(record, ports=ports, link=replace(record.link, controller=None, port=None) if record.name in names else record.link)


def steps(claimed):
    """Steps that write what is kept of others, {name: Kept}."""
    return tuple(Step("keep", (name, kept)) for name, kept in claimed.items())


def changes(claimed, context):
    """Changes that these come to."""
    for name, kept in claimed.items():
        before, after = context.kept(name).record, kept.record
        if before.ports != after.ports:
            yield Change(f"persist[{name}].ports", sorted(names_of(before)), sorted(names_of(after)), "live")
        if before.link.controller != after.link.controller:
            yield Change(f"persist[{name}].controller", before.link.controller, "", "live")


def taken(state, targets, name, claimed, context):
    """Items to roll back to where what is done to a device fails: the ports that it takes, where they were, and those of ``claimed``, as they were kept."""
    found = {}
    for port in names_of(targets[name]):
        was = context.state(port) if port not in names_of(state) else None
        if was is None:
            continue
        own, master = targets.get(port), was.link.controller
        by = context.seen[master].kind if master in context.seen else "bridge"
        given = gives(master, targets)  # the item of that one puts it back
        common = over(was.link, own.link) if own is not None else was.link
        back = {"controller": master, "port": was.link.port} if by == "bridge" and not given else {}
        found[port] = replace(_untouched(was), link=Link(up=common.up, mac=common.mac, **back), kept=own.kept if own is not None else was.kept)
        if by != "bridge" and not given:  # takes its ports itself, which must be down
            found = {master: replace(_untouched(context.state(master)), ports=context.state(master).ports), **found}
    for other in claimed:
        if other not in found and context.state(other) is not None:
            found[other] = _untouched(context.state(other))
    return tuple(Item("link", was.resource, key, was, None, {}, {}) for key, was in found.items())


def _untouched(state):
    """A target of a device of which nothing but what is kept and its mark is asked."""
    return replace(state, link=Link(), data=None, ports=None, vlans=None)
