# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager's profiles that make devices anew at boot. Source: nm-settings-keyfile(5) and nm-settings-nmcli(5), 1.42 to 1.52, and what those do.

A profile says all that is asked of a device, by its own record and by those of the bridges, bonds and teams that name it as a port. Where nothing is asked
NetworkManager's defaults are not those of ip(8), so these are written out. Addresses are those that were asked for: where there are none of a family it is
left to the kernel, which means no IPv4 address, and IPv6 as without NetworkManager. That goes for a NIC, too, of which only an MTU was asked, say: its
profile comes before any other of that NIC's at the next boot, and does not ask DHCP. While the NIC is up by another profile, or with addresses that
somebody else gave it, NetworkManager leaves it as it is.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import NamedTuple, Optional

from ..model.bridge import Bridge, PortOptions, PortSettings, Vlans, numbers, ranges_of
from ..model.link import CONTROLLERS, Link, LinkState, over_port
from ..model.link_kinds import PRIMARY, WATCHFUL, Bond, IpVlan, MacVlan, Tun, Vlan, Vxlan
from ..model.option import declared
from . import boot, link_words, networkmanager_uplink, udev
from .keys import pairs, text

#: what profiles and files of ours begin with; how far before a person's own profiles, which have 0 unless that is said, NetworkManager takes them
PREFIX, PRIORITY = "virtlab-", 900
#: devices that are libvirt's and its guests'
GUESTS = ("vnet*", "virbr*", "macvtap*")
#: types of profiles by kinds of devices. NetworkManager has none for an ipvtap, and a team of its own is teamd's, which it must start
TYPES = {
    "nic": "ethernet", "bridge": "bridge", "bond": "bond", "vlan": "vlan", "macvlan": "macvlan", "macvtap": "macvlan", "tun": "tun",
    "veth": "veth", "dummy": "dummy", "vxlan": "vxlan", "ipvlan": "ipvlan",
}
#: bounds of a bridge's forward_delay where STP is on, in hundredths of a second
DELAYS = (200, 3000)


def _bool(value):
    return "true" if value else "false"


def _bit(value):
    return "1" if value else "0"


def _list(value):
    return ",".join(value)


