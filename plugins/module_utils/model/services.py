# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a libvirt network: addresses with DHCP and TFTP, and DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .option import option, options
from .values import ADDRESS, BOOL, CIDR, LINE, MAC, TEXT, U16, U32, integer, one_of

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}


@dataclass(frozen=True, eq=False)
class Lease:
    """``<lease>``: how long a DHCP lease lasts. 60 minutes equal 1 hour."""

    expiry: Optional[int] = option(integer(0, 4294967295), "Length of the lease; V(0) never expires.", required=True)
    unit: Optional[str] = option(one_of(*SECONDS), "Unit of O(expiry); libvirt takes minutes where it is not given.")

    def seconds(self):
        """The lease's length in seconds."""
        return self.expiry * SECONDS[self.unit or "minutes"]

    def __eq__(self, other):
        return isinstance(other, Lease) and self.seconds() == other.seconds()

    def __hash__(self):
        return hash(self.seconds())


@dataclass(frozen=True)
class DhcpRange:
    """``<range>`` of ``<dhcp>``."""

    start: Optional[str] = option(ADDRESS, "First address handed out.", required=True)
    end: Optional[str] = option(ADDRESS, "Last address handed out.", required=True)
    lease: Optional[Lease] = option(Lease, "How long its leases last.")


@dataclass(frozen=True)
class DhcpHost:
    """``<host>`` of ``<dhcp>``: a static lease."""

    mac: Optional[str] = option(MAC, "MAC address of the guest. For IPv4; libvirt takes O(id) or O(name) for IPv6.")
    id: Optional[str] = option(LINE, "DHCP unique identifier (DUID) of the guest. For IPv6.")
    name: Optional[str] = option(LINE, "Host name handed to the guest, and known to the network's DNS.")
    ip: Optional[str] = option(ADDRESS, "Address handed to the guest.")
    lease: Optional[Lease] = option(Lease, "How long its lease lasts.")


@dataclass(frozen=True)
class Bootp:
    """``<bootp>``: what a guest that boots from the network is told."""

    file: Optional[str] = option(LINE, "File to boot.", required=True)
    server: Optional[str] = option(LINE, "TFTP server that has it; the network's own where it is not given.")


@dataclass(frozen=True)
class Dhcp:
    """``<dhcp>``."""

    ranges: tuple = options(DhcpRange, "Ranges of addresses handed out.", key=("start",))
    hosts: tuple = options(DhcpHost, "Static leases.", key=("ip", "mac", "name"))
    bootp: Optional[Bootp] = option(Bootp, "Network boot. libvirt keeps it only beside a range or a host.")


@dataclass(frozen=True)
class Tftp:
    """``<tftp>``."""

    root: Optional[str] = option(LINE, "Folder on the host that dnsmasq serves by TFTP.", required=True)


@dataclass(frozen=True)
class Ip:
    """``<ip>``: an address of the bridge, and what is served on its subnet."""

    address: Optional[str] = option(
        CIDR,
        "Address of the bridge with its prefix, such as V(192.168.100.1/24). Without a prefix libvirt takes 64 for IPv6 and the address's class for IPv4.",
    )
    family: Optional[str] = option(one_of("ipv4", "ipv6"), "Follows from O(address); only of use without one.")
    local_ptr: Optional[bool] = option(BOOL, "Reverse look-ups of the subnet are answered here and never forwarded.")
    tftp: Optional[Tftp] = option(Tftp, "TFTP server. IPv4 only.")
    dhcp: Optional[Dhcp] = option(Dhcp, "DHCP server. One address of each family can have it.")

    def __post_init__(self):
        if self.address is not None:
            object.__setattr__(self, "family", "ipv6" if ":" in self.address else None)
        elif self.family == "ipv4":
            object.__setattr__(self, "family", None)


@dataclass(frozen=True)
class Forwarder:
    """``<forwarder>``."""

    addr: Optional[str] = option(ADDRESS, "DNS server to ask.")
    domain: Optional[str] = option(LINE, "Ask it for this domain only; without O(addr), ask the host's own resolver.")


@dataclass(frozen=True)
class DnsHost:
    """``<host>`` of ``<dns>``."""

    ip: Optional[str] = option(ADDRESS, "Address that the names resolve to.", required=True)
    hostnames: tuple = options(LINE, "Names of this address.", required=True)


@dataclass(frozen=True)
class Txt:
    """``<txt>``."""

    name: Optional[str] = option(LINE, "Name of the record.", required=True)
    value: Optional[str] = option(TEXT, "Text of the record.", required=True)


@dataclass(frozen=True)
class Srv:
    """``<srv>``."""

    service: Optional[str] = option(LINE, "Name of the service, without its underscore.", required=True)
    protocol: Optional[str] = option(LINE, "V(tcp) or V(udp), without its underscore.", required=True)
    domain: Optional[str] = option(LINE, "Domain of the record; the network's own where it is not given.")
    target: Optional[str] = option(LINE, "Host that offers the service.")
    port: Optional[int] = option(integer(1, 65535), "Port of the service.")
    priority: Optional[int] = option(U16, "Lower is asked first.")
    weight: Optional[int] = option(U16, "Share among targets of one priority.")


@dataclass(frozen=True)
class Dns:
    """``<dns>``: the network's name server."""

    enable: Optional[bool] = option(BOOL, "V(false) runs no name server at all.")
    forward_plain_names: Optional[bool] = option(BOOL, "V(false) never asks other servers for names without a domain.")
    forwarders: tuple = options(Forwarder, "Servers asked instead of the host's own.", ordered=True)
    hosts: tuple = options(DnsHost, "Names and addresses of its own.", key=("ip",))
    txts: tuple = options(Txt, "TXT records.", key=("name",))
    srvs: tuple = options(Srv, "SRV records.")


@dataclass(frozen=True)
class Route:
    """``<route>``: a subnet that is reached through a guest."""

    address: Optional[str] = option(CIDR, "Subnet to reach, such as V(10.20.0.0/16).", required=True)
    family: Optional[str] = option(one_of("ipv4", "ipv6"), "Follows from O(address).")
    gateway: Optional[str] = option(ADDRESS, "Next hop; must lie in one of the network's own subnets.", required=True)
    metric: Optional[int] = option(U32, "Lower is preferred; from 1.")

    def __post_init__(self):
        object.__setattr__(self, "family", "ipv6" if ":" in (self.address or "") else None)
