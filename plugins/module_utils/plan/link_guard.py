# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a device's plan would cut the connection that the task came by."""

from __future__ import annotations

import ipaddress

from ..model.access import holds, length
from ..model.bridge import Bridge
from ..model.link import over_port
from ..model.link_kinds import Bond, IpVlan, Vxlan
from .link_routes import narrow
from .link_steps import differing, replaced
from .link_target import fill

#: options of what a device has of its own that stop frames for a while, or may for good, by its class
OPTIONS = {
    Bridge: ("vlan_filtering", "vlan_default_pvid", "vlan_protocol", "group_fwd_mask"),
    Bond: ("min_links", "primary", "primary_reselect", "arp_interval", "arp_ip_target", "ns_ip6_target", "arp_validate", "arp_all_targets"),
    Vxlan: ("local", "remote"), IpVlan: ("mode",),
}
#: options of a bridge's port that decide which frames pass
PORT = ("pvid", "untagged", "tagged", "learning", "flood", "bcast_flood", "mcast_flood", "guard", "root_block", "locked", "vlan_tunnel")
#: the table main, and the one that is looked up before it
MAIN, LOCAL = 254, 255


def cuts(item, access):
    """Yield clauses that say what of an Item of a device would cut an Access."""
    state, target = item.observed, item.target
    if state is not None and state.name in access.devices:
        yield from _carrier(state, target, item, access)
    if target is not None:
        yield from _rival(state, target, access)


def _carrier(state, target, item, access):
    """Of a device that carries it."""
    name = state.name
    if target is None:
        yield f"{name} goes"
        return
    fixed = replaced(state, target)
    if fixed:
        yield f"{name} is made anew, for {', '.join(sorted(fixed))}"
        return
    whole = fill(target, state)
    if state.link.up and not whole.link.up:
        yield f"{name} is turned off"
    yield from (f"{name} goes down for a moment, for {change.field}" for change in item.changes if change.cost == "restart" and change.field != "up")
    if whole.link.controller != state.link.controller:
        yield f"{name} is {f'put on {whole.link.controller}' if whole.link.controller else f'taken off {state.link.controller}'}"
    if target.link.mac not in (None, state.link.mac):
        yield f"{name} gets another MAC address"
    if ":" in access.client and narrow(whole.link) and not narrow(state.link):
        yield f"IPv6 does not work on {name} with an MTU of {whole.link.mtu}"
    yield from _addresses(state, whole, access)
    yield from _ports(state, whole, access)
    changed = differing(state.data, target.data)
    yield from (f"{each} of {name} changes" for each in OPTIONS.get(type(target.data), ()) if each in changed)
    if state.kind == "bridge":
        if whole.data.stp and not state.data.stp:
            yield f"STP on {name} lets nothing through until it has listened"
        if target.vlans is not None and target.vlans.given and target.vlans != state.vlans:
            yield f"the VLANs of {name} change"
    if target.link.port is not None and state.link.port is not None:
        yield from (f"{each} of port {name} changes" for each in _differing(state.link.port, over_port(state.link.port, target.link.port)))


def _addresses(state, whole, access):
    """Its own address, and the route back."""
    before, after = _held(state, whole)
    held = next((cidr for cidr in before if _bare(cidr) == access.server), None)
    if held and held not in after:
        yield f"{held} goes from {state.name}"
    gone = [route for route in state.link.routes or () if route not in (whole.link.routes or ())]
    if any((route.dst, route.gateway) == (access.dst, access.gateway) for route in gone):
        yield f"the route {access.dst} via {access.gateway} goes" if access.gateway else f"the route {access.dst} goes"
    near = [cidr for cidr in before if access.gateway and holds(cidr, access.gateway)]
    if near and not any(holds(cidr, access.gateway) for cidr in after):
        yield f"{near[0]} goes from {state.name}, and with it the way to the gateway {access.gateway}"


def _held(state, whole):
    """(addresses that it has, those of them and of its new ones that it has then). What DHCP and router advertisements gave goes with who asked for it,
    when another brings the device back: with networkd's unit at once, with NetworkManager's profile at the next boot."""
    dynamic, by = tuple(state.facts.get("dynamic", ())), [each.kept.by if each.kept is not None else None for each in (state, whole)]
    return (*state.link.addresses, *dynamic), (*whole.link.addresses, *(dynamic if by[0] == by[1] else ()))


def _ports(state, whole, access):
    """A port that carries it."""
    stay = set(whole.port_names)
    yield from (f"{port} leaves {state.name}" for port in state.port_names if port in access.devices and port not in stay)
    if state.kind in ("bond", "team") and state.port_names and not stay.intersection(state.port_names):
        yield f"all ports of {state.name} go"
    for port in whole.ports if state.kind == "bridge" else ():
        held = state.port(port.name)
        if held is not None and port.name in access.devices:
            yield from (f"{each} of port {port.name} changes" for each in _differing(held, port))


def _differing(held, port):
    return [each for each in PORT if getattr(held, each) != getattr(port, each)]


def _rival(state, target, access):
    """Of any device that takes over what carries it, or the way back."""
    whole = fill(target, state) if state is not None else target
    held = state.link if state is not None and (state.link.up or not whole.link.up) else None  # of a device that comes up all counts anew
    taken = [port for port in target.port_names if port in access.devices and port not in (state.port_names if state is not None else ())]
    yield from (f"{port} becomes a port of {target.name}" for port in taken)
    alone = getattr(target.data, "mode", None) == "passthru" and target.kind in ("macvlan", "macvtap")
    if alone and target.link.link in access.devices and state is None:
        yield f"{target.name} takes all that comes in by {target.link.link}"
    for cidr in whole.link.addresses or ():
        if held is not None and cidr in held.addresses:
            continue
        if _bare(cidr) == access.client:
            yield f"{target.name} gets {cidr}, the client's own address"
        elif access.outranked_by(cidr) and (target.name, None) != (access.devices[0], access.gateway):
            yield f"{cidr} of {target.name} takes the way back to {access.client}"
    for route in whole.link.routes or ():
        if held is None or route not in (held.routes or ()):
            yield from _route(target.name, route, access)


def _route(name, route, access):
    if route.table not in (MAIN, LOCAL) or route.version != ipaddress.ip_address(access.client).version:
        return
    if not access.covered_by(route.dst):
        return
    same = name == access.devices[0] and route.gateway == access.gateway
    rank = length(route.dst), -(route.metric or 0)
    first = route.table == LOCAL or rank > access.rank or rank == access.rank and name in access.devices  # which takes the place of the one that there is
    if first and not same:
        yield f"the route {route.dst} by {name} takes the way back to {access.client}"


def _bare(cidr):
    return cidr.partition("/")[0]
