# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on the host stands against a network: other networks, routes, devices. Pure, as all plans."""

from __future__ import annotations

import ipaddress
import itertools
from urllib.parse import urlsplit

from ..errors import UnsupportedError, ValidationError
from ..model.kernel import RIDERS
from ..model.network import interfaces

#: what becomes of a conflict: libvirt would refuse it, or worse; it is refused unless a whole document asks for it; it is told
REFUSED, DOUBTED, TOLD = "refused", "doubted", "told"


def doubts(wanted, targets, context, coming):
    """The conflicts of a WantedNetwork to warn of, in words; raises the first to refuse. ``coming`` are devices that the same plan makes."""
    warnings = []
    for severity, problem in _conflicts(wanted, targets, context, coming):
        if severity is REFUSED or severity is DOUBTED and wanted.strict:
            raise problem
        warnings.append(str(problem))
    return warnings


def _conflicts(wanted, targets, context, coming):
    """Yield (severity, error or text)."""
    target = targets[wanted.name]
    definition = target.definition
    if target.hooked and not (context.local and context.root):
        what = "bridge_ports are put on the bridge" if definition.bridge_ports else "proxied addresses are routed to the bridge"
        yield REFUSED, UnsupportedError(f"{what} by root alone, on libvirt's own host: become root there, and leave out what "
                                        f"uri {context.uri} has beyond qemu:///system")
    yield from _session(definition, context.uri)
    others = {name: other for name, other in {**context.networks, **targets}.items() if name != wanted.name and other is not None}
    for name, other in others.items():
        word = "this task's" if name in targets else "the active" if other.live else "the inactive"
        yield from _with_network(definition, target, f"{word} network {name}", other)
    if context.remote:
        yield TOLD, f"uri {context.uri} is another host's: its routes and devices were not looked at"
        return
    bridges = {each.live.bridge_name for each in context.networks.values() if each.live and each.live.owns_bridge}
    if definition.owns_bridge and definition.bridge_name in context.links and definition.bridge_name not in bridges:
        yield (REFUSED if target.live else DOUBTED), ValidationError(
            "bridge.name", definition.bridge_name, f"is a device that this host has already, and forward mode {definition.mode} makes the bridge itself",
            "choose another name, or forward mode bridge to use that one",
        )
    for route in context.routes:
        if route.device not in bridges:
            yield from _with_route(definition, target, route)
    if definition.proxied:
        yield from _with_host(definition, context)
    yield from _missing_links(definition, context.links | coming)


def _session(definition, uri):
    usable = definition.mode == "bridge" and definition.bridge_name
    if urlsplit(uri).path == "/session" and not usable:
        yield REFUSED, UnsupportedError(
            f"{uri} runs without privileges and can do nothing for forward mode {definition.mode}: "
            "use uri qemu:///system, or mode bridge with the name of a bridge that is there"
        )


def _with_network(definition, target, network, state):
    other = state.live or state.stored
    if definition.uuid and definition.uuid == other.uuid:
        yield REFUSED, ValidationError("uuid", definition.uuid, f"belongs to {network}, and libvirt cannot rename a network",
                                       "remove that first, or leave uuid out")
    if definition.owns_bridge and definition.bridge_name and definition.bridge_name == other.bridge_name:
        yield REFUSED, ValidationError("bridge.name", definition.bridge_name, f"is the bridge of {network}", "choose another, or leave it to libvirt")
    for device in sorted(set(definition.bridge_ports) & set(state.definition.bridge_ports)):
        yield REFUSED, ValidationError("bridge_ports", device, f"is a port of {network}", "name it in one of them alone")
    proxied, theirs = (ways(each) for each in (definition, state.definition))
    for address in sorted(proxied & theirs):
        yield REFUSED, ValidationError("proxied.addresses", address, f"is a guest's of {network}", "name it in one of them alone")
    for address, subnet in itertools.product(sorted(proxied), subnets(other)):
        if ipaddress.ip_address(address) in subnet:
            yield DOUBTED, ValidationError("proxied.addresses", address, f"is in {subnet} of {network}, whose guests would not be reached by it any more",
                                           "choose another address")
    for subnet in subnets(definition):
        for taken in subnets(other):
            if subnet.version != taken.version or not subnet.overlaps(taken):
                continue
            message = f"overlaps {taken} of {network}"
            if state.live:
                yield _severity(subnet == taken, target), ValidationError("ips", str(subnet), message, "choose another subnet")
            else:
                yield TOLD, f"ips {subnet} {message}: only one of the two can run at a time"
        for beyond in routed(other) if state.live else ():
            if subnet.version == beyond.version and subnet.overlaps(beyond):
                yield DOUBTED, ValidationError("ips", str(subnet), f"overlaps the route to {beyond} of {network}", "choose another subnet")


def _severity(same, target):
    """libvirt refuses to start a network whose very subnet is taken; where it only overlaps, it starts, and one of the two is cut off."""
    return REFUSED if same and target.live else DOUBTED


