# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a network's definition by itself: the rules that need no host. Each raises ValidationError.

They say before libvirt is asked what libvirt would refuse less kindly, accept and then fail on, or lose.
Sources: libvirt's formatnetwork page, and trials with libvirt 9.0 and 11.3.
"""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError
from .network import OWNING, Network
from .network_validate import belongs, short, unique, value

#: libvirt puts up to 14 characters behind a network's name in names of files, which have 255 bytes
LONGEST = 240
#: seconds: dnsmasq takes no shorter leases
SHORTEST_LEASE = 120
#: what namespaces in metadata that are this collection's begin with
OURS = "urn:virtlab:"
#: addresses for a bridge whose guests have theirs elsewhere
EXAMPLES = {4: "192.168.203.1/24", 6: "fd00:203::1/64"}
MACVTAP = ("private", "vepa", "passthrough")
ELSEWHERE = ("bridge",) + MACVTAP + ("hostdev",)
#: options that libvirt takes everywhere, and that make sense in some forward modes only
MODES = {
    "routes": OWNING,
    "dns": OWNING,
    "ipv6": OWNING,
    "dnsmasq_options": OWNING,
    "bridge_ports": OWNING,
    "proxied": ("route", "open"),
    "mtu": OWNING + ("bridge",),
    "port": OWNING + ("bridge",),
    "bridge": OWNING + ("bridge",),
    "bridge.stp": OWNING,
    "bridge.delay": OWNING,
    "forward.nat": ("nat",),
    "forward.dev": ("nat", "route", "bridge") + MACVTAP,
    "forward.interfaces": ("nat", "route", "bridge") + MACVTAP,
    "forward.pf": ("bridge",) + MACVTAP + ("hostdev",),
    "forward.managed": ("hostdev",),
    "forward.driver": ("hostdev",),
}
#: ways to name the devices of a pool that exclude each other
POOLS = ("forward.interfaces", "forward.addresses", "forward.pf", "bridge")


def check(definition: Network):
    """Raise ValidationError for the first rule that ``definition`` breaks."""
    _check_mode(definition)
    unique("bridge_ports", definition.bridge_ports)
    for number, fragment in enumerate(definition.metadata):
        if OURS in fragment:
            raise ValidationError(f"metadata[{number}]", short(fragment), "is this collection's own", "use lab, bridge_ports and proxied")
    _check_bridge_mode(definition)
    _check_services(definition)
    _check_names(definition)
    _check_routes(definition)
    _check_ports(definition)
    if definition.proxied is not None:
        _check_proxied(definition)


def doubts(definition):
    """Yield in words what libvirt and the kernel take, and hardly anybody means."""
    for number, address in enumerate(definition.ips):
        interface = ipaddress.ip_interface(address.address or "::1")
        if interface.is_link_local:
            yield f"ips[{number}].address is {address.address!r}: link-local addresses are the kernel's to give, and are not routed"
        if _reserved(interface.ip, interface.network):
            yield f"ips[{number}].address is {address.address!r}: {interface.ip} is the subnet's own or its broadcast address"


def _reserved(address, subnet):
    """True for the first and last address of an IPv4 subnet, which no host can have."""
    return subnet.version == 4 and subnet.prefixlen < 31 and address in (subnet[0], subnet[-1])


def _check_mode(definition):
    if len(definition.name.encode()) > LONGEST:
        raise ValidationError("name", short(definition.name), f"must have {LONGEST} bytes at most: files are named after it")
    belongs(definition, MODES)
    mode = definition.mode
    if mode == "isolated" and definition.forward is not None:
        raise ValidationError("forward", short(definition.forward), "an isolated network forwards nowhere, so mode isolated goes alone")
    forward = definition.forward
    if forward and forward.nat:
        nat = forward.nat
        for name, number in (("address", ipaddress.IPv4Address), ("port", int)):
            span = getattr(nat, name)
            if span and number(span.start) > number(span.end):
                raise ValidationError(f"forward.nat.{name}", f"{span.start} to {span.end}", "must run from the lower to the higher")
    if forward and forward.dev and forward.interfaces and forward.dev != forward.interfaces[0].dev:
        raise ValidationError("forward.dev", forward.dev, f"must be the first of forward.interfaces, which is {forward.interfaces[0].dev}")
    if mode in OWNING and forward and len(forward.interfaces) > 1:
        raise ValidationError("forward.interfaces", short(forward.interfaces), f"must hold one device at most with forward mode {mode}")
    unique("forward.interfaces", [interface.dev for interface in forward.interfaces] if forward else ())


def _check_bridge_mode(definition):
    mode = definition.mode
    if mode not in ELSEWHERE:
        return
    given = [path for path in POOLS if value(definition, path) is not None]
    if definition.forward.dev and not definition.forward.interfaces:
        given.insert(0, "forward.dev")
    if len(given) > 1:
        raise ValidationError(given[0], short(value(definition, given[0])), f"excludes {' and '.join(given[1:])}")
    if mode == "bridge" and "bridge" in given and not definition.bridge_name:
        raise ValidationError("bridge.name", None, "must be given with forward mode bridge: the name of the bridge that is there")
    if not given:
        wanted = {"bridge": "bridge.name, or forward.dev for a direct connection", "hostdev": "forward.pf or forward.addresses"}
        raise ValidationError("forward.mode", mode, f"needs {wanted.get(mode, 'forward.dev, forward.interfaces or forward.pf')}")


def _check_services(definition):
    leases = {}
    if definition.mode in ("nat", "route") and not any(address.address for address in definition.ips):
        raise ValidationError("ips", [], f"must hold at least one address with forward mode {definition.mode}")
    for number, address in enumerate(definition.ips):
        where = f"ips[{number}]"
        if address.address is None:
            raise ValidationError(f"{where}.address", None, "must be given, such as 192.168.100.1/24")
        interface = ipaddress.ip_interface(address.address)
        if interface.is_multicast or interface.is_loopback or interface.is_unspecified:
            raise ValidationError(f"{where}.address", address.address, "must be one that a host can have on a network")
        for other in definition.ips[:number]:
            if other.address and ipaddress.ip_interface(other.address).network.overlaps(interface.network):
                raise ValidationError(f"{where}.address", address.address, f"overlaps {other.address} of the same network")
        if address.tftp and interface.version == 6:
            raise ValidationError(f"{where}.tftp", address.tftp.root, "is for IPv4 addresses only")
        if definition.mtu is not None and definition.mtu < 1280 and interface.version == 6:
            raise ValidationError("mtu", definition.mtu, f"must be at least 1280 for IPv6, which {where} has")
        if address.dhcp:
            if interface.version == 6 and interface.network.prefixlen < 64:
                raise ValidationError(f"{where}.address", address.address, "must have a prefix of 64 or longer: dnsmasq serves no DHCPv6 on larger subnets")
            _check_dhcp(f"{where}.dhcp", address.dhcp, interface, leases)


def _check_names(definition):
    if definition.domain and definition.domain.register and not definition.domain.local_only:
        raise ValidationError("domain.register", True, "needs domain.local_only: true")
    if definition.dns is None:
        return
    for name in ("forwarders", "hosts", "srvs", "txts"):
        if definition.dns.enable is False and getattr(definition.dns, name):
            raise ValidationError(f"dns.{name}", short(getattr(definition.dns, name)), "has no meaning with dns.enable: false", "remove one of the two")
    for number, forwarder in enumerate(definition.dns.forwarders):
        if forwarder.addr is None and forwarder.domain is None:
            raise ValidationError(f"dns.forwarders[{number}]", {}, "must have an addr, a domain, or both")
    for number, host in enumerate(definition.dns.hosts):
        if not host.hostnames:
            raise ValidationError(f"dns.hosts[{number}].hostnames", [], "must hold at least one name")


def _check_dhcp(where, dhcp, interface, leases):
    spans = []
    for name in ("ranges", "hosts"):
        for number, entry in enumerate(getattr(dhcp, name)):
            if entry.lease and 0 < entry.lease.seconds() < SHORTEST_LEASE:
                raise ValidationError(f"{where}.{name}[{number}].lease.expiry", entry.lease.expiry, "must be 2 minutes or more, or 0 for ever")
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
            given = getattr(host, name)
            if given is not None and (interface.version, name, given) in leases:
                raise ValidationError(f"{path}.{name}", given, f"is used already by {leases[interface.version, name, given]}")
            leases[interface.version, name, given] = path


def _inside(path, given, interface):
    address = ipaddress.ip_address(given)
    if address.version != interface.version or address not in interface.network:
        raise ValidationError(path, given, f"must lie in {interface.network}")
    if _reserved(address, interface.network):
        raise ValidationError(path, given, f"is the subnet's own or its broadcast address; hosts have {interface.network[1]} to {interface.network[-2]}")
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


#: what no guest has: addresses of the kind that means this host, and the broadcast of all
NOBODYS = ipaddress.IPv4Network("0.0.0.0/8"), ipaddress.IPv4Address("255.255.255.255")


def _check_proxied(definition):
    proxied, own = definition.proxied, definition.interfaces
    dev = definition.forward.dev or next((each.dev for each in definition.forward.interfaces), None)
    if proxied.dev is None:
        raise ValidationError("proxied.dev", None, "must be given: the NIC that is to answer for the addresses")
    if proxied.dev == "lo":
        raise ValidationError("proxied.dev", "lo", "leads to nobody but the host itself", "name the NIC that leads to the provider")
    if proxied.dev == definition.bridge_name:
        raise ValidationError("proxied.dev", proxied.dev, "is the network's own bridge", "name the NIC that leads to the provider")
    if dev not in (None, proxied.dev):
        raise ValidationError("proxied.dev", proxied.dev, f"must be forward.dev, which is {dev}: libvirt forwards to no other")
    if not proxied.addresses:
        raise ValidationError("proxied.addresses", [], "must hold at least one address")
    unique("proxied.addresses", proxied.addresses)
    for number, given in enumerate(proxied.addresses):
        where, address = f"proxied.addresses[{number}]", ipaddress.ip_address(given)
        apart = address == NOBODYS[1] or address in NOBODYS[0] or address.version == 6 and address.ipv4_mapped
        if apart or address.is_multicast or address.is_loopback or address.is_unspecified or address.is_link_local:
            raise ValidationError(where, given, "must be one that a guest can have beyond its own network")
        if all(address.version != each.version for each in own):
            raise ValidationError(where, given, f"needs an IPv{address.version} address in ips, with which libvirt turns on forwarding of IPv{address.version}",
                                  f"add one, such as {EXAMPLES[address.version]}")
        if any(address == each.ip for each in own):
            raise ValidationError(where, given, "is the bridge's own", "name those of the guests alone")
        if definition.mode == "route" and all(address not in each.network for each in own):
            raise ValidationError(where, given, "is in no subnet of ips, and with forward mode route libvirt's rules let nothing else pass",
                                  "use forward mode open")


def _check_ports(definition):
    holders = [("", definition)] + [(f"portgroups[{number}].", group) for number, group in enumerate(definition.portgroups)]
    for where, holder in holders:
        if holder.vlan is not None:
            unique(f"{where}vlan.tags", [tag.id for tag in holder.vlan.tags])
            if not holder.vlan.tags:
                raise ValidationError(f"{where}vlan.tags", [], "must hold at least one tag")
        if holder.bandwidth is not None:
            check_bandwidth(f"{where}bandwidth", holder.bandwidth)


def check_bandwidth(where, bandwidth):
    """Raise ValidationError for rates that say too little, or what libvirt has for one direction alone."""
    for name in ("inbound", "outbound"):
        rate = getattr(bandwidth, name)
        if rate is None:
            continue
        if rate.floor is not None and name == "outbound":
            raise ValidationError(f"{where}.outbound.floor", rate.floor, "exists for inbound only")
        if rate.average is None and rate.floor is None:
            raise ValidationError(f"{where}.{name}.average", None, "must be given")
