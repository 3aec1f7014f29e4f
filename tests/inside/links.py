# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: sets every option of devices of some kinds, one after the other, and prints what went wrong, a line each.

``links.py COLLECTIONS KIND...``: for each option a device of the kind is made, changed with a check first, and again; ip(8) and bridge(8) must then show
the words that stand beside the value here. The last line counts what was tried.
"""

from __future__ import annotations

import subprocess
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402

#: option, value, and what ip(8) then says of the device, in one of several ways; without a value, the option is not asked for any more
COMMON = [
    ("mtu", 1400, "mtu 1400"), ("mac", "52:54:00:12:34:56", "link/ether 52:54:00:12:34:56"), ("txqueuelen", 77, "qlen 77"),
    ("addresses", ["10.55.0.1/24", "fd00:55::1/64"], "inet 10.55.0.1/24 brd 10.55.0.255"),
    ("routes", [{"dst": "10.56.0.0/16", "gateway": "10.55.0.2", "metric": 7, "src": "10.55.0.1"}],
     "10.56.0.0/16 via 10.55.0.2 proto 118 src 10.55.0.1 metric 7"),
    ("routes", [{"dst": "fd00:56::/32", "gateway": "fd00:55::2", "table": 100}], "fd00:56::/32 via fd00:55::2 table 100 proto 118 metric 1024"),
    ("routes", [{"dst": "10.57.0.0/16", "gateway": "10.99.0.2", "onlink": True}], "10.57.0.0/16 via 10.99.0.2 proto 118"),
    ("routes", [], "inet 10.55.0.1/24"), ("addresses", ["10.55.0.9/24"], "inet 10.55.0.9/24"), ("addresses", [], "qlen 77"),
    ("up", False, "state DOWN"), ("up", True, "UP"),
]
BRIDGE = [
    ("stp", True, "stp_state 1"), ("priority", 4096, "priority 4096"), ("forward_delay", 1000, "forward_delay 1000"), ("forward_delay", 1, "forward_delay 200"),
    ("hello_time", 300, "hello_time 300"), ("max_age", 1000, "max_age 1000"), ("ageing_time", 6000, "ageing_time 6000"),
    ("group_fwd_mask", 0x4008, "group_fwd_mask 0x4008"), ("group_address", "01:80:c2:00:00:04", "group_address 01:80:c2:00:00:04"),
    ("no_linklocal_learn", True, "no_linklocal_learn 1"), ("vlan_stats_per_port", True, "vlan_stats_per_port 1"),
    ("vlan_stats_per_port", False, "vlan_stats_per_port 0"),
    ("vlan_filtering", True, "vlan_filtering 1"), ("vlan_protocol", "802.1ad", "vlan_protocol 802.1ad"), ("vlan_default_pvid", 9, "vlan_default_pvid 9"),
    ("vlan_stats_enabled", True, "vlan_stats_enabled 1"), ("mcast_vlan_snooping", True, "mcast_vlan_snooping 1"),
    ("mcast_vlan_snooping", False, "mcast_vlan_snooping 0"), ("mcast_snooping", False, "mcast_snooping 0"),
    ("mcast_router", 2, "mcast_router 2"), ("mcast_query_use_ifaddr", True, "mcast_query_use_ifaddr 1"), ("mcast_querier", True, "mcast_querier 1"),
    ("mcast_hash_max", 1024, "mcast_hash_max 1024"), ("mcast_last_member_count", 5, "mcast_last_member_count 5"),
    ("mcast_startup_query_count", 6, "mcast_startup_query_count 6"), ("mcast_last_member_interval", 300, "mcast_last_member_interval 300"),
    ("mcast_membership_interval", 20000, "mcast_membership_interval 20000"), ("mcast_querier_interval", 30000, "mcast_querier_interval 30000"),
    ("mcast_query_interval", 10001, "mcast_query_interval 1000"), ("mcast_query_response_interval", 900, "mcast_query_response_interval 900"),
    ("mcast_startup_query_interval", 2000, "mcast_startup_query_interval 2000"), ("mcast_stats_enabled", True, "mcast_stats_enabled 1"),
    ("mcast_igmp_version", 3, "mcast_igmp_version 3"), ("mcast_mld_version", 2, "mcast_mld_version 2"), ("nf_call_iptables", True, "nf_call_iptables 1"),
    ("nf_call_ip6tables", True, "nf_call_ip6tables 1"), ("nf_call_arptables", True, "nf_call_arptables 1"), ("fdb_max_learned", 500, "fdb_max_learned 500"),
    ("vlans", {"pvid": 5, "tagged": ["7-8"]}, "5 PVID Egress Untagged"), ("vlans", {"pvid": 5, "tagged": ["5-8"]}, "5 PVID"),
]
PORT = [
    ("priority", 16, "priority 16"), ("cost", 55, "cost 55"), ("hairpin", True, "hairpin on"), ("guard", True, "guard on"),
    ("root_block", True, "root_block on"),
    ("fastleave", True, "fastleave on"), ("learning", False, "learning off"), ("flood", False, "flood off"), ("mcast_flood", False, "mcast_flood off"),
    ("bcast_flood", False, "bcast_flood off"), ("mcast_to_unicast", True, "mcast_to_unicast on"), ("mcast_router", 2, "mcast_router 2"),
    ("proxy_arp", True, "proxy_arp on"), ("proxy_arp_wifi", True, "proxy_arp_wifi on"), ("neigh_suppress", True, "neigh_suppress on"),
    ("vlan_tunnel", True, "vlan_tunnel on"), ("isolated", True, "isolated on"), ("learning", True, "learning on"), ("locked", True, "locked on"),
    ("mab", True, "mab on"), ("group_fwd_mask", 0x4008, "group_fwd_mask 0x4008"), ("pvid", 10, "10 PVID Egress Untagged"),
    ("pvid", None, "1 Egress Untagged"), ("tagged", ["20-22", "30", "23"], "20-23"), ("untagged", ["40"], "40 Egress Untagged"),
]
TUN = [("owner", "root", "user root"), ("owner", "1234", "user 1234"), ("group", "root", "group root"), ("owner", "", "persist on"),
       ("group", "", "persist on"),
       ("multi_queue", True, "multi_queue numqueues"), ("vnet_hdr", True, "vnet_hdr on"), ("pi", True, "pi on")]
BOND = [
    ("mode", "active-backup", "mode active-backup"), ("miimon", 150, "miimon 150"), ("updelay", 300, "updelay 300"), ("downdelay", 450, "downdelay 450"),
    ("peer_notify_delay", 150, "peer_notify_delay 150"), ("use_carrier", False, "use_carrier 0"), ("primary", "tstp1", "primary tstp1"),
    ("primary_reselect", "better", "primary_reselect better"), ("fail_over_mac", "active", "fail_over_mac active"), ("resend_igmp", 3, "resend_igmp 3"),
    ("num_grat_arp", 4, "num_grat_arp 4"), ("all_slaves_active", True, "all_slaves_active 1"), ("lp_interval", 5, "lp_interval 5"), ("updelay", 0, "updelay 0"),
    ("downdelay", 0, "downdelay 0"), ("peer_notify_delay", 0, "peer_notify_delay 0"), ("miimon", 0, "miimon 0"),
    ("arp_interval", 200, "arp_interval 200"), ("arp_ip_target", ["10.0.0.7", "10.0.0.8"], "arp_ip_target 10.0.0.7,10.0.0.8"),
    ("arp_validate", "all", "arp_validate all"),
    ("arp_all_targets", "all", "arp_all_targets all"), ("ns_ip6_target", ["fd00::7"], "ns_ip6_target fd00::7"),
    ("ns_ip6_target", [], "arp_ip_target 10.0.0.7,10.0.0.8"), ("arp_ip_target", [], "arp_interval 200"), ("arp_interval", 0, "arp_interval 0"),
    ("miimon", 100, "miimon 100"), ("fail_over_mac", "none", "fail_over_mac none"),
    ("primary", None, None), ("arp_validate", None, None), ("arp_all_targets", None, None), ("mode", "balance-xor", "mode balance-xor"),
    ("xmit_hash_policy", "layer3+4", "xmit_hash_policy layer3+4"), ("mode", "balance-rr", "mode balance-rr"), ("packets_per_slave", 3, "packets_per_slave 3"),
    ("mode", "balance-tlb", "mode balance-tlb"), ("tlb_dynamic_lb", False, "tlb_dynamic_lb 0"), ("mode", "802.3ad", "mode 802.3ad"),
    ("lacp_rate", "fast", "lacp_rate fast"), ("lacp_active", False, "lacp_active off"), ("ad_select", "count", "ad_select count"),
    ("ad_user_port_key", 21, "ad_user_port_key 21"), ("ad_actor_sys_prio", 99, "ad_actor_sys_prio 99"),
    ("ad_actor_system", "02:00:00:00:00:09", "ad_actor_system 02:00:00:00:00:09"), ("min_links", 1, "min_links 1"),
]
VLAN = [("reorder_hdr", False, "vlan protocol 802.1Q id 5"), ("gvrp", True, "<GVRP>"), ("mvrp", True, "MVRP"), ("loose_binding", True, "LOOSE_BINDING"),
        ("bridge_binding", True, "BRIDGE_BINDING"), ("ingress_qos_map", ["0:1", "3:4294967295"], "ingress-qos-map { 0:1 3:4294967295 }"),
        ("ingress_qos_map", ["3:5", "1:0"], "ingress-qos-map { 3:5 }"), ("egress_qos_map", ["9:7", "1:2"], "egress-qos-map { 1:2 9:7 }"),
        ("ingress_qos_map", [], "egress-qos-map"), ("id", 6, "id 6"), ("protocol", "802.1ad", "protocol 802.1ad")]
MACVLAN = [("mode", "bridge", "mode bridge"), ("bcqueuelen", 500, "bcqueuelen 500"), ("mode", "private", "mode private"), ("mode", "passthru", "mode passthru")]
IPVLAN = [("mode", "l2", "mode l2"), ("flag", "private", "private"), ("flag", "vepa", "vepa"), ("mode", "l3s", "mode l3s")]
VXLAN = [
    ("id", 43, "id 43"), ("local", "10.9.0.1", "local 10.9.0.1"), ("remote", "10.9.0.2", "remote 10.9.0.2"), ("dstport", 8472, "dstport 8472"),
    ("ttl", 9, "ttl 9"), ("tos", 8, "tos 0x8"), ("df", "set", "df set"), ("ageing", 60, "ageing 60"), ("learning", False, "nolearning"),
    ("maxaddress", 100, "maxaddr 100"), ("proxy", True, "proxy"), ("rsc", True, "rsc"), ("l2miss", True, "l2miss"), ("l3miss", True, "l3miss"),
    ("udpcsum", False, ("noudpcsum", "noudp_csum")), ("udp6zerocsumtx", True, (" udp6zerocsumtx", " udp_zero_csum6_tx")),
    ("udp6zerocsumrx", True, (" udp6zerocsumrx", " udp_zero_csum6_rx")), ("gbp", True, "gbp"),
]
#: what takes VLAN filtering, or a newer iproute2
NEWER = ("fdb_max_learned", "vlan_tunnel", "pvid", "tagged", "untagged", "locked", "mab", *(row[0] for row in BRIDGE if "vlan" in row[0]))
#: what is made first of each kind: (kind of resource, its options, the option that its own are in, and their table)
KINDS = {
    "bridge": ("bridge", {}, None, [*(row for row in BRIDGE if row[0] not in NEWER), *COMMON]),
    "vlan-bridge": ("bridge", {}, None, [row for row in BRIDGE if row[0] in NEWER]),
    "port": ("bridge", {}, "ports", [row for row in PORT if row[0] not in NEWER]),
    "vlan-port": ("bridge", {"vlan_filtering": True}, "ports", [row for row in PORT if row[0] in NEWER]),
    "tap": ("tap", {}, None, [*COMMON, *TUN]),
    "tun": ("tap", {"mode": "tun"}, None, [row for row in COMMON if row[0] != "mac"]),
    "bond": ("link", {"kind": "bond", "ports": ["tstp1", "tstp2"]}, "bond", BOND),
    "vlan": ("link", {"kind": "vlan", "link": "tstp1", "vlan": {"id": 5}}, "vlan", [*VLAN, *COMMON]),
    "macvlan": ("link", {"kind": "macvlan", "link": "tstp1"}, "macvlan", MACVLAN),
    "macvtap": ("link", {"kind": "macvtap", "link": "tstp1"}, "macvlan", MACVLAN),
    "ipvlan": ("link", {"kind": "ipvlan", "link": "tstp1"}, "ipvlan", IPVLAN),
    "ipvtap": ("link", {"kind": "ipvtap", "link": "tstp1"}, "ipvlan", IPVLAN),
    "veth": ("link", {"kind": "veth", "veth": {"peer": "tstpeer"}}, "veth", COMMON),
    "dummy": ("link", {"kind": "dummy"}, None, COMMON),
    "vxlan": ("link", {"kind": "vxlan", "vxlan": {"id": 42}}, "vxlan", VXLAN),
    "team": ("link", {"kind": "team", "team": {"runner": "activebackup"}, "ports": ["tstp1", "tstp2"]}, None, COMMON),
}
#: options that stand by themselves, not under a kind's own
OUTSIDE = {"mtu", "mac", "txqueuelen", "up", "addresses", "routes", "vlans"}


def shell(*command):
    """What a command says."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shown(name):
    """All that ip(8) and bridge(8) say of a device, without line ends."""
    texts = [shell("ip", "-d", "address", "show", "dev", name), shell("ip", "route", "show", "table", "all", "dev", name),
             shell("ip", "-6", "route", "show", "table", "all", "dev", name), shell("bridge", "-compressvlans", "vlan", "show", "dev", name)]
    return " ".join(" ".join(texts).split())


