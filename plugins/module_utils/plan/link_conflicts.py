# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on the host stands against a device: what it refers to, what refers to it, and what the kernel would refuse. Pure, as all plans."""

from __future__ import annotations

import json
import re

from ..errors import UnsupportedError, ValidationError
from ..model.kernel import RIDERS
from ..model.link import CONTROLLERS, KINDS, RIDING, Link, over
from ..model.link_kinds import Veth
from ..model.option import declared, plain
from . import link_rules
from .link_routes import SIX, displaced, left_out, narrow, possible
from .link_steps import replaced
from .link_taken import names_of, released
from .link_target import fill, unseen

#: what stands for more than one name, or for something else, in files of who brings devices back
PATTERN = re.compile(r"[][*?!;,=\"'\\#]|^-")
#: who brings devices back at boot, by the word of the option persist
PROGRAMS = {"networkd": "systemd-networkd", "networkmanager": "NetworkManager"}


def check(wanted, state, targets, context, coming):
    """Raise ValidationError, or UnsupportedError, for the first thing that stands against what is wanted of a device.

    ``coming`` are bridges that networks of the same plan make.
    """
    target = targets[wanted.name]
    network = context.networks.get(wanted.name)
    if network and (state is None or state.kind == "bridge"):
        raise ValidationError("name", wanted.name, f"is the bridge of libvirt's network {network}", "use virt_network, whose bridge_ports puts devices on it")
    if target is None:
        if state is not None:
            _check_removal(wanted, targets, context)
        return
    if state is not None and replaced(state, target):
        _check_removal(wanted, targets, context, "what cannot be changed makes it anew")
    _check_features(state, target, wanted)
    _check_lower(target, targets, context, coming)
    _check_controller(wanted, target, targets, context, coming)
    for port in names_of(target):
        if port not in names_of(state):
            _check_port(wanted, target, port, targets, context)
    _check_circle(target, targets, context)
    _check_sizes(wanted, target, targets, context)
    _check_kernel(wanted, state, target)
    _check_routes(wanted, state, context)
    _check_below(state, target, targets, context)
    link_rules.check(wanted, state, target)
    _check_addresses(state, target, targets, context)
    _check_keeping(wanted, state, target, context)


def _members(state, context):
    """Names of the ports of a target; where nobody asks for them, those that there are."""
    if state.ports is not None:
        return names_of(state)
    return [name for name, seen in context.seen.items() if seen.master == state.name]


def _check_removal(wanted, targets, context, why="it is to be absent"):
    riding = sorted(name for name, seen in context.seen.items() if seen.lower == wanted.name and targets.get(name, name) is not None)
    if riding:
        raise ValidationError("name", wanted.name, f"carries {', '.join(riding)}, which would go with it, and {why}",
                              "remove these first, or in the same task")


def _check_features(state, target, wanted):
    """What ip(8) does not show of a device that is there, this kernel or this iproute2 does not have."""
    if state is None or state.data is None or wanted.data is None or type(state.data) is not type(wanted.data):
        return
    for name, entry in declared(type(wanted.data)):
        given = getattr(wanted.data, name)
        shown = getattr(state.data, name) is not None or name in unseen(state.data) or name.startswith("ad_")
        if given is not None and not shown and entry.kind.ansible in ("bool", "int") and not entry.many:
            raise UnsupportedError(f"{target.prefix}{name} is {given!r}: this host's kernel or iproute2 has no {name} for devices of kind {target.kind}")


