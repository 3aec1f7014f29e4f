# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of devices other than bridges, in ip(8)'s words. Source: ip-link(8), and Documentation/networking of the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .bridge import PROTOCOL
from .option import option, options
from .values import ADDRESS, BOOL, DEVICE, LINE, MAC, PORT, U8, U16, U32, VLAN, integer, one_of, pair

MILLISECONDS = integer(0, 2**31)
#: of a frame's three bits of priority there are eight values, of a packet's within the kernel 2^32 (include/linux/if_vlan.h)
FRAMES, PACKETS = 7, 2**32 - 1


@dataclass(frozen=True)
class Tun:
    """A TAP or TUN device."""

    mode: Optional[str] = option(
        one_of("tap", "tun"), "V(tap) carries Ethernet frames and can be a bridge's port, V(tun) IP packets; V(tap) where it is not given."
    )
    owner: Optional[str] = option(LINE, "User who may use it, by name or number; root alone where it is empty.")
    group: Optional[str] = option(LINE, "Group whose members may use it, by name or number; none where it is empty.")
    multi_queue: Optional[bool] = option(BOOL, "Several queues, for guests with more than one CPU.")
    vnet_hdr: Optional[bool] = option(BOOL, "Leave checksums and segmentation to the guest.")
    pi: Optional[bool] = option(BOOL, "Put information on the packet before each.")


@dataclass(frozen=True)
class Bond:
    """Devices that act as one."""

    mode: Optional[str] = option(
        one_of("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"), "How the ports share the work."
    )
    miimon: Optional[int] = option(MILLISECONDS, "Time between looks at the ports' carriers, in milliseconds.")
    updelay: Optional[int] = option(MILLISECONDS, "Time to wait with a port that is back, in milliseconds; a multiple of O(miimon).")
    downdelay: Optional[int] = option(MILLISECONDS, "Time to wait with a port that is gone, in milliseconds; a multiple of O(miimon).")
    peer_notify_delay: Optional[int] = option(MILLISECONDS, "Time between notices after a failover, in milliseconds.")
    use_carrier: Optional[bool] = option(BOOL, "Trust the driver's carrier.")
    arp_interval: Optional[int] = option(MILLISECONDS, "Time between ARP probes, in milliseconds; V(0) is none.")
    arp_validate: Optional[str] = option(
        one_of("none", "active", "backup", "all", "filter", "filter_active", "filter_backup"), "Which probes must be answered."
    )
    arp_all_targets: Optional[str] = option(one_of("any", "all"), "How many of O(arp_ip_target) must answer.")
    arp_ip_target: Optional[tuple] = options(ADDRESS, "IPv4 addresses to probe.", unset=None)
    ns_ip6_target: Optional[tuple] = options(ADDRESS, "IPv6 addresses to probe.", unset=None)
    primary: Optional[str] = option(DEVICE, "Port to be used whenever it is there.")
    primary_reselect: Optional[str] = option(one_of("always", "better", "failure"), "When to go back to O(primary).")
    fail_over_mac: Optional[str] = option(one_of("none", "active", "follow"), "What becomes of the MAC address when another port takes over.")
    xmit_hash_policy: Optional[str] = option(
        one_of("layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac"), "What decides by which port a packet leaves."
    )
    resend_igmp: Optional[int] = option(U8, "IGMP reports to send after a failover.")
    num_grat_arp: Optional[int] = option(U8, "Notices to send after a failover.")
    all_slaves_active: Optional[bool] = option(BOOL, "Take frames from ports that are not active.")
    min_links: Optional[int] = option(U32, "Ports that must be up for the bond to be up.")
    lp_interval: Optional[int] = option(integer(1, 2**31 - 1), "Time between learning packets, in seconds.")
    packets_per_slave: Optional[int] = option(integer(0, 65535), "Packets to send by a port before the next has its turn.")
    tlb_dynamic_lb: Optional[bool] = option(BOOL, "Shuffle flows by load in V(balance-tlb).")
    lacp_rate: Optional[str] = option(one_of("slow", "fast"), "How often the partner is asked for LACP packets.")
    lacp_active: Optional[bool] = option(BOOL, "Send LACP packets unasked.")
    ad_select: Optional[str] = option(one_of("stable", "bandwidth", "count"), "How the active aggregator is chosen.")
    ad_user_port_key: Optional[int] = option(integer(0, 1023), "Upper bits of the LACP port key.")
    ad_actor_sys_prio: Optional[int] = option(integer(1, 65535), "LACP system priority.")
    ad_actor_system: Optional[str] = option(MAC, "LACP system address.")


@dataclass(frozen=True)
class Vlan:
    """One VLAN of a device."""

    id: Optional[int] = option(VLAN, "VLAN number.")
    protocol: Optional[str] = option(PROTOCOL, "EtherType of the tag; V(802.1Q) where it is not given.")
    reorder_hdr: Optional[bool] = option(BOOL, "Take the tag out of frames that come in.")
    gvrp: Optional[bool] = option(BOOL, "Register the VLAN by GVRP.")
    mvrp: Optional[bool] = option(BOOL, "Register the VLAN by MVRP.")
    loose_binding: Optional[bool] = option(BOOL, "Stay up when the device below goes down.")
    bridge_binding: Optional[bool] = option(BOOL, "On a bridge, follow the ports that have this VLAN.")
    ingress_qos_map: Optional[tuple] = options(
        pair(FRAMES, PACKETS), "Which priority the kernel has for a frame by that which it comes in with, as C(FROM:TO), all that there are to be; V(0) for "
        "those not named.", unset=None,
    )
    egress_qos_map: Optional[tuple] = options(
        pair(PACKETS, FRAMES), "Which priority a frame is sent with by that which the kernel has for it, as C(FROM:TO), all that there are to be; V(0) for "
        "those not named.", unset=None,
    )


