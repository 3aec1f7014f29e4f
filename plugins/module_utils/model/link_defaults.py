# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel gives a new device by itself. Source: what ``ip -j -d link`` shows of new devices on Linux 6.1 and 6.12."""

from __future__ import annotations

from .bridge import Bridge, PortSettings
from .link_kinds import Bond, Vlan, Vxlan
from .option import Bag

DEFAULTS = {
    Bridge: {
        "stp": False, "priority": 32768, "forward_delay": 1500, "hello_time": 200, "max_age": 2000, "ageing_time": 30000, "group_fwd_mask": 0,
        "group_address": "01:80:c2:00:00:00", "no_linklocal_learn": False, "fdb_max_learned": 0, "vlan_filtering": False, "vlan_protocol": "802.1Q",
        "vlan_default_pvid": 1, "vlan_stats_enabled": False, "vlan_stats_per_port": False, "mcast_snooping": True, "mcast_vlan_snooping": False,
        "mcast_router": 1, "mcast_query_use_ifaddr": False, "mcast_querier": False, "mcast_hash_max": 4096, "mcast_last_member_count": 2,
        "mcast_startup_query_count": 2, "mcast_last_member_interval": 100, "mcast_membership_interval": 26000, "mcast_querier_interval": 25500,
        "mcast_query_interval": 12500, "mcast_query_response_interval": 1000, "mcast_startup_query_interval": 3124, "mcast_stats_enabled": False,
        "mcast_igmp_version": 2, "mcast_mld_version": 1, "nf_call_iptables": False, "nf_call_ip6tables": False, "nf_call_arptables": False,
    },
    PortSettings: {
        "priority": 32, "hairpin": False, "guard": False, "root_block": False, "fastleave": False, "learning": True, "flood": True, "mcast_flood": True,
        "bcast_flood": True, "mcast_to_unicast": False, "mcast_router": 1, "proxy_arp": False, "proxy_arp_wifi": False, "neigh_suppress": False,
        "vlan_tunnel": False, "isolated": False, "locked": False, "mab": False, "group_fwd_mask": 0,
    },
    Bond: {
        "updelay": 0, "downdelay": 0, "peer_notify_delay": 0, "use_carrier": True, "arp_interval": 0, "arp_validate": "none", "arp_all_targets": "any",
        "primary_reselect": "always", "fail_over_mac": "none", "xmit_hash_policy": "layer2", "resend_igmp": 1, "num_grat_arp": 1, "all_slaves_active": False,
        "min_links": 0, "lp_interval": 1, "packets_per_slave": 1, "tlb_dynamic_lb": True, "lacp_rate": "slow", "lacp_active": True, "ad_select": "stable",
        "ad_user_port_key": 0, "ad_actor_sys_prio": 65535, "ad_actor_system": "00:00:00:00:00:00", "arp_ip_target": Bag(), "ns_ip6_target": Bag(),
    },
    Vlan: {"ingress_qos_map": Bag(), "egress_qos_map": Bag()},
    Vxlan: {
        "dstport": 4789, "srcport_min": 0, "srcport_max": 0, "ttl": 0, "tos": 0, "df": "unset", "ageing": 300, "maxaddress": 0, "learning": True,
        "proxy": False, "rsc": False, "l2miss": False, "l3miss": False, "udpcsum": True, "udp6zerocsumtx": False, "udp6zerocsumrx": False,
        "external": False, "gbp": False,
    },
}


def unusual(value):
    """An instance of options without those that are what a new device has by itself."""
    usual = next((usual for cls, usual in DEFAULTS.items() if isinstance(value, cls)), {})
    left_out = {name: None for name, default in usual.items() if getattr(value, name) == default}
    return type(value)(**{**value.__dict__, **left_out}) if left_out else value


def brief(report):
    """A device's report without what a new one has by itself, and without what is empty: what is worth a line where it comes or goes."""
    usual = {"bridge": DEFAULTS[Bridge], "tun": {"mode": "tap", "multi_queue": False, "vnet_hdr": False, "pi": False}}.get(report.get("kind"), {})
    shown = {}
    for name, value in report.items():
        if name in ("ports", "port"):
            value = [_without(each, DEFAULTS[PortSettings]) for each in value] if name == "ports" else _without(value, DEFAULTS[PortSettings])
        elif name == report.get("kind"):
            value = _without(value, {"bond": DEFAULTS[Bond], "vxlan": DEFAULTS[Vxlan]}.get(name, {}))
        if value not in ({}, [], "") and usual.get(name, ()) != value and (name, value) not in (("mtu", 1500), ("txqueuelen", 1000)):
            shown[name] = value
    return shown


def _without(options, usual):
    return {name: value for name, value in options.items() if usual.get(name, ()) != value} if isinstance(options, dict) else options
