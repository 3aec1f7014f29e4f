# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes by a device: ours, as a task asks for them, and others', which are put back where what we do makes the kernel drop them. Pure, as all plans."""

from __future__ import annotations

import ipaddress

from .plan import Step


def route_changes(name, held, wanted, lost):
    """Steps from our routes ``held`` to those ``wanted``. ``lost``: the kernel may have dropped some on the way."""
    if wanted is None:
        return
    keys = {_key(route): route for route in held}
    gone = [route for route in held if _key(route) not in {_key(each) for each in wanted}]
    if not lost:
        yield from (Step("route", ("del", name, route)) for route in gone)
    for route in wanted:
        if route not in held or lost:
            yield Step("route", ("replace" if _key(route) in keys else "add", name, route))


def _key(route):
    return route.dst, route.version, route.metric, route.table


def vanishing(state, target):
    """Addresses (CIDR) that go."""
    return [cidr for cidr in state.link.addresses if target.link.addresses is not None and cidr not in target.link.addresses]


def dropped(state, target, others, whole):
    """Those of others' routes that the kernel drops: all where ``whole``, else those from addresses that go, and IPv4's where no address is left.

    Source: the kernel's net/ipv4/fib_frontend.c, fib_del_ifaddr() and fib_inetaddr_event().
    """
    gone = vanishing(state, target)
    held = {cidr for cidr in (*state.link.addresses, *state.facts.get("dynamic", ())) if ":" not in cidr}
    bare, sources = held and held <= set(gone), {cidr.partition("/")[0] for cidr in gone}
    return tuple(route for route in others if whole or bare and route.version == 4 or route.src in sources)


def possible(state, target, others):
    """Those of others' routes that can be there once a device is as ``target`` says: up, and with the addresses that they need."""
    if (state.link.up if target.link.up is None else target.link.up) is False:
        return ()
    static = state.link.addresses if target.link.addresses is None else target.link.addresses
    dynamic = [cidr for cidr in state.facts.get("dynamic", ()) if ":" not in cidr]  # IPv6's come again when they do
    held = [ipaddress.ip_interface(cidr) for cidr in (*static, *dynamic)]
    near = [route.dst for route in (*others, *(target.link.routes or state.link.routes or ())) if not route.gateway and route.dst != "default"]
    networks = [*(each.network for each in held), *map(ipaddress.ip_network, near)]
    sources = {str(each.ip) for each in held if each.version == 4}  # the kernel takes none of IPv6 that it is still probing for
    found = [route for route in others if route.words and (not route.src or route.src in sources) and _reached(route, networks)]
    return tuple(sorted(found, key=lambda route: bool(route.gateway)))


def _reached(route, networks):
    if not route.gateway or route.onlink:
        return True
    gateway = ipaddress.ip_address(route.gateway)
    return gateway.is_link_local or any(gateway in network for network in networks)