def _check_keeping(wanted, state, target, context):
    """Raise where somebody else configures the device, or a port, at boot."""
    if wanted.persist in PROGRAMS and wanted.persist not in context.keepers:
        raise ValidationError("persist", wanted.persist, f"{PROGRAMS[wanted.persist]} does not run on this host", "start and enable it, or use auto")
    if target.kept is None and state is not None and state.kept is not None and state.kind == "nic":
        above = context.kept_above(target.name)
        if above:
            raise ValidationError("persist", "none", f"{', '.join(above)} on top of {target.name} {'is' if len(above) == 1 else 'are'} brought back at boot, "
                                  f"and what else there is for {target.name} would not count", "say persist: none, or state: absent, for those first")
    if target.kept is None or state is not None and state.kept == target.kept:
        return
    if target.kind not in ("nic", "dummy", *KINDS):
        raise ValidationError("persist", wanted.persist, f"{target.name} is a device of kind {target.kind}, which nothing of ours can make again",
                              "say persist: none")
    if target.kind == "veth" and not target.kept.record.data.peer:
        raise ValidationError("persist", wanted.persist, f"the other end of {target.name} is in another namespace, and could not be made again",
                              "say persist: none")
    for name in (target.name, *names_of(target.kept.record)):
        if PATTERN.search(name) or name.isdecimal():
            raise ValidationError("persist", wanted.persist, f"{name!r} is not a name for files that say what comes back at boot",
                                  "choose one of letters, digits, dots, dashes and underscores, and not of digits alone, or say persist: none")
    below = [target.kept.record.link.link] if target.kept.record.link.link else []
    for name in dict.fromkeys([target.name, *names_of(target.kept.record), *below]):
        rival = context.rival(name)
        if rival:
            _check_rival(rival, name, wanted, target.kept, name in below)
            if wanted.takeover and name == wanted.name:
                _check_whole(rival, state, target, context)


def _check_rival(rival, name, wanted, kept, below):
    fight = f"{rival} configures {name}, and the two would fight over it"
    if below and kept.by == "networkmanager":
        return  # its profiles name what is below, and say nothing of it
    if below and rival.by != kept.by:
        raise ValidationError("persist", wanted.persist, f"{rival} configures {name}, and {kept.by} would have to, for what is on top of it",
                              "take it out there, or say persist: none")
    if below and not rival.alone:
        raise ValidationError("persist", wanted.persist, f"{rival} configures {name}, and others as well: nothing can be added for {name} alone",
                              f"have a unit that matches Name={name} alone, or say persist: none")
    if below:
        return
    if rival.method not in (None, "static", "manual"):
        raise ValidationError("persist", wanted.persist, f"{fight}; it has {name} get its addresses by {rival.method}, which nothing of ours does",
                              "take it out there, or say persist: none")
    if not wanted.takeover:
        ours = f"it is taken out there, with a copy below {rival.back}, until" if rival.back else "ours comes first until"
        raise ValidationError("persist", wanted.persist, fight, f"say takeover: true, and {ours} the device is absent or persist is none; or persist: none")


def _check_whole(rival, state, target, context):
    """Raise where ours would not say of a device what another does, which would not be there any more: its addresses, and the routes by it."""
    link = target.kept.record.link
    missing = {"addresses": "addresses"} if link.addresses is None else {}
    if state is not None and link.routes is None:
        routes = [_brief(route.asked) for route in possible(state, target, left_out(rival, (), context.others(target.name)))]
        missing.update({"routes": f"routes: {json.dumps(routes)}"} if routes else {})
    if missing:
        raise ValidationError("takeover", True, f"{rival} says which {' and '.join(missing)} {target.name} has, and ours would not",
                              f"say {' and '.join(missing.values())}, too")


def _brief(route):
    """A route as a task asks for it, without what need not be said."""
    usual = {"table": 254, "onlink": False, **({"metric": 1024} if route.version == 6 else {})}
    return {name: value for name, value in plain(route).items() if usual.get(name, "") != value}


def _check_lower(target, targets, context, coming):
    below = target.link.link
    if target.kind in RIDING and below is None and target.name not in context.seen:
        raise ValidationError("link", None, f"a {target.kind} is on top of another device", "name it")
    if below is not None and below not in context.seen and below not in coming and targets.get(below) is None and below not in _peers(targets):
        raise ValidationError("link", below, "no such device", f"name one that is there: {_known(context)}")


def _known(context):
    names = sorted(name for name in context.seen if name != "lo")
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")