def run(kind, options, check=False):
    """One resource's options through the core, for the kernel alone; the Outcome."""
    defaults = {name: spec.get("default") for name, spec in argument_spec.KINDS_OF_RESOURCES[kind]()["options"].items()}
    return reconcile([(kind, {**defaults, "persist": "none", "name": "test0", **options})], "qemu:///system", "test", check_mode=check)


def given(options, own, option, value):
    """The options of a task that sets one more."""
    if own == "ports":
        said = {option: value} if value is not None else {"pvid": None, "untagged": ["1"], "tagged": []}
        return {**options, "ports": [{"name": "tstp1", **said}, {"name": "tstp2"}]}
    if option in OUTSIDE or own is None:
        return {**options, option: value}
    return {**options, own: {**options.get(own, {}), option: value}}


def problems(kind, options, own, table):
    """Yield what is wrong with the options of a table, each set after the one before."""
    for option, value, words in table:
        task = given(options, own, option, value)
        if own != "ports":
            options = task
        if words is None:
            continue
        check = run(kind, task, check=True)
        made = run(kind, task)
        again = run(kind, task)
        seen = shown("tstp1" if own == "ports" else "test0")
        if not any(each in seen for each in ([words] if isinstance(words, str) else words)):
            yield f"{option} {value!r}: ip says no {words!r} but {seen}"
        if option != "up" and ",UP" not in seen:
            yield f"{option} {value!r}: it is down now: {seen}"
        if check.plan.items[0].changes != made.plan.items[0].changes:
            yield f"{option} {value!r}: check mode said {check.plan.items[0].changes}, and the run {made.plan.items[0].changes}"
        if not made.plan.changed:
            yield f"{option} {value!r} changed nothing"
        if again.plan.changed:
            yield f"{option} {value!r}: the second run changed {again.plan.items[0].changes}"


def main():
    """See above."""
    tried = 0
    for name in sys.argv[2:]:
        kind, options, own, table = KINDS[name]
        for device in ("test0", "tstp1", "tstp2"):
            subprocess.run(["ip", "link", "delete", device], capture_output=True, check=False)
        for port in ("tstp1", "tstp2"):
            shell("ip", "link", "add", port, "up", "type", "veth", "peer", "name", f"{port}b")
        first = {**options, "ports": [{"name": "tstp1"}, {"name": "tstp2"}]} if own == "ports" else options
        try:
            if not run(kind, first).plan.changed or run(kind, first).plan.changed:
                print(f"{name}: making it changed nothing, or did so twice")
            for problem in problems(kind, options, own, table):
                print(f"{name}: {problem}")
            if not run(kind, {"state": "absent"}).plan.changed or run(kind, {"state": "absent"}).plan.changed:
                print(f"{name}: removing it changed nothing, or did so twice")
        except VirtNetError as err:
            print(f"{name}: {err}")
        tried += len(table)
        for port in ("test0", "tstp1", "tstp2"):
            subprocess.run(["ip", "link", "delete", port], capture_output=True, check=False)
    print(f"{tried} options")


if __name__ == "__main__":
    main()
