# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge and its ports, in ip(8)'s words. Source: ip-link(8), bridge(8), and the kernel's net/bridge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from .option import declared, option, options
from .values import BOOL, DEVICE, MAC, U16, U32, VLAN, VLANS, integer, one_of

#: hundredths of a second, which is what ip(8) counts a bridge's timers in; of two of them the kernel takes a part alone
CENTISECONDS = integer(0, 2**31)
HELLO, AGE = integer(100, 1000), integer(600, 4000)
TIMERS = (CENTISECONDS, HELLO, AGE)
PROTOCOL = one_of("802.1Q", "802.1ad")
#: times that STP has others in the place of: one while the topology changes, and those that the root bridge decides
CHANGING, LED = ("ageing_time",), ("forward_delay", "hello_time", "max_age")


@dataclass(frozen=True)
class Bridge:
    """What a bridge has beside what every device has. ``veiled`` are names of options that the kernel shows others in the place of, for now: a state has
    None for these, unless it is known what was asked."""

    stp: Optional[bool] = option(BOOL, "Spanning tree protocol. The kernel then raises a O(forward_delay) below 200 to 200, and lowers one above 3000.")
    priority: Optional[int] = option(U16, "Priority in electing the root bridge; the lowest wins.")
    forward_delay: Optional[int] = option(CENTISECONDS, "Time that a port listens, and then learns, in hundredths of a second; 200 to 3000 with STP.")
    hello_time: Optional[int] = option(HELLO, "Time between hello packets, in hundredths of a second.")
    max_age: Optional[int] = option(AGE, "Time after which a bridge that says nothing is forgotten, in hundredths of a second.")
    ageing_time: Optional[int] = option(CENTISECONDS, "Time that a learned MAC address is kept, in hundredths of a second; V(0) makes the bridge a hub.")
    group_fwd_mask: Optional[int] = option(U16, "Bits of the link-local groups 01:80:C2:00:00:0X that are forwarded; the lowest three cannot be.")
    group_address: Optional[str] = option(MAC, "MAC address that STP packets are sent to.")
    no_linklocal_learn: Optional[bool] = option(BOOL, "Do not learn from link-local frames.")
    fdb_max_learned: Optional[int] = option(U32, "Most MAC addresses to learn; V(0) is as many as there are. Needs Linux 6.8.")
    vlan_filtering: Optional[bool] = option(BOOL, "Heed VLAN tags.")
    vlan_protocol: Optional[str] = option(PROTOCOL, "EtherType of VLAN tags.")
    vlan_default_pvid: Optional[int] = option(integer(0, 4094), "VLAN that new ports get for untagged frames; V(0) is none.")
    vlan_stats_enabled: Optional[bool] = option(BOOL, "Count by VLAN.")
    vlan_stats_per_port: Optional[bool] = option(BOOL, "Count by VLAN and port; to be turned while no port has a VLAN.")
    mcast_snooping: Optional[bool] = option(BOOL, "Send multicast only where somebody listens.")
    mcast_vlan_snooping: Optional[bool] = option(BOOL, "Do so by VLAN; needs O(vlan_filtering).")
    mcast_router: Optional[int] = option(integer(0, 2), "Multicast router: V(0) never, V(1) found out, V(2) always.")
    mcast_query_use_ifaddr: Optional[bool] = option(BOOL, "Send queries from the bridge's own address.")
    mcast_querier: Optional[bool] = option(BOOL, "Send multicast queries.")
    mcast_hash_max: Optional[int] = option(U32, "Most multicast groups; a power of two.")
    mcast_last_member_count: Optional[int] = option(U32, "Queries to send before a group is given up.")
    mcast_startup_query_count: Optional[int] = option(U32, "Queries to send at the start.")
    mcast_last_member_interval: Optional[int] = option(CENTISECONDS, "Time between queries of a group that was left, in hundredths of a second.")
    mcast_membership_interval: Optional[int] = option(CENTISECONDS, "Time after which a group nobody reports is left, in hundredths of a second.")
    mcast_querier_interval: Optional[int] = option(CENTISECONDS, "Time after which another querier is taken for gone, in hundredths of a second.")
    mcast_query_interval: Optional[int] = option(CENTISECONDS, "Time between queries, in hundredths of a second.")
    mcast_query_response_interval: Optional[int] = option(CENTISECONDS, "Time to answer a query, in hundredths of a second.")
    mcast_startup_query_interval: Optional[int] = option(CENTISECONDS, "Time between queries at the start, in hundredths of a second.")
    mcast_stats_enabled: Optional[bool] = option(BOOL, "Count multicast.")
    mcast_igmp_version: Optional[int] = option(integer(2, 3), "Version of IGMP.")
    mcast_mld_version: Optional[int] = option(integer(1, 2), "Version of MLD.")
    nf_call_iptables: Optional[bool] = option(BOOL, "Bridged IPv4 passes iptables.")
    nf_call_ip6tables: Optional[bool] = option(BOOL, "Bridged IPv6 passes ip6tables.")
    nf_call_arptables: Optional[bool] = option(BOOL, "Bridged ARP passes arptables.")
    veiled: Optional[tuple] = field(default=None, compare=False)


