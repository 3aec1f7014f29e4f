# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A libvirt network: its definition, its state on a host, and what a task asks of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from .option import option, options
from .port import Bandwidth, VirtualPort, Vlan
from .services import Dns, Ip, Route
from .values import BARE_ADDRESS, BOOL, DEVICE, IPV4, LINE, PORT, TEXT, U32, UNICAST_MAC, UUID, WORD, hexadecimal, integer, one_of

ROUTING = ("nat", "route", "open")
#: forward modes in which libvirt makes the bridge
OWNING = ROUTING + ("isolated",)
NAT_PORTS = (1024, 65535)
#: what a running network need not follow, for nobody but readers of its definition is any wiser
TEXTS = ("title", "description", "metadata", "bridge_ports", "proxied", "lab")


def interfaces(addresses):
    """Those of some addresses (CIDR) that are any, as ipaddress has them."""
    found = []
    for address in addresses:
        try:
            found.append(ipaddress.ip_interface(address))
        except ValueError:
            continue
    return found


@dataclass(frozen=True)
class Bridge:
    """``<bridge>``."""

    name: Optional[str] = option(DEVICE, "Name of the bridge. Where libvirt makes the bridge it can choose a free virbrN itself.")
    stp: Optional[bool] = option(BOOL, "Spanning tree protocol; on where it is not given.")
    delay: Optional[int] = option(U32, "Forward delay in seconds; 0 where it is not given. With STP on the kernel waits 2 seconds at least.")
    zone: Optional[str] = option(LINE, "firewalld zone that the bridge is put into.")
    mac_table_manager: Optional[str] = option(one_of("kernel", "libvirt"), "Who maintains the bridge's table of MAC addresses.")


@dataclass(frozen=True)
class Proxied:
    """Addresses out of a subnet of the host's own NIC that are guests': the host answers for them there."""

    dev: Optional[str] = option(
        DEVICE, "Device of the host where the subnet of these addresses is, and where the host answers for them with its own MAC address. "
        "It is one that has addresses itself, and no port of a bridge.", required=True)
    addresses: tuple = options(BARE_ADDRESS, "Addresses of the guests, without a prefix, of both versions of IP.", required=True)


@dataclass(frozen=True)
class Domain:
    """``<domain>``: the DNS domain of the guests."""

    name: Optional[str] = option(LINE, "DNS domain.", required=True)
    local_only: Optional[bool] = option(BOOL, "Names of this domain are never asked of other servers.")
    register: Optional[bool] = option(BOOL, "Register the domain's server with the host's systemd-resolved.", since="10.1.0")


@dataclass(frozen=True)
class AddressRange:
    """``<address>`` of ``<nat>``."""

    start: Optional[str] = option(IPV4, "First address.", required=True)
    end: Optional[str] = option(IPV4, "Last address.", required=True)


@dataclass(frozen=True)
class PortRange:
    """``<port>`` of ``<nat>``."""

    start: Optional[int] = option(PORT, "First port.", required=True)
    end: Optional[int] = option(PORT, "Last port.", required=True)


@dataclass(frozen=True)
class Nat:
    """``<nat>``."""

    ipv6: Optional[bool] = option(BOOL, "Translate IPv6 as well.")
    address: Optional[AddressRange] = option(AddressRange, "Addresses to translate to; the outgoing device's own where it is not given.")
    port: Optional[PortRange] = option(PortRange, "Ports to translate to; 1024 to 65535 where it is not given.")


@dataclass(frozen=True)
class ForwardInterface:
    """``<interface>`` of ``<forward>``."""

    dev: Optional[str] = option(DEVICE, "Device on the host.", required=True)


@dataclass(frozen=True)
class PciAddress:
    """``<address type='pci'>`` of ``<forward>``."""

    domain: Optional[str] = option(hexadecimal(4, 0xFFFFFFFF), "PCI domain, such as V(0x0000).")
    bus: Optional[str] = option(hexadecimal(2, 0xFF), "PCI bus, such as V(0x03).", required=True)
    slot: Optional[str] = option(hexadecimal(2, 0x1F), "PCI slot, such as V(0x10).", required=True)
    function: Optional[str] = option(hexadecimal(1, 7), "PCI function, such as V(0x1).", required=True)


