# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes and addresses of a device that the kernel takes away by itself, and routes by it: ours, as a task asks for them, and others', which are put back
where what we do makes the kernel drop them. Pure, as all plans.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ..model.link import Link, over
from ..model.option import Bag
from .plan import Step

#: the least MTU that the kernel has IPv6 with (linux/ipv6.h, IPV6_MIN_MTU)
SIX = 1280
#: numbers of the protocols of routes that who configures a device gives it: those that its file says, and DHCP's (iproute2's rt_protos)
GIVEN = {"networkd": ("4", "16"), "networkmanager": ("4", "16"), "ifupdown": ("3",)}


def route_changes(name, held, wanted, lost, others=()):
    """Steps from our routes ``held`` to those ``wanted``. ``lost``: the kernel may have dropped some on the way.

    One of ``others`` gives its place to one of ours, and takes it again, at once: there is a route all the while.
    """
    if wanted is None:
        return
    theirs = {_key(route.asked): route.asked for route in others if route.asked is not None}
    keys = {_key(route) for route in held}
    gone = [route for route in held if _key(route) not in {_key(each) for each in wanted} | theirs.keys()]
    if not lost:
        yield from (Step("route", ("del", name, route)) for route in gone)
    for route in wanted:
        if route not in held and _key(route) in theirs:
            yield Step("supplant", (name, theirs[_key(route)], route))
        elif route not in held or lost:
            yield Step("route", ("replace" if _key(route) in keys else "add", name, route))


def _key(route):
    """What the kernel has one route of."""
    return "default" if route.dst in ("0.0.0.0/0", "::/0") else route.dst, route.version, route.metric, route.table


def displaced(wanted, others):
    """Those of others' routes in whose place ours that are ``wanted`` come."""
    keys = {_key(route) for route in wanted or ()}
    return tuple(route for route in others if route.asked is not None and _key(route.asked) in keys)


def left_out(rival, wanted, others):
    """Those of others' routes that a Rival gives a device, and that are not among those that are ``wanted``."""
    asked = displaced(wanted, others)
    return [route for route in others if route.asked is not None and route.protocol in GIVEN[rival.by] and route not in asked]


def goes_to(target, route):
    """True for a route of others that a target has in its place, as others' or as ours."""
    return route.asked in (target.link.routes or ()) or route._replace(asked=None) in target.others


def narrow(link):
    """True for a Link whose MTU is too small for IPv6."""
    return link.mtu is not None and link.mtu < SIX


def lasting(link, given):
    """A Link without what the kernel takes away unless it is ``given``: routes of a device that is down, and all of IPv6 where the MTU is too small."""
    if link.up is not False and not narrow(link):
        return link
    routes = Bag() if link.up is False else Bag(route for route in link.routes or () if route.version == 4)
    addresses = Bag(cidr for cidr in link.addresses or () if ":" not in cidr or not narrow(link))
    left = {"addresses": addresses, "routes": routes}
    return replace(link, **{name: value for name, value in left.items() if getattr(given, name) is None and getattr(link, name) is not None})


def left_over(before, after):
    """What is left of a Link ``before`` once a device is up or down, and has the MTU, as in ``after``."""
    return lasting(replace(before, up=after.up, mtu=after.mtu), Link())


def withdrawn(state, target):
    """In words, our routes and the addresses that the kernel takes away, and that nobody asked to go."""
    whole = over(state.link, target.link)
    left = lasting(whole, target.link)
    return [str(each) for name in ("addresses", "routes") for each in getattr(whole, name) or () if each not in (getattr(left, name) or ())]


def vanishing(state, target):
    """Addresses (CIDR) that go."""
    return [cidr for cidr in state.link.addresses if target.link.addresses is not None and cidr not in target.link.addresses]


def swept(state, target):
    """Addresses (CIDR) that stay, and that the kernel takes along where promote_secondaries is 0: those of IPv4 whose subnet's first one goes."""
    firsts, gone, found = {}, vanishing(state, target), []
    for cidr in state.link.addresses:
        first = firsts.setdefault(ipaddress.ip_interface(cidr).network, cidr)
        found += [cidr] if ":" not in cidr and first in gone and cidr not in gone else []
    return found


def dropped(state, target, others, whole):
    """Those of others' routes that the kernel drops: all where ``whole``, else those from addresses that go, IPv4's where no address is left, and IPv6's
    where the MTU becomes too small.

    Source: the kernel's net/ipv4/fib_frontend.c, fib_del_ifaddr() and fib_inetaddr_event().
    """
    gone = [*vanishing(state, target), *swept(state, target)]
    held = {cidr for cidr in (*state.link.addresses, *state.facts.get("dynamic", ())) if ":" not in cidr}
    bare, sources = held and held <= set(gone), {cidr.partition("/")[0] for cidr in gone}
    lost = {4: bare, 6: narrow(target.link)}
    return tuple(route for route in others if whole or lost[route.version] or route.src in sources)


def possible(state, target, others):
    """Those of others' routes that can be there once a device is as ``target`` says: up, with the addresses that they need, and none of ours instead."""
    link = over(state.link, target.link)
    if link.up is False:
        return ()
    others = [route for route in others if route.version == 4 or not narrow(link)]
    dynamic = [cidr for cidr in state.facts.get("dynamic", ()) if ":" not in cidr]  # IPv6's come again when they do
    held = [ipaddress.ip_interface(cidr) for cidr in (*link.addresses, *dynamic)]
    near = [route.dst for route in (*others, *(link.routes or ())) if not route.gateway and route.dst != "default"]
    networks = [*(each.network for each in held), *map(ipaddress.ip_network, near)]
    others = [route for route in others if route not in displaced(target.link.routes, others)]
    sources = {str(each.ip) for each in held if each.version == 4}  # the kernel takes none of IPv6 that it is still probing for
    found = [route for route in others if route.words and (not route.src or route.src in sources) and _reached(route, networks)]
    return tuple(sorted(found, key=lambda route: bool(route.gateway)))


def _reached(route, networks):
    if not route.gateway or route.onlink:
        return True
    gateway = ipaddress.ip_address(route.gateway)
    return gateway.is_link_local or any(gateway in network for network in networks)