def _with_route(definition, target, route):
    found = [("ips", each) for each in subnets(definition) if collides(each, route)]
    # a network's route that is wider than one of the host's is what the host sends beyond its own
    found += [("routes", each) for each in routed(definition) if collides(each, route) and each.prefixlen >= route.subnet.prefixlen]
    for address in sorted(ways(definition)):
        if ipaddress.ip_network(address) == route.subnet:
            yield REFUSED, ValidationError("proxied.addresses", address, f"has a route through {route.device} already",
                                           f"remove it first: ip route delete {address}")
    for option, taken in found:
        yield _severity(taken == route.subnet and taken.version == 4, target), ValidationError(
            option, str(taken), f"overlaps the host's route to {route.subnet} through {route.device}", "choose another subnet")


def _with_host(definition, context):
    dev = definition.proxied.dev
    own = {address.partition("/")[0]: name for name, link in context.devices.items() for address in link.given}
    for address in sorted(ways(definition)):
        if address in own:
            yield REFUSED, ValidationError("proxied.addresses", address, f"is the host's own, on {own[address]}", "name those of the guests alone")
        hop = next((name for hop, name in context.hops if hop == address), None)
        if hop is not None:
            yield REFUSED, ValidationError("proxied.addresses", address, f"is a router's, by which the host reaches others through {hop}",
                                           "name those of the guests alone")
        for given in context.devices[dev].given if dev in context.devices else ():
            subnet = ipaddress.ip_interface(given).network
            if subnet.version == 4 and subnet.prefixlen < 31 and ipaddress.ip_address(address) in (subnet[0], subnet[-1]):
                yield REFUSED, ValidationError("proxied.addresses", address, f"is the address or the broadcast of {subnet} itself, on {dev}",
                                               "name those of the guests alone")
    master = context.devices[dev].master if dev in context.devices else None
    if master:
        yield REFUSED, ValidationError("proxied.dev", dev, f"is a port of {master}, which is what is asked there", f"name {master} instead")


def ways(definition):
    """The addresses that a definition has proxied, each of which leads to one network alone."""
    return {str(each.ip) for each in interfaces(definition.proxied.addresses if definition.proxied else ())}


def subnets(definition):
    """The subnets of a definition's addresses."""
    return [each.network for each in definition.interfaces]


def routed(definition):
    """The subnets that a definition has routes to."""
    return [each.network for each in interfaces(each.address for each in definition.routes)]


def collides(subnet, route):
    """True where a host route would take packets from ``subnet``, or the other way round.

    A wider route does not, unless it is that of a device's own subnet: the network is simply the more specific of the two.
    """
    taken = route.subnet
    if taken.version != subnet.version or not taken.overlaps(subnet) or taken.prefixlen == 0:
        return False
    return route.connected or taken.prefixlen >= subnet.prefixlen


def check_ports(name, state, targets, context):
    """Raise ValidationError for a device that is to join the bridge of the network ``name`` and would be missed where it is."""
    target = targets[name]
    there = {port.name for port in state.kernel.ports} if state and state.kernel else set()
    for device in target.definition.bridge_ports:
        link = context.devices.get(device) if device not in there else None
        if link is None:
            continue
        guests = [guest.domain for guest in context.guests if guest.target == device]
        riders = [other.name for other in context.devices.values() if other.lower == device and other.kind in RIDERS]
        if not link.ethernet:
            raise ValidationError("bridge_ports", device, "is no Ethernet device, and bridges have no others as ports", "name a NIC or TAP")
        if riders:
            raise ValidationError("bridge_ports", device, f"carries {', '.join(riders)}, and the kernel gives it to one of the two", "remove these first")
        if link.kind == "bridge":
            raise ValidationError("bridge_ports", device, "is a bridge itself, and no port of another", "name the NIC or TAP that shall join")
        if guests:
            raise ValidationError("bridge_ports", device, f"is a NIC of guest {guests[0]}", f"attach that guest to network {name} instead")
        if link.master and not _gives_up(link.master, device, targets, context):
            raise ValidationError("bridge_ports", device, f"is a port of {link.master}", f"take it off first: ip link set {device} nomaster")
        if link.given:
            raise ValidationError("bridge_ports", device, f"has {', '.join(link.given)}, which would not be reached any more",
                                  "give the addresses to a bridge first, or take another device")


def _gives_up(bridge, device, targets, context):
    """True where ``bridge`` is that of a network which this very plan takes the device from."""
    owners = [name for name, state in context.networks.items() if state.live and state.live.owns_bridge and state.live.bridge_name == bridge]
    return any(name in targets and (targets[name] is None or device not in targets[name].definition.bridge_ports) for name in owners)


def _missing_links(definition, links):
    for device in definition.bridge_ports:
        if device not in links:
            yield TOLD, f"device {device} of bridge_ports is not there: the network's next start puts it on the bridge, or the next run, if it is there by then"
    proxied = definition.proxied
    if proxied and proxied.dev not in links:
        yield TOLD, f"device {proxied.dev} of proxied is not there: nobody answers for its addresses until it is, and the network starts or a task is run again"
    forward = definition.forward
    switch = definition.virtualport.type if definition.virtualport else None
    bridge = definition.bridge_name if definition.mode == "bridge" and switch != "openvswitch" else None
    if bridge and bridge not in links:
        yield TOLD, f"bridge {bridge} is not there: libvirt starts the network all the same, but no guest can use it until the bridge is made"
    devices = {interface.dev for interface in forward.interfaces} | {forward.dev, forward.pf and forward.pf.dev} if forward else set()
    for device in sorted(filter(None, devices)):
        if device not in links:
            yield TOLD, f"device {device} of forward is not there: nothing passes until it is"
