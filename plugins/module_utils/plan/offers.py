# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever gives addresses already where a network's DHCP server is about to be: looked for before a device joins its bridge, and told.

Pure, as all plans: ``context.offers({name: families})`` is {name: Heard} of the segments that devices lead to, and takes some seconds. So it is asked once,
for all devices of a plan, and not where nothing joins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..model.link import CONTROLLERS, LEADING

#: kinds of devices that lead to another segment; what guests have of these is left out
OUTWARD = ("nic", "veth", *LEADING)


class Join(NamedTuple):
    """A device that is to be in one segment with a network's DHCP server: the key of the Item that does it, the network, the ``families`` that it serves, the
    device, those that are ``asked`` in its place, and ``leave``, what to do to keep it out.
    """

    key: str
    network: str
    families: frozenset
    device: str
    asked: tuple
    leave: str


def with_networks(items, context, others):
    """The Items of networks, with warnings of who else gives addresses on their segments."""
    return _told(items, [join for item in items for join in _of_network(item, context, others)], context)


def with_links(items, context, others):
    """The Items of devices, with the same warnings."""
    by_key = {item.key: item for item in items}
    joining = [(item, device, bridge) for item in items for device, bridge in _joining(item) if _leads(device, by_key, context)]
    served = _served(context, others) if joining else {}
    return _told(items, [
        Join(item.key, *served[bridge], device, _asked(device, by_key, context), f"{device} off {bridge}")
        for item, device, bridge in joining if bridge in served
    ], context)


def _of_network(item, context, others):
    """Yield Joins of a network that starts, or whose bridge gets a port, or that gets a DHCP server."""
    state, target = item.observed, item.target
    if not item.steps or target is None or target.kernel is None:
        return
    serves = target.live.dhcp_families
    fresh = serves - (state.live.dhcp_families if state is not None and state.live else frozenset())
    held = {port.name for port in state.kernel.ports} if state is not None and state.kernel else set()
    named = [name for name in target.definition.bridge_ports if name not in context.links and name in others.leading]
    for name in (*(port.name for port in target.kernel.ports), *named):
        families = fresh if name in held else serves
        if families and (name in named or _outward(name, context)):
            yield Join(item.key, item.key, families, name, () if name in named else (name,), f"{name} out of bridge_ports")


def _outward(name, context):
    """True for a device that is there, leads to another segment, and is no guest's."""
    link = context.devices.get(name)
    return link is not None and (link.kind or "nic") in OUTWARD and name not in {guest.target for guest in context.guests}


def _joining(item):
    """Yield (device, bridge) of what an Item of a device puts on a bridge."""
    state, target = item.observed, item.target
    if not item.steps or target is None:
        return
    if target.kind == "bridge" and target.ports is not None:
        held = set(state.port_names) if state is not None else set()
        yield from ((name, item.key) for name in target.port_names if name not in held)
    if target.link.controller and (state is None or state.link.controller != target.link.controller):
        yield item.key, target.link.controller


def _leads(device, items, context):
    """True for a device that leads to another segment, and is no guest's."""
    kind = _kind(device, items, context)
    return kind in OUTWARD and not context.guests_own(device) and (kind != "veth" or not _made(device, items, context))


def _kind(device, items, context):
    if device in context.seen:
        return context.seen[device].kind
    return items[device].target.kind if device in items and items[device].target is not None else None


def _made(device, items, context):
    """True where this plan makes the device: what is there of it, if anything, leads somewhere else."""
    return device not in context.seen or device in items and any(step.verb == "create" for step in items[device].steps)


def _asked(device, items, context):
    """Names of the devices by which that segment is reached now: for one that this plan makes those below it whose segment it shares."""
    if not _made(device, items, context):
        return (device,)
    target = items[device].target if device in items else None
    if target is None or target.kind not in (*CONTROLLERS, "macvlan"):
        return ()
    below = target.port_names if target.kind in CONTROLLERS else [target.link.link]
    return tuple(name for each in below for name in _asked(each, items, context))


def _served(context, others):
    """{bridge: (network, families)} of the bridges that a network serves DHCP on once all is done."""
    planned = {name for name, unused, unused in others.serving}
    held = {network: bridge for bridge, network in context.networks.items()}
    found = {bridge: (network, families) for bridge, (network, families) in context.serving.items() if network not in planned}
    found.update({bridge or held.get(name): (name, families) for name, bridge, families in others.serving})
    return {bridge: (name, families) for bridge, (name, families) in found.items() if families}


def _told(items, joins, context):
    """Items with the warnings that Joins come to."""
    ports, said = {}, {}
    for join in joins:
        for name in join.asked:
            ports[name] = ports.get(name, frozenset()) | join.families
    heard = context.offers(ports) if ports else {}
    for join in joins:
        said.setdefault(join.key, []).extend(_said(join, heard))
    return [replace(item, warnings=(*item.warnings, *said[item.key])) if said.get(item.key) else item for item in items]


def _who(offer):
    return f"{offer.server} ({offer.mac})"


def _said(join, heard):
    """Yield warnings of what was heard where a device leads to."""
    unheard = f"whether another DHCP server gives addresses where {join.device} leads was not looked at, and network {join.network} has its own"
    if not join.asked:
        yield f"{unheard}: {join.device} is made in this very task"
    for name in join.asked:
        offers, deaf = heard[name]
        families = {"DHCP" if family == 4 else "DHCPv6" for family in join.families}
        servers = sorted(f"{_who(each)} offers {', '.join(each.given)} by {each.by}" for each in offers if each.by in families)
        routers = sorted(f"{_who(each)} advertises {', '.join(each.given)}" for each in offers if each.by == "router" and 6 in join.families)
        if servers:
            yield (f"there is a DHCP server on {name} already: {'; '.join(servers)}. Network {join.network} has its own, and whoever asks would get an "
                   f"answer of either: take dhcp out of network {join.network}, or leave {join.leave}")
        if routers:
            yield (f"there is a router on {name} already: {'; '.join(routers)}. libvirt advertises network {join.network} there as well, and all would take "
                   f"addresses and routes of both: take the IPv6 address out of network {join.network}, or leave {join.leave}")
        if deaf and not servers:
            yield f"{unheard}: {name} {deaf}"