@dataclass(frozen=True)
class PhysicalFunction:
    """``<pf>`` of ``<forward>``."""

    dev: Optional[str] = option(DEVICE, "SR-IOV device whose virtual functions make up the pool.", required=True)


@dataclass(frozen=True)
class Driver:
    """``<driver>`` of ``<forward>``."""

    name: Optional[str] = option(one_of("kvm", "vfio"), "How PCI devices are handed to guests.")
    model: Optional[str] = option(LINE, "Name of a VFIO variant driver.", since="10.0.0")


@dataclass(frozen=True)
class Forward:
    """``<forward>``."""

    mode: Optional[str] = option(
        one_of("nat", "route", "open", "isolated", "bridge", "private", "vepa", "passthrough", "hostdev"),
        "How the network is connected. V(isolated) is the same as no C(forward) at all, V(nat) what libvirt takes for one without a mode.",
    )
    dev: Optional[str] = option(DEVICE, "Only this device is forwarded to; for the macvtap modes, the device that guests share.")
    managed: Optional[bool] = option(BOOL, "For V(hostdev): libvirt detaches the device from its host driver and gives it back.")
    nat: Optional[Nat] = option(Nat, "How V(nat) translates.")
    interfaces: tuple = options(ForwardInterface, "Devices that guests take turns to use.", key=("dev",), ordered=True)
    addresses: tuple = options(PciAddress, "PCI addresses of the devices of a V(hostdev) pool.", ordered=True)
    pf: Optional[PhysicalFunction] = option(PhysicalFunction, "Pool made of all virtual functions of one SR-IOV device.")
    driver: Optional[Driver] = option(Driver, "Driver for V(hostdev).")


@dataclass(frozen=True)
class Port:
    """``<port>``: options of every guest's port."""

    isolated: Optional[bool] = option(BOOL, "Guests of this network do not reach each other, only what is beyond the bridge.")


@dataclass(frozen=True)
class Portgroup:
    """``<portgroup>``: a class of guests' ports, chosen by name in a guest's interface."""

    name: Optional[str] = option(LINE, "Name of the class.", required=True)
    default: Optional[bool] = option(BOOL, "For guests that name none.")
    trust_guest_rx_filters: Optional[bool] = option(BOOL, "Guests may change their MAC address and multicast filters.")
    vlan: Optional[Vlan] = option(Vlan, "VLANs.")
    virtualport: Optional[VirtualPort] = option(VirtualPort, "Virtual port.")
    bandwidth: Optional[Bandwidth] = option(Bandwidth, "Rates of each guest.")


