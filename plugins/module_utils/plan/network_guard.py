# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a network's plan would cut the connection that the task came by."""

from __future__ import annotations

from ..model.network import interfaces
from .network_conflicts import subnets

#: of a route that says none (networkStartNetworkVirtual in libvirt's src/network/bridge_driver.c, virNetDevIPRouteGetMetric in src/util)
METRIC = 1


def cuts(item, access):
    """Yield clauses that say what of an Item of a network would cut an Access."""
    live = item.observed.live if item.observed is not None else None
    after = item.target.live if item.target is not None else None
    verbs = {step.verb for step in item.steps}
    if live is not None and live.bridge_name in access.devices and live.owns_bridge and "stop" in verbs:
        yield f"{live.bridge_name} goes down with the network"
    if after is None:
        return
    for subnet in subnets(after):
        new = live is None or subnet not in subnets(live)
        if new and access.outranked_by(subnet):
            yield f"its subnet {subnet} takes the way back to {access.client}"
    for route in after.routes:
        if live is None or route not in live.routes:
            yield from _route(route, access)
    held = set(live.bridge_ports if live is not None else ())
    yield from (f"{port} becomes a port of {after.bridge_name}" for port in after.bridge_ports if port in access.devices and port not in held)
    yield from _proxied(item, access)
    if live is not None:
        yield from (f"{port} leaves {live.bridge_name}" for port in live.bridge_ports if port in access.devices and port not in after.bridge_ports)


def _proxied(item, access):
    """Of addresses that the host is to answer for, the client's and that of the next hop on the way back are beyond the bridge then."""
    before, after = (each.definition.proxied if each is not None else None for each in (item.observed, item.target))
    held = before.addresses if before and item.observed.live else ()
    for address in after.addresses if after else ():
        if address not in held and address in (access.client, access.gateway):
            yield f"its route to {address} takes the way back to {access.client}"


def _route(route, access):
    for subnet in (each.network for each in interfaces([route.address])):
        if access.covered_by(subnet) and (subnet.prefixlen, -(route.metric or METRIC)) > access.rank:
            yield f"its route to {subnet} takes the way back to {access.client}"