def _check_controller(wanted, target, targets, context, coming):
    name = wanted.link.controller
    held = context.seen[wanted.name].master if wanted.name in context.seen else None
    if wanted.link.port is not None and not (held if name is None else name):
        raise ValidationError("port", "given", f"{target.name} is no bridge's port", "give controller, too")
    if held and name is None and getattr(target.data, "mode", None) == "tun":
        raise ValidationError("mode", "tun", f"{target.name} is a port of {held}, and carries IP packets then, not Ethernet frames", "say controller: '', too")
    if not name:
        return
    kind = _kind(name, targets, context) or ("bridge" if name in coming else None)
    if kind is None:
        raise ValidationError("controller", name, "no such device", "make the bridge first, or in the same task")
    if kind not in CONTROLLERS:
        raise ValidationError("controller", name, f"is a device of kind {kind}", "name a bridge")
    if kind != "bridge":
        raise ValidationError("controller", name, f"is a {kind}", f"name {wanted.name} in the ports of {name} instead")
    _check_joins(wanted, target.name, name, kind, targets, context)


def _peers(targets):
    """Names of the other ends of cables that the plan makes."""
    return {state.data.peer for state in targets.values() if state is not None and isinstance(state.data, Veth)}


def _kind(name, targets, context):
    if targets.get(name) is not None:
        return targets[name].kind
    return context.seen[name].kind if name in context.seen and name not in targets else None


def _check_port(wanted, target, port, targets, context):
    if port not in context.seen and targets.get(port) is None and port not in _peers(targets):
        raise ValidationError("ports", port, "no such device", f"name one that is there: {_known(context)}")
    _check_joins(wanted, port, target.name, target.kind, targets, context)


def _check_joins(wanted, port, controller, kind, targets, context):
    """Raise ValidationError for a device that cannot be, or should not become, a port."""
    seen, option = context.seen.get(port), "ports" if port != wanted.name else "controller"
    value = port if option == "ports" else controller
    if port == controller:
        raise ValidationError(option, value, "a device is no port of itself", "leave it out")
    if seen and not seen.ethernet:
        raise ValidationError(option, value, f"{port} is no Ethernet device, and none else is a port", "name a NIC, TAP or the like")
    if kind == "bridge" and _kind(port, targets, context) == "bridge":
        raise ValidationError(option, value, f"{port} is a bridge itself, and no port of another", "join the two with a veth")
    if kind == "bridge" and context.wireless(port):
        raise ValidationError(option, value, f"{port} is a Wi-Fi device, and access points take frames from its own MAC address alone",
                              "use a routed or NAT network for guests on a laptop")
    riders = sorted(name for name, other in context.seen.items() if other.lower == port and other.kind in RIDERS)
    if riders:
        raise ValidationError(option, value, f"{port} carries {', '.join(riders)}, and the kernel gives it to one of the two", "remove these first")
    master = seen.master if seen else None
    if master and master != controller and not wanted.steal and not released(master, port, targets):
        raise ValidationError(option, value, f"{port} is a port of {master}", "say steal: true, or take it off there first")
    guests = [guest for guest in context.guests if guest.target == port] if master and master != controller else []
    if guests:
        raise ValidationError(option, value, f"{port} is a NIC of guest {guests[0].domain}", "change the guest's definition instead")
    after = targets[port].link.addresses if targets.get(port) is not None else None
    dynamic = [cidr for cidr in seen.dynamic if not after and port != wanted.uplink] if seen else []  # whose client goes to the bridge
    held = list(seen.addresses) if seen and after is None else [*(after or ()), *dynamic]
    if dynamic:
        raise ValidationError(option, value, f"{port} has {', '.join(dynamic)} by DHCP or router advertisements, which would not be reached any more",
                              "have that end first, or take another device")
    if held:
        raise ValidationError(option, value, f"{port} has {', '.join(held)}, which would not be reached any more",
                              f"give these to {controller}, and addresses: [] to {port}, in the same task")


def _check_circle(target, targets, context):
    """Raise ValidationError where a device would end up on top of itself."""

    def below(name):
        state = targets.get(name)
        if state is not None:
            known = context.seen[name].lower if name in context.seen else None
            return [*_members(state, context), *filter(None, [state.link.link or known])]
        found = [other for other, seen in context.seen.items() if seen.master == name]
        under = context.seen[name].lower if name in context.seen else None
        return [*found, *([under] if under else [])]

    def walk(name, way):
        if name in way:
            return [*way[way.index(name):], name]
        return next(filter(None, (walk(each, [*way, name]) for each in below(name))), None)

    circle = walk(target.name, [])
    if circle:
        option = "ports" if target.kind in CONTROLLERS else "link"
        raise ValidationError(option, circle[1], f"{' on '.join(circle)}: a device would be on top of itself", "leave one of these out")