@dataclass(frozen=True)
class Network:
    """``<network>``: a whole definition. ``lab`` is the ownership mark, ``unknown`` what a newer libvirt wrote."""

    name: Optional[str] = option(WORD, "Name of the network.", required=True)
    uuid: Optional[str] = option(UUID, "UUID of the network. Generated once, then kept.")
    mac: Optional[str] = option(UNICAST_MAC, "MAC address of the bridge. Generated once, then kept.")
    title: Optional[str] = option(LINE, "Short description.", since="9.7.0")
    description: Optional[str] = option(TEXT, "Long description.", since="9.7.0")
    metadata: tuple = options(TEXT, "XML elements of other programs, each in a namespace of its own.")
    ipv6: Optional[bool] = option(BOOL, "Guests reach each other by IPv6 although the network has no IPv6 address.")
    trust_guest_rx_filters: Optional[bool] = option(BOOL, "Guests may change their MAC address and multicast filters.")
    forward: Optional[Forward] = option(Forward, "How the network is connected to the outside. Without it the network is isolated.")
    bridge: Optional[Bridge] = option(Bridge, "The bridge: libvirt's own, or with O(forward.mode=bridge) one that is there.")
    bridge_ports: tuple = options(
        DEVICE, "Devices of the host that are ports of the bridge beside the guests' NICs, such as a NIC that joins the network to another host's. "
        "They are put back whenever the network starts, by a hook of libvirt; not for bridges that libvirt does not make. Where the network has DHCP, "
        "the segment of one that joins is asked for other servers first, for four seconds at most and without taking a lease, and a warning tells of them.",
    )
    proxied: Optional[Proxied] = option(
        Proxied, "Addresses of guests out of the subnet of a NIC of the host's, behind which a provider lets pass its own MAC address alone. The host "
        "answers ARP and NDP for them at the NIC, and has a route to each by the bridge. An IPv4 guest may have the prefix and the gateway that the provider "
        "tells, for the bridge answers ARP for whatever is elsewhere; an IPv6 guest has its address with prefix 128, and the bridge for its gateway, which "
        "router advertisements tell it. For forward mode V(open), and V(route) with addresses that are in O(ips): libvirt's rules let no others pass there. "
        "Each version of IP takes an address in O(ips), with which libvirt turns on its forwarding. All is put in place whenever the network starts, by a "
        "hook of libvirt, and goes when it stops, but for the settings C(net.ipv6.conf.all.proxy_ndp), C(net.ipv4.conf.DEV.arp_evict_nocarrier) and "
        "C(net.ipv6.conf.DEV.ndisc_evict_nocarrier), which stay as it needs them. A NIC that is set down loses what answers there; the network's next start "
        "or the next run puts it back.",
    )
    mtu: Optional[int] = option(integer(68, 65535), "MTU of the bridge and its guests, in bytes; at least 1280 with IPv6.")
    domain: Optional[Domain] = option(Domain, "DNS domain of the guests.")
    dns: Optional[Dns] = option(Dns, "The network's name server.")
    ips: tuple = options(Ip, "Addresses of the bridge, and what is served on their subnets.", key=("address",), ordered=True)
    routes: tuple = options(Route, "Routes through guests.", key=("address",))
    vlan: Optional[Vlan] = option(Vlan, "VLANs of every guest's port. Open vSwitch, SR-IOV, and from libvirt 11.0 Linux bridges.")
    virtualport: Optional[VirtualPort] = option(VirtualPort, "Virtual port of every guest.")
    portgroups: tuple = options(Portgroup, "Classes of guests' ports.", key=("name",))
    bandwidth: Optional[Bandwidth] = option(Bandwidth, "Rates of the network as a whole.")
    port: Optional[Port] = option(Port, "Options of every guest's port.")
    dnsmasq_options: tuple = options(LINE, "Lines added to dnsmasq's configuration. libvirt does not support them; they can break the network.", ordered=True)
    lab: Optional[str] = None
    unknown: tuple = ()

    def __post_init__(self):
        if self.forward == Forward(mode="isolated"):
            object.__setattr__(self, "forward", None)

    @property
    def mode(self):
        """Forward mode; ``isolated`` where there is none."""
        return "isolated" if self.forward is None else self.forward.mode or "nat"

    @property
    def owns_bridge(self):
        """True where libvirt itself makes the bridge."""
        return self.mode in OWNING

    @property
    def dhcp_families(self):
        """The families (4 and 6) that libvirt gives addresses of."""
        return frozenset(6 if ip.family == "ipv6" else 4 for ip in self.ips if self.owns_bridge and ip.dhcp and (ip.dhcp.ranges or ip.dhcp.hosts))

    @property
    def runs_dnsmasq(self):
        """True where libvirt runs a dnsmasq for it. Source: networkStartDhcpDaemon in libvirt's src/network/bridge_driver.c."""
        return self.owns_bridge and bool(self.ips) and (bool(self.dhcp_families) or not self.dns or self.dns.enable is not False)

    @cached_property
    def interfaces(self):
        """Its addresses, as those of ipaddress. What libvirt stored and is none, such as one with a netmask full of holes, is passed over."""
        return interfaces(each.address for each in self.ips)

    @property
    def bridge_name(self):
        """Name of the bridge, or None."""
        return self.bridge.name if self.bridge else None