def _seconds(low, high):
    """A writer of hundredths of a second: None, for no word, where that is no whole number of seconds within the bounds."""
    return lambda value: str(value // 100) if value % 100 == 0 and low <= value // 100 <= high else None


#: words of NetworkManager for options that have one: its key, and how it writes the value, None where it has no word for that
KEYS = {
    Link: {"mtu": ("mtu", str), "mac": ("cloned-mac-address", str), "txqueuelen": ("tx-queue-length", str)},
    Bridge: {
        "stp": ("stp", _bool), "priority": ("priority", str), "forward_delay": ("forward-delay", _seconds(0, 30)),
        "hello_time": ("hello-time", _seconds(1, 10)), "max_age": ("max-age", _seconds(6, 40)), "ageing_time": ("ageing-time", _seconds(0, 1000000)),
        "group_fwd_mask": ("group-forward-mask", str), "group_address": ("group-address", str.upper), "vlan_filtering": ("vlan-filtering", _bool),
        "vlan_protocol": ("vlan-protocol", str), "vlan_default_pvid": ("vlan-default-pvid", str), "vlan_stats_enabled": ("vlan-stats-enabled", _bool),
        "mcast_snooping": ("multicast-snooping", _bool), "mcast_querier": ("multicast-querier", _bool), "mcast_hash_max": ("multicast-hash-max", str),
        "mcast_router": ("multicast-router", lambda value: ("disabled", "auto", "enabled")[value]),
        "mcast_query_use_ifaddr": ("multicast-query-use-ifaddr", _bool), "mcast_last_member_count": ("multicast-last-member-count", str),
        "mcast_startup_query_count": ("multicast-startup-query-count", str),
        # the manual says tenths of a second; they go to the kernel as they are, and that takes hundredths
        "mcast_last_member_interval": ("multicast-last-member-interval", str), "mcast_membership_interval": ("multicast-membership-interval", str),
        "mcast_querier_interval": ("multicast-querier-interval", str), "mcast_query_interval": ("multicast-query-interval", str),
        "mcast_query_response_interval": ("multicast-query-response-interval", str),
        "mcast_startup_query_interval": ("multicast-startup-query-interval", str),
    },
    PortSettings: {"priority": ("priority", str), "cost": ("path-cost", str), "hairpin": ("hairpin-mode", _bool)},
    Tun: {
        "mode": ("mode", {"tun": "1", "tap": "2"}.get), "owner": ("owner", str), "group": ("group", str), "multi_queue": ("multi-queue", _bool),
        "vnet_hdr": ("vnet-hdr", _bool), "pi": ("pi", _bool),
    },
    Bond: {
        "mode": ("mode", str), "miimon": ("miimon", str), "updelay": ("updelay", str), "downdelay": ("downdelay", str),
        "peer_notify_delay": ("peer_notif_delay", str), "use_carrier": ("use_carrier", _bit), "arp_interval": ("arp_interval", str),
        "arp_validate": ("arp_validate", str), "arp_all_targets": ("arp_all_targets", str), "arp_ip_target": ("arp_ip_target", _list),
        "ns_ip6_target": ("ns_ip6_target", _list), "primary": ("primary", str), "primary_reselect": ("primary_reselect", str),
        "fail_over_mac": ("fail_over_mac", str), "xmit_hash_policy": ("xmit_hash_policy", str), "resend_igmp": ("resend_igmp", str),
        "num_grat_arp": ("num_grat_arp", str), "all_slaves_active": ("all_slaves_active", _bit), "min_links": ("min_links", str),
        "lp_interval": ("lp_interval", str), "packets_per_slave": ("packets_per_slave", str), "tlb_dynamic_lb": ("tlb_dynamic_lb", _bit),
        "lacp_rate": ("lacp_rate", str), "lacp_active": ("lacp_active", {True: "on", False: "off"}.get), "ad_select": ("ad_select", str),
        "ad_user_port_key": ("ad_user_port_key", str), "ad_actor_sys_prio": ("ad_actor_sys_prio", str), "ad_actor_system": ("ad_actor_system", str),
    },
    Vlan: {"id": ("id", str), "protocol": ("protocol", str)},
    MacVlan: {"mode": ("mode", {"vepa": "1", "bridge": "2", "private": "3", "passthru": "4"}.get)},
    IpVlan: {"mode": ("mode", {"l2": "1", "l3": "2", "l3s": "3"}.get)},
    Vxlan: {
        "id": ("id", str), "local": ("local", str), "remote": ("remote", str), "group": ("remote", str), "dstport": ("destination-port", str),
        "srcport_min": ("source-port-min", str), "srcport_max": ("source-port-max", str), "ttl": ("ttl", str), "tos": ("tos", str),
        "ageing": ("ageing", str), "maxaddress": ("limit", str), "learning": ("learning", _bool), "proxy": ("proxy", _bool), "rsc": ("rsc", _bool),
        "l2miss": ("l2-miss", _bool), "l3miss": ("l3-miss", _bool),
    },
}
#: a VLAN device's flags, which are added up
FLAGS = {"reorder_hdr": 1, "gvrp": 2, "loose_binding": 4, "mvrp": 8}
#: options that are said elsewhere than beside their neighbours
ELSEWHERE = {*FLAGS, "flag", "peer"}
#: the first version that knows an option or a kind of device. Source: what 1.42.4 refuses and 1.52.1 takes, and NetworkManager's NEWS
SINCE = {Link: {"txqueuelen": (1, 44)}, Bond: {"ns_ip6_target": (1, 44), "lacp_active": (1, 44)}}
KIND_SINCE = {"ipvlan": (1, 52)}


#: what a profile says that is followed by itself
AUTO = "autoconnect=true"
#: waits until it is through with what it brings up at boot: it sets some of a bridge's VLANs late, and its default VLAN again. Source: nm-online(1)
STARTED = ["nm-online", "--wait-for-startup", "--quiet", "--timeout=60"]


class Membership(NamedTuple):
    """A port's place: the device whose port it is, that one's kind, and its PortOptions, or None."""

    controller: str
    kind: str
    port: Optional[PortOptions] = None


def words(version):
    """{class: {option: (key, writer)}} of what NetworkManager of a version, a tuple such as (1, 42), has a word for."""
    return {cls: {name: row for name, row in rows.items() if SINCE.get(cls, {}).get(name, version) <= version} for cls, rows in KEYS.items()}


def kinds(version):
    """Kinds of devices that it makes."""
    return {kind for kind in TYPES if KIND_SINCE.get(kind, version) <= version}


def makes(record, version):
    """True where it can make a device such as the LinkState ``record``."""
    return boot.makes(record, words(version), ELSEWHERE, kinds(version))


def at_boot(records, version):
    """{name: what is left to be done at boot, entries of codec/boot.py} for the LinkStates of all devices that it brings back."""
    places = _memberships(records)
    return {name: _left(record, records, places, version) for name, record in records.items()}


def _left(record, records, places, version):
    alone = record.kind != "nic" and not makes(record, version)
    left = boot.entries(record, words(version), ELSEWHERE, kinds(version), default=True)
    joined, more = [], boot.whole(record) if alone else _unsaid(record, records, record.name in places)
    for port in record.ports if record.kind == "bridge" else ():  # those that it cannot make, and those that may be of any kind
        if port.name not in records or not makes(records[port.name], version):
            joined += [*link_words.controller(port.name, record.name), *link_words.updown(port.name, True), *_as_port(port.name, port)]
    found = [*({"run": [list(command)]} for command in joined), *left, *({"run": [list(command)]} for command in more)]
    return [{"run": [STARTED]}, *found] if found else []


def gaps(record, version):
    """What nobody sets at boot, in words."""
    found = boot.gaps(record, words(version), ELSEWHERE)
    if record.kind == "bridge" and getattr(record.data, "stp", None) and any(port.cost is None for port in record.ports):
        found.append("that a port's cost goes by its speed where none is given (it is made 100)")
    return found


def _as_port(name, port):
    """Commands for all that a bridge is to know of a port."""
    settings = PortSettings(**{each: getattr(port, each) for each, unused in declared(PortSettings)})
    yield from link_words.port(name, settings) if settings != PortSettings() else ()
    yield from link_words.vlans(name, Vlans(), port, False) if port.given else ()


def _unsaid(record, records, member):
    """Commands for what a profile has no place for: that a device is down, a bridge that is another's, and addresses and routes of a port."""
    if record.link.controller and record.link.controller not in records:
        yield from link_words.controller(record.name, record.link.controller)
        yield from _as_port(record.name, record.link.port) if record.link.port is not None else ()
    if member:
        for cidr in record.link.addresses or ():
            yield from link_words.address("replace", record.name, cidr)
        for route in record.link.routes or ():
            yield from link_words.route("replace", record.name, route)
    if record.link.up is False and record.kind != "nic":
        yield from link_words.updown(record.name, False)


def profiles(records, version, number=lambda option, name: name):
    """{record name: {file name: text}} of the profiles that concern each record: its own, and those of the ports that it names.

    ``records`` are {name: LinkState}, what was ever asked of each device that NetworkManager of a ``version`` shall bring back; None in one was never asked.
    A port that has no record is taken for a NIC. ``number`` is a function of an option, owner or group, and a name: that one's number, which NetworkManager
    wants.
    """
    known = {name: record for name, record in records.items() if makes(record, version)}
    places = _memberships(known)
    nics = {name: LinkState(name, "nic", Link()) for name in places if name not in records}
    texts = {name: text(_profile(record, places.get(name), version, number)) for name, record in {**nics, **known}.items()}
    return {name: {file(each): texts[each] for each in (name, *record.port_names) if each in texts} for name, record in records.items()}


def file(name):
    """The name of a device's profile's file."""
    return f"{PREFIX}{name}.nmconnection"


def identity(name):
    """The UUID of a device's profile."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"virtlab.network:{name}"))


def links(records):
    """{record name: {file name: text}} under /etc/systemd/network, for udev, which sets their queues' lengths as well."""
    made = {name: record for name, record in records.items() if record.kind != "nic"}
    queues = {name: [("TransmitQueueLength", str(record.link.txqueuelen))] if record.link.txqueuelen is not None else [] for name, record in made.items()}
    return {name: udev.link(record, *queues[name]) for name, record in made.items()}


def configuration(records):
    """The text of a file under /etc/NetworkManager/conf.d: guests' devices are left alone, unless one of ours is named as they are; ours do not wait for a
    carrier; and ends of cables that a profile is for are NetworkManager's, which else has what is made with another device for somebody else's."""
    names = {*records, *_memberships(records)}
    cables = {name: record.data.peer for name, record in records.items() if record.kind == "veth" and record.data is not None}
    guests = [*(f"interface-name:{name}" for name in GUESTS), *(f"except:interface-name:{name}" for name in sorted(names))]
    ends = names & {*cables, *cables.values()}
    return text([("keyfile", [("unmanaged-devices+", ";".join(guests))]), *_section("", names, "ignore-carrier"), *_section("-cables", ends, "managed")])


def _section(suffix, names, key):
    return [(f"device-virtlab{suffix}", [("match-device", ";".join(f"interface-name:{name}" for name in sorted(names))), (key, "yes")])] if names else []


def _memberships(records):
    """{port: Membership} by the controllers' lists, which come first, and by the ports' own records. A controller that has no record is not there at boot
    when NetworkManager wants it, and its port would not come up at all."""
    found = {}
    for record in records.values():
        above = records.get(record.link.controller)
        if above is not None:
            found[record.name] = Membership(above.name, above.kind, record.link.port)
    for record in records.values():
        for name in record.port_names:
            own = records[name].link.port if name in records else None
            port = _options(record.port(name))
            found[name] = Membership(record.name, record.kind, over_port(own, port) if None not in (own, port) else port or own)
    return found


def _options(port):
    """The PortOptions of a BridgePort."""
    return PortOptions(**{name: getattr(port, name) for name, unused in declared(PortOptions)}) if port is not None else None


def _pairs(value, version):
    """Keys with their values of the options that are set and have a word."""
    return {key: said for key, said in pairs(value, words(version)) if said}


def _profile(record, place, version, number):
    link, kind = record.link, TYPES[record.kind]
    common = _pairs(link, version)
    # 1.42 does not know controller and port-type, which these mean; 1.52 knows both
    member = [("master", place.controller), ("slave-type", place.kind)] if place is not None else []
    ports = [("autoconnect-slaves", "1")] if record.kind in CONTROLLERS else []
    follows = record.kind != "nic" or link.up is not False
    lines = dict(record.inherited)
    yield "connection", [("id", f"{PREFIX}{record.name}"), ("uuid", identity(record.name)), ("type", kind), ("interface-name", record.name),
                         ("autoconnect", _bool(follows)), ("autoconnect-priority", PRIORITY), *ports, *member, *lines.pop("connection", ())]
    yield "ethernet", [*((key, common[key]) for key in ("mtu", "cloned-mac-address") if key in common), *lines.pop("ethernet", ())]
    yield "link", [*((key, common[key]) for key in ("tx-queue-length",) if key in common), *lines.pop("link", ())]
    yield kind, OWN[record.kind](record, version, number) if record.kind in OWN else []
    if place is not None and place.kind == "bridge":
        port = place.port or PortOptions()
        yield "bridge-port", [*_pairs(port, version).items(), *_vlans(port)]
    if place is None:
        for version in (4, 6):
            said, own = lines.pop(f"ipv{version}", None), _addresses(link, version)
            yield f"ipv{version}", own if said is None else list(networkmanager_uplink.addresses(said, own))
    yield from lines.items()


def _bridge(record, version, unused):
    data = record.data or Bridge()
    if data.stp and data.forward_delay is not None:
        data = replace(data, forward_delay=min(max(data.forward_delay, DELAYS[0]), DELAYS[1]))
    return [*{"stp": "false", **_pairs(data, version)}.items(), *(_vlans(record.vlans) if record.vlans is not None else ())]


def _bond(record, version, unused):
    data = record.data or Bond()
    mode = data.mode or "balance-rr"
    probing = bool(data.arp_interval) and mode not in WATCHFUL
    said = _pairs(data, version)
    miimon = said.get("miimon", "100" if mode in WATCHFUL else "0")
    # NetworkManager refuses a profile as a whole for options that do not go with others, which the kernel keeps for when they do
    idle = set() if probing else {"arp_interval", "arp_ip_target", "ns_ip6_target"}
    idle |= {"updelay", "downdelay", "peer_notif_delay"} if miimon == "0" else set()
    idle |= set() if mode in PRIMARY else {"primary"}
    idle |= set() if mode == "802.3ad" else {"lacp_rate"}
    return [(key, value) for key, value in {"mode": mode, "miimon": miimon, **said}.items() if key not in idle]


def _vlan(record, version, unused):
    data = record.data or Vlan()
    given = {name: getattr(data, name) for name in FLAGS}
    flags = sum(bit for name, bit in FLAGS.items() if given[name] or name == "reorder_hdr" and given[name] is None)
    return [("parent", record.link.link), *_pairs(data, version).items(), ("flags", str(flags))]


def _macvlan(record, version, unused):
    tap = [("tap", "true")] if record.kind == "macvtap" else []
    return [("parent", record.link.link), *{"mode": "1", **_pairs(record.data or MacVlan(), version)}.items(), *tap]


def _ipvlan(record, version, unused):
    data = record.data or IpVlan()
    flag = [(data.flag, "true")] if data.flag in ("private", "vepa") else []
    return [("parent", record.link.link), *{"mode": "2", **_pairs(data, version)}.items(), *flag]


def _tun(record, version, number):
    said = {"mode": "2", **_pairs(record.data or Tun(), version)}
    return [(key, number(key, value) if key in ("owner", "group") else value) for key, value in said.items()]


def _veth(record, unused_version, unused):
    return [("peer", record.data.peer)]


def _vxlan(record, version, unused):
    parent = [("parent", record.link.link)] if record.link.link else []
    # ip(8)'s port; NetworkManager's is 8472
    return [*parent, *{"destination-port": "4789", **_pairs(record.data, version)}.items()]


#: what kinds have of their own, a function each
OWN = {"bridge": _bridge, "bond": _bond, "vlan": _vlan, "macvlan": _macvlan, "macvtap": _macvlan, "ipvlan": _ipvlan, "tun": _tun, "veth": _veth,
       "vxlan": _vxlan}


def _vlans(vlans):
    """The list of VLANs of a port, or of a bridge itself, each number or range with what it is."""
    if not vlans.given:
        return []
    untagged, tagged = numbers(vlans.untagged or ()), numbers(vlans.tagged or ())
    first = {vlans.pvid} if vlans.pvid else set()
    words = [f"{vlans.pvid} pvid{' untagged' if vlans.pvid in untagged else ''}"] if first else []
    words += [f"{each} untagged" for each in ranges_of(untagged - first)] + list(ranges_of(tagged - first))
    return [("vlans", ", ".join(words))] if words else []


def _addresses(link, version):
    """A family's section. Metrics where nobody says any are the kernel's: NetworkManager's depend on what else there is."""
    addresses = [each for each in link.addresses or () if (6 if ":" in each else 4) == version]
    routes = [each for each in link.routes or () if each.version == version]
    if version == 4:
        method = "manual" if addresses else "disabled"
    else:
        method = "manual" if addresses else "link-local" if routes else "ignore"
    more = [("addr-gen-mode", "eui64")] if version == 6 and method != "ignore" else []
    metric = [("route-metric", "0" if version == 4 else "256")] if addresses or routes else []
    more += [("dad-timeout", "0")] if version == 4 and addresses else []  # the kernel does not ask whether somebody has an IPv4 address
    pairs = [("method", method), *more, *metric, *((f"address{index}", cidr) for index, cidr in enumerate(addresses, 1))]
    for index, route in enumerate(routes, 1):
        pairs += _route(route, index)
    return pairs


def _route(route, index):
    nowhere, everywhere = ("::", "::/0") if route.version == 6 else ("0.0.0.0", "0.0.0.0/0")
    dst = everywhere if route.dst == "default" else route.dst
    words = [dst, route.gateway or nowhere, str(route.metric or 0)]
    options = {"table": route.table if route.table != 254 else None, "src": route.src, "onlink": "true" if route.onlink else None}
    said = ",".join(f"{key}={value}" for key, value in options.items() if value is not None)
    return [(f"route{index}", ",".join(words)), *([(f"route{index}_options", said)] if said else [])]
