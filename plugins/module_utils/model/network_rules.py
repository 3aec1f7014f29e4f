# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a network's definition by itself: the rules that need no host. Each raises ValidationError.

They say before libvirt is asked what libvirt would refuse less kindly, accept and then fail on, or lose.
Sources: libvirt's formatnetwork page, networkValidate in its bridge driver, and trials with libvirt 9.0.
"""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError
from .network import ROUTING, Network

LIBVIRTS_OWN = ROUTING + ("isolated",)
MACVTAP = ("private", "vepa", "passthrough")
ELSEWHERE = ("bridge",) + MACVTAP + ("hostdev",)
#: options that make sense in some forward modes only
MODES = {
    "mac": LIBVIRTS_OWN + ("bridge",),
    "ips": LIBVIRTS_OWN,
    "routes": LIBVIRTS_OWN,
    "dns": LIBVIRTS_OWN,
    "domain": LIBVIRTS_OWN,
    "ipv6": LIBVIRTS_OWN,
    "dnsmasq_options": LIBVIRTS_OWN,
    "mtu": LIBVIRTS_OWN + ("bridge",),
    "bandwidth": LIBVIRTS_OWN + ("bridge",),
    "port": LIBVIRTS_OWN + ("bridge",),
    "bridge": LIBVIRTS_OWN + ("bridge",),
    "bridge.stp": LIBVIRTS_OWN,
    "bridge.delay": LIBVIRTS_OWN,
    "forward.nat": ("nat",),
    "forward.dev": ("nat", "route", "bridge") + MACVTAP + ("hostdev",),
    "forward.interfaces": ("nat", "route", "bridge") + MACVTAP + ("hostdev",),
    "forward.addresses": ("hostdev",),
    "forward.pf": ("bridge",) + MACVTAP + ("hostdev",),
    "forward.managed": ("hostdev",),
    "forward.driver": ("hostdev",),
}
#: ways to name the devices of a pool that exclude each other
POOLS = ("forward.interfaces", "forward.addresses", "forward.pf", "bridge")


def check(definition: Network):
    """Raise ValidationError for the first rule that ``definition`` breaks."""
    _check_mode(definition)
    _check_bridge_mode(definition)
    _check_services(definition)
    _check_routes(definition)
    _check_ports(definition)


def doubts(definition):
    """Yield in words what libvirt and the kernel take, and hardly anybody means."""
    for number, address in enumerate(definition.ips):
        interface = ipaddress.ip_interface(address.address or "::1")
        if _reserved(interface.ip, interface.network):
            yield f"ips[{number}].address is {address.address!r}: {interface.ip} is the subnet's own or its broadcast address"


def _reserved(address, subnet):
    """True for the first and last address of an IPv4 subnet, which no host can have."""
    return subnet.version == 4 and subnet.prefixlen < 31 and address in (subnet[0], subnet[-1])


def _value(definition, path):
    value = definition
    for name in path.split("."):
        value = getattr(value, name) if value is not None else None
    return value if value != () else None


def _check_mode(definition):
    mode = definition.mode
    for path, modes in MODES.items():
        value = _value(definition, path)
        if value is not None and mode not in modes:
            raise ValidationError(
                path, _short(value), f"has no meaning with forward mode {mode}; it belongs to {', '.join(modes)}", f"remove {path} or change forward.mode"
            )
    if mode == "isolated" and definition.forward is not None:
        raise ValidationError("forward", _short(definition.forward), "an isolated network forwards nowhere, so mode isolated goes alone")
    forward = definition.forward
    if forward and forward.nat:
        nat = forward.nat
        for name, number in (("address", ipaddress.IPv4Address), ("port", int)):
            span = getattr(nat, name)
            if span and number(span.start) > number(span.end):
                raise ValidationError(f"forward.nat.{name}", f"{span.start} to {span.end}", "must run from the lower to the higher")
    if forward and forward.dev and forward.interfaces and forward.dev != forward.interfaces[0].dev:
        raise ValidationError("forward.dev", forward.dev, f"must be the first of forward.interfaces, which is {forward.interfaces[0].dev}")
    _check_unique("forward.interfaces", [interface.dev for interface in forward.interfaces] if forward else ())


def _check_bridge_mode(definition):
    mode = definition.mode
    if mode not in ELSEWHERE:
        return
    given = [path for path in POOLS if _value(definition, path) is not None]
    if len(given) > 1:
        raise ValidationError(given[0], _short(_value(definition, given[0])), f"excludes {' and '.join(given[1:])}")
    if mode == "bridge" and "bridge" in given and not definition.bridge_name:
        raise ValidationError("bridge.name", None, "must be given with forward mode bridge: the name of the bridge that is there")
    if not given and not definition.forward.dev:
        wanted = {"bridge": "bridge.name, or forward.dev for a direct connection", "hostdev": "forward.pf or forward.addresses"}
        raise ValidationError("forward.mode", mode, f"needs {wanted.get(mode, 'forward.dev, forward.interfaces or forward.pf')}")


def _check_services(definition):
    serving, leases = {}, {}
    if definition.mode in ("nat", "route") and not any(address.address for address in definition.ips):
        raise ValidationError("ips", [], f"must hold at least one address with forward mode {definition.mode}")
    for number, address in enumerate(definition.ips):
        where = f"ips[{number}]"
        if address.address is None:
            continue
        interface = ipaddress.ip_interface(address.address)
        for other in definition.ips[:number]:
            if other.address and ipaddress.ip_interface(other.address).network.overlaps(interface.network):
                raise ValidationError(f"{where}.address", address.address, f"overlaps {other.address} of the same network")
        if address.tftp and interface.version == 6:
            raise ValidationError(f"{where}.tftp", address.tftp.root, "is for IPv4 addresses only")
        if address.dhcp:
            if interface.version in serving:
                allowed = f"only one IPv{interface.version} address can serve DHCP, and {serving[interface.version]} does"
                raise ValidationError(f"{where}.dhcp", address.address, allowed)
            serving[interface.version] = f"{where} ({address.address})"
            _check_dhcp(f"{where}.dhcp", address.dhcp, interface, leases)


def _check_dhcp(where, dhcp, interface, leases):
    spans = []
    for number, span in enumerate(dhcp.ranges):
        path = f"{where}.ranges[{number}]"
        first, last = (_inside(f"{path}.{end}", getattr(span, end), interface) for end in ("start", "end"))
        if first > last:
            raise ValidationError(path, f"{span.start} to {span.end}", "must run from the lower to the higher address")
        for other, (low, high) in enumerate(spans):
            if first <= high and low <= last:
                raise ValidationError(path, f"{span.start} to {span.end}", f"overlaps {where}.ranges[{other}]")
        spans.append((first, last))
    for number, host in enumerate(dhcp.hosts):
        path = f"{where}.hosts[{number}]"
        if host.ip is None and interface.version == 6:
            raise ValidationError(f"{path}.ip", None, "must be given")
        if host.ip is not None and _inside(f"{path}.ip", host.ip, interface) == interface.ip:
            raise ValidationError(f"{path}.ip", host.ip, "is the network's own address")
        if interface.version == 4 and host.mac is None and host.name is None:
            raise ValidationError(path, host.ip or "", "must have a mac or a name to know the guest by")
        if interface.version == 6 and host.mac is not None:
            raise ValidationError(f"{path}.mac", host.mac, "cannot be used for IPv6", "know the guest by id (its DUID) or name")
        for name in ("mac", "id", "ip", "name"):
            value = getattr(host, name)
            if value is not None and (interface.version, name, value) in leases:
                raise ValidationError(f"{path}.{name}", value, f"is used already by {leases[interface.version, name, value]}")
            leases[interface.version, name, value] = path


def _inside(path, value, interface):
    address = ipaddress.ip_address(value)
    if address.version != interface.version or address not in interface.network:
        raise ValidationError(path, value, f"must lie in {interface.network}")
    if _reserved(address, interface.network):
        raise ValidationError(path, value, f"is the subnet's own or its broadcast address; hosts have {interface.network[1]} to {interface.network[-2]}")
    return address


def _check_routes(definition):
    subnets = [ipaddress.ip_interface(address.address).network for address in definition.ips if address.address]
    for number, route in enumerate(definition.routes):
        target = ipaddress.ip_interface(route.address)
        gateway = ipaddress.ip_address(route.gateway)
        if target.ip != target.network[0]:
            raise ValidationError(f"routes[{number}].address", route.address, f"has host bits set; the subnet is {target.network}")
        if gateway.version != target.version or not any(gateway in subnet for subnet in subnets if subnet.version == gateway.version):
            listed = ", ".join(map(str, subnets)) or "none: the network has no ips"
            raise ValidationError(f"routes[{number}].gateway", route.gateway, f"must lie in one of the network's own subnets ({listed})")
        if route.metric == 0:
            raise ValidationError(f"routes[{number}].metric", 0, "must be 1 or more")


def _check_ports(definition):
    _check_unique("portgroups", [group.name for group in definition.portgroups])
    defaults = [group.name for group in definition.portgroups if group.default]
    if len(defaults) > 1:
        raise ValidationError("portgroups", ", ".join(defaults), "only one can be the default")
    holders = [("", definition)] + [(f"portgroups[{number}].", group) for number, group in enumerate(definition.portgroups)]
    for where, holder in holders:
        if holder.vlan is not None:
            _check_unique(f"{where}vlan.tags", [tag.id for tag in holder.vlan.tags])
            if not holder.vlan.tags:
                raise ValidationError(f"{where}vlan.tags", [], "must hold at least one tag")
        if holder.bandwidth is not None:
            _check_bandwidth(f"{where}bandwidth", holder.bandwidth)


def _check_bandwidth(where, bandwidth):
    for name in ("inbound", "outbound"):
        rate = getattr(bandwidth, name)
        if rate is None:
            continue
        if rate.floor is not None and name == "outbound":
            raise ValidationError(f"{where}.outbound.floor", rate.floor, "exists for inbound only")
        if rate.average is None and rate.floor is None:
            raise ValidationError(f"{where}.{name}.average", None, "must be given")


def _check_unique(path, values):
    seen = set()
    for value in values:
        if value in seen:
            raise ValidationError(path, value, "is there twice")
        seen.add(value)


def _short(value):
    text = str(value)
    return value if len(text) <= 60 else f"{text[:57]}..."