@dataclass(frozen=True)
class MacVlan:
    """A macvlan or macvtap: a device with a MAC address of its own on another one."""

    mode: Optional[str] = option(one_of("private", "vepa", "bridge", "passthru"), "Whom of the same device it reaches; V(vepa) where it is not given.")
    bcqueuelen: Optional[int] = option(U32, "Length of the queue for broadcasts.")


@dataclass(frozen=True)
class IpVlan:
    """An ipvlan or ipvtap: a device that shares another's MAC address."""

    mode: Optional[str] = option(one_of("l2", "l3", "l3s"), "What it shares; V(l3) where it is not given.")
    flag: Optional[str] = option(one_of("bridge", "private", "vepa"), "Whom of the same device it reaches; V(bridge) where it is not given.")


@dataclass(frozen=True)
class Team:
    """Several devices as one, by teamd(8), which has to be installed."""

    runner: Optional[str] = option(
        one_of("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp"), "How its ports share the work; V(roundrobin) where it is not given."
    )


@dataclass(frozen=True)
class Veth:
    """One end of a cable."""

    peer: Optional[str] = option(DEVICE, "Name of the other end, which is made and removed with this one, and which the same task may name as well.")


@dataclass(frozen=True)
class Vxlan:
    """Ethernet in UDP."""

    id: Optional[int] = option(integer(0, 16777215), "VXLAN network identifier.")
    local: Optional[str] = option(ADDRESS, "Address to send from.")
    remote: Optional[str] = option(ADDRESS, "Address to send to what has no entry of its own.")
    group: Optional[str] = option(ADDRESS, "Multicast group to send to instead; needs C(link).")
    dstport: Optional[int] = option(PORT, "UDP port; V(4789), IANA's, where it is not given.")
    srcport_min: Optional[int] = option(U16, "Lowest UDP source port.")
    srcport_max: Optional[int] = option(U16, "Highest UDP source port.")
    ttl: Optional[int] = option(U8, "Time to live; V(0) is the system's own.")
    tos: Optional[int] = option(U8, "Type of service.")
    df: Optional[str] = option(one_of("unset", "set", "inherit"), "Do not fragment.")
    ageing: Optional[int] = option(U32, "Time that a learned MAC address is kept, in seconds.")
    maxaddress: Optional[int] = option(U32, "Most MAC addresses to learn; V(0) is as many as there are.")
    learning: Optional[bool] = option(BOOL, "Learn MAC addresses.")
    proxy: Optional[bool] = option(BOOL, "Answer ARP for others.")
    rsc: Optional[bool] = option(BOOL, "Route short-circuit.")
    l2miss: Optional[bool] = option(BOOL, "Tell of MAC addresses that are not known.")
    l3miss: Optional[bool] = option(BOOL, "Tell of IP addresses that are not known.")
    udpcsum: Optional[bool] = option(BOOL, "Checksums in UDP over IPv4.")
    udp6zerocsumtx: Optional[bool] = option(BOOL, "Send UDP over IPv6 without checksums.")
    udp6zerocsumrx: Optional[bool] = option(BOOL, "Take UDP over IPv6 without checksums.")
    external: Optional[bool] = option(BOOL, "Take the identifier from routes or filters instead of O(id).")
    gbp: Optional[bool] = option(BOOL, "Group policy extension.")


@dataclass(frozen=True)
class Nic:
    """A NIC that is there without us."""

    sriov_numvfs: Optional[int] = option(U16, "Number of SR-IOV virtual functions. Another number than is there removes those that are.")


#: options that a device keeps for life
FIXED = {
    Tun: {"mode", "multi_queue", "vnet_hdr", "pi"},
    Vlan: {"id", "protocol"},
    Team: {"runner"},
    Veth: {"peer"},
    Vxlan: {"id", "group", "dstport", "srcport_min", "srcport_max", "maxaddress", "proxy", "rsc", "l2miss", "l3miss", "udpcsum", "udp6zerocsumtx",
            "udp6zerocsumrx", "external", "gbp"},
}
#: options of a bond that the kernel changes while it is down, and those that it changes while it has no ports, too (drivers/net/bonding/bond_options.c)
DOWN = {"mode", "lacp_rate", "lacp_active", "ad_select", "ad_user_port_key", "ad_actor_sys_prio", "ad_actor_system", "tlb_dynamic_lb"}
ALONE = {"mode", "fail_over_mac"}
#: options that count in 802.3ad alone, and that the kernel takes in no other mode
LACP = ("lacp_rate", "lacp_active", "ad_user_port_key", "ad_actor_sys_prio", "ad_actor_system")
#: modes of bonds that the kernel has look at carriers every 100 ms where nobody says how often, and those that have a primary
WATCHFUL, PRIMARY = ("802.3ad", "balance-tlb", "balance-alb"), ("active-backup", "balance-tlb", "balance-alb")