def _mtu(name, targets, context):
    state = targets.get(name)
    if state is not None and state.link.mtu is not None:
        return state.link.mtu
    return context.seen[name].mtu if name in context.seen else None


def _check_sizes(wanted, target, targets, context):
    if wanted.link.mtu is None:
        return
    mtu = wanted.link.mtu
    if target.kind == "bridge":
        larger = {port: size for port in _members(target, context) for size in [_mtu(port, targets, context)] if size and size > mtu}
        if larger:
            port, size = max(larger.items(), key=lambda pair: pair[1])
            raise ValidationError("mtu", mtu, f"is below that of port {port} ({size}), whose frames would be dropped", "raise it, or lower the port's first")
    if target.kind in RIDING and target.link.link:
        size = _mtu(target.link.link, targets, context)
        if size and mtu > size:
            raise ValidationError("mtu", mtu, f"is above that of {target.link.link} ({size}), which it is on top of", "lower it, or raise that one's first")


def _check_kernel(wanted, state, target):
    """Raise ValidationError for routes of a device that is down, and for IPv6 where the MTU is too small for it."""
    whole = over(state.link if state is not None else Link(), target.link)
    addresses, routes = wanted.link.addresses or (), wanted.link.routes or ()
    if routes and whole.up is False:
        raise ValidationError("routes", str(routes[0]), f"{target.name} is down then, and the kernel has no routes by such", "say up: true, or routes: []")
    six = [("addresses", cidr) for cidr in addresses if ":" in cidr] + [("routes", str(route)) for route in routes if route.version == 6]
    if six and narrow(whole):
        raise ValidationError(*six[0], f"is of IPv6, which the kernel has from an mtu of {SIX} on, and that of {target.name} is {whole.mtu}",
                              "raise mtu, or leave it out")


def _check_routes(wanted, state, context):
    """Raise ValidationError for a route in whose place there is another program's, which stays there."""
    new = [route for route in wanted.link.routes or () if state is not None and route not in (state.link.routes or ())]
    theirs = [route for route in displaced(new, context.others(state.name)) if route not in state.others] if new else ()
    if theirs:
        raise ValidationError("routes", str(theirs[0].asked), f"{state.name} has {theirs[0]} of another program, and there is one of a subnet and metric",
                              f"leave it out, give another metric, or say takeover: true and persist: {next(iter(context.keepers), 'networkd')}")


def _check_below(state, target, targets, context):
    """Raise ValidationError for a VLAN that is to be up on a device that is down, unless who makes the one sets up the other."""
    whole = fill(target, state) if state is not None else target
    rises = whole.kind == "vlan" and whole.link.up and not (state is not None and state.link.up) and not whole.data.loose_binding
    if not rises or whole.kept is not None and whole.kept.made:
        return
    below = whole.link.link
    given = targets[below].link.up if targets.get(below) is not None else None
    if given is False or given is None and below in context.seen and not context.seen[below].up:
        raise ValidationError("link", below, "is down, and the kernel sets no VLAN up on it", f"say up: true for {below}, too, or up: false for {target.name}")


def _check_addresses(state, target, targets, context):
    had = (state.link.addresses if state else ()) or ()
    new = {cidr.partition("/")[0]: cidr for cidr in target.link.addresses or () if cidr not in had}
    if not new:
        return
    for name, seen in context.seen.items():
        if name == target.name:
            continue
        after = targets[name].link.addresses if targets.get(name) is not None else () if name in targets else None
        for cidr in seen.addresses if after is None else after:
            if cidr.partition("/")[0] in new:
                raise ValidationError("addresses", new[cidr.partition("/")[0]], f"is {name}'s", "take it from there in the same task, or choose another")