def numbers(ranges):
    """The set of the VLAN numbers in ranges such as 20-30."""
    found = set()
    for each in ranges:
        low, unused, high = each.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def ranges_of(vlans):
    """Sorted ranges, as few as there can be, of some VLAN numbers."""
    found = []
    for number in sorted(vlans):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return tuple(f"{low}-{high}" if low < high else str(low) for low, high in found)


@dataclass(frozen=True)
class Vlans:
    """VLANs of a bridge's port, or of the bridge itself. One that gives any of the three gives all: what it leaves out is not there."""

    pvid: Optional[int] = option(
        VLAN, "VLAN of untagged frames that come in. It is sent untagged unless O(tagged) has it. Where it, O(tagged) or O(untagged) is given, "
        "the three together are all VLANs there are."
    )
    untagged: Optional[tuple] = options(VLANS, "VLANs that are sent without a tag, numbers and ranges such as V(20-30).", unset=None)
    tagged: Optional[tuple] = options(VLANS, "VLANs that are sent with their tag, numbers and ranges such as V(20-30).", unset=None)

    def __post_init__(self):
        if self.given:
            tagged = numbers(self.tagged or ())
            untagged = numbers(self.untagged or ()) | ({self.pvid} if self.pvid and self.pvid not in tagged else set())
            object.__setattr__(self, "untagged", ranges_of(untagged))
            object.__setattr__(self, "tagged", ranges_of(tagged))

    @property
    def given(self):
        """True where anything is said of VLANs."""
        return (self.pvid, self.untagged, self.tagged) != (None, None, None)


#: names of these, which are one thing
VLAN_OPTIONS = tuple(name for name, unused in declared(Vlans))


@dataclass(frozen=True)
class PortSettings:
    """What a bridge knows of a port, VLANs apart."""

    priority: Optional[int] = option(integer(0, 63), "Priority of the port in STP.")
    cost: Optional[int] = option(integer(1, 65535), "Cost of the port in STP.")
    hairpin: Optional[bool] = option(BOOL, "Frames may leave by the port that they came in by.")
    guard: Optional[bool] = option(BOOL, "Turn the port off where STP packets come in.")
    root_block: Optional[bool] = option(BOOL, "Never let the port lead to the root bridge.")
    fastleave: Optional[bool] = option(BOOL, "Leave a multicast group at the first word.")
    learning: Optional[bool] = option(BOOL, "Learn MAC addresses.")
    flood: Optional[bool] = option(BOOL, "Send what is for nobody known.")
    mcast_flood: Optional[bool] = option(BOOL, "Send multicast that nobody is known to listen to.")
    bcast_flood: Optional[bool] = option(BOOL, "Send broadcasts.")
    mcast_to_unicast: Optional[bool] = option(BOOL, "Send multicast as unicast to each listener.")
    mcast_router: Optional[int] = option(integer(0, 3), "A multicast router: V(0) never, V(1) found out, V(2) always, V(3) for now.")
    proxy_arp: Optional[bool] = option(BOOL, "Answer ARP for others.")
    proxy_arp_wifi: Optional[bool] = option(BOOL, "Answer ARP for others as IEEE 802.11 wants it.")
    neigh_suppress: Optional[bool] = option(BOOL, "Answer ARP and neighbour discovery from the bridge's own table.")
    vlan_tunnel: Optional[bool] = option(BOOL, "Map VLANs to tunnels.")
    isolated: Optional[bool] = option(BOOL, "Isolated ports reach only ports that are not isolated.")
    locked: Optional[bool] = option(BOOL, "Take frames only from MAC addresses that are in the table.")
    mab: Optional[bool] = option(BOOL, "Put unknown MAC addresses of a locked port into the table, locked. Needs Linux 6.2 and iproute2 6.2.")
    group_fwd_mask: Optional[int] = option(U16, "Bits of the link-local groups 01:80:C2:00:00:0X that are forwarded.")


@dataclass(frozen=True)
class PortOptions(PortSettings, Vlans):
    """A port of a bridge."""


@dataclass(frozen=True)
class BridgePort(PortOptions):
    """A port of a bridge, in the bridge's own list."""

    name: Optional[str] = option(DEVICE, "Name of the device.", required=True)
