# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the devices that are wanted, or an error before anything is touched."""

from __future__ import annotations

import grp
import ipaddress
import pwd
from dataclasses import replace

from ..errors import ValidationError
from ..model.bridge import Bridge, BridgePort, Vlans, numbers
from ..model.link import CONTROLLERS, KINDS, RIDING, Link, WantedLink
from ..model.link_kinds import Tun, Vlan
from ..model.option import Bag, read
from ..model.values import DEVICE

#: bits of group_fwd_mask that the kernel keeps to itself: pause frames, LACP and 802.1X have to stay on their link
RESTRICTED = 0x7
#: modules for kinds that virt_link has no options for
MODULES = {"bridge": "virt_bridge", "tun": "virt_tap"}


def bridge(params, mark, host):
    """The WantedLink of one set of virt_bridge's options."""
    data = read(Bridge, params)
    if (data.group_fwd_mask or 0) & RESTRICTED:
        raise ValidationError("group_fwd_mask", data.group_fwd_mask, "the lowest three bits are the kernel's own", "leave out what they add: 1, 2 and 4")
    ports = _each(BridgePort, params["ports"], "ports")
    vlans = read(Vlans, params["vlans"], "vlans.") if params["vlans"] is not None else None
    for path, given in [("vlans.", vlans), *((f"ports[{port.name}].", port) for port in ports or ())]:
        _check_vlans(path, given)
    ports, uplink = _unique("ports", ports, lambda port: port.name), _named("uplink", params["uplink"])
    return _wanted("bridge", "bridge", params, mark, data=data, ports=ports, vlans=vlans, steal=params["steal"], uplink=uplink)


def tap(params, mark, host):
    """The WantedLink of one set of virt_tap's options."""
    data = read(Tun, params)
    data = replace(data, owner=_known("owner", data.owner, pwd.getpwnam, pwd.getpwuid), group=_known("group", data.group, grp.getgrnam, grp.getgrgid))
    wanted = _wanted("tap", "tun", params, mark, data=data, steal=params["steal"])
    if data.mode == "tun" and (wanted.link.controller or wanted.link.mac):
        option = "controller" if wanted.link.controller else "mac"
        raise ValidationError(option, getattr(wanted.link, option), "a device of mode tun carries IP packets, not Ethernet frames", "use mode: tap")
    return wanted


def link(params, mark, host):
    """The WantedLink of one set of virt_link's options."""
    kind = _kind_of(params, host)
    for other in sorted(set(params) & set(KINDS)):
        if params[other] is not None and KINDS[other] is not KINDS.get(kind):
            raise ValidationError(other, params[other], f"is not for a device of kind {kind}", f"leave it out, or say kind: {other}")
    if kind is None and params["ports"] is not None:
        raise ValidationError("kind", None, "ports are those of a bond or team", "say which")
    option = _option(kind)
    cls = KINDS.get(kind)
    data = read(cls, params[option] or {}, f"{option}.") if cls else None
    for name in ("ingress_qos_map", "egress_qos_map") if cls is Vlan else ():
        _unique(f"vlan.{name}", getattr(data, name), lambda each: each.partition(":")[0])
    ports = None if params["ports"] is None else [_named(f"ports[{number}]", name) for number, name in enumerate(params["ports"])]
    if ports is not None and kind not in CONTROLLERS:
        raise ValidationError("ports", params["ports"], f"a device of kind {kind} has none", "leave it out")
    if params["link"] is not None and kind not in (*RIDING, "vxlan"):
        raise ValidationError("link", params["link"], f"a device of kind {kind} is not on top of another", "leave it out")
    return _wanted("link", kind, params, mark, data=data, ports=_unique("ports", ports, str), steal=params["steal"])


def _kind_of(params, host):
    """The kind that is asked for: as it is said, or, where options are given that are for some kinds alone, that of the device that is there, or theirs."""
    own = [name for name in sorted(set(params) & set(KINDS)) if params[name] is not None]
    if params["kind"] is not None or not own and params["ports"] is None and params["link"] is None:
        return params["kind"]
    there = host.devices.seen.get(params["name"])
    if there is not None and there.kind in MODULES:
        raise ValidationError("name", params["name"], f"is a {there.kind}", f"use {MODULES[there.kind]} for what devices of that kind have of their own")
    if there is None and len(own) > 1:
        raise ValidationError("kind", None, f"{' and '.join(own)} are options of different kinds", "say which")
    return there.kind if there is not None else next(iter(own), None)


def _option(kind):
    """Name of the option that has what a kind has of its own: macvtap and macvlan share one, and so do ipvtap and ipvlan."""
    return {"macvtap": "macvlan", "ipvtap": "ipvlan"}.get(kind, kind)


def _named(option, name):
    """A device's name, or None. Raises ValidationError."""
    try:
        return None if name is None else DEVICE.canonical(name)
    except ValueError as err:
        raise ValidationError(option, name, str(err)) from err


def _wanted(kind, device, params, mark, **more):
    name = _named("name", params["name"])
    given = read(Link, params)
    addresses = _unique("addresses", given.addresses, lambda cidr: cidr.partition("/")[0])
    local = next((cidr for cidr in addresses or () if ipaddress.ip_interface(cidr).is_link_local), None)
    if local:
        raise ValidationError("addresses", local, "is link-local, and those are left to the kernel", "leave it out")
    if given.routes is not None:
        _check_versions(given.routes)
        _unique("routes", given.routes, lambda route: f"{route.dst} of IPv{route.version} metric {route.metric} table {route.table}")
    if given.port is not None:
        _check_vlans("port.", given.port)
    return WantedLink(kind, name, device, replace(given, addresses=addresses), state=params["state"], lab=mark, force=params["force"],
                      persist=params["persist"], takeover=params["takeover"], **more)


def _check_versions(routes):
    for number, route in enumerate(routes):
        for name in ("gateway", "src"):
            given = getattr(route, name)
            if given and ipaddress.ip_address(given).version != route.version:
                raise ValidationError(f"routes[{number}].{name}", given, f"is not of IPv{route.version}, as {route.dst} is",
                                      f"give one of IPv{route.version}; a next hop of another version is not supported")


def _each(cls, given, path):
    return None if given is None else [read(cls, each, f"{path}[{number}].") for number, each in enumerate(given)]


def _unique(option, given, key):
    """The members as a Bag, or None where none are given. Raises ValidationError for the first that is there twice."""
    if given is None:
        return None
    keys = [key(each) for each in given]
    twice = next((each for each in keys if keys.count(each) > 1), None)
    if twice is not None:
        raise ValidationError(option, twice, "is there twice", "give each once")
    return Bag(given)


def _check_vlans(path, given):
    both = numbers(given.untagged or ()) & numbers(given.tagged or ()) if given is not None else ()
    if both:
        raise ValidationError(f"{path}tagged", min(both), "is in untagged as well", "give each VLAN once")


def _known(option, given, by_name, by_number):
    """Name of a user or group that is given by either name or number; a number that nobody has stays one."""
    if not given:
        return given
    try:
        return by_number(int(given))[0] if given.isdecimal() else by_name(given)[0]
    except KeyError:
        if given.isdecimal():
            return given
        raise ValidationError(option, given, "the managed host knows nobody of that name", "create it first, or give a number") from None
