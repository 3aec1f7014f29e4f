# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what ``ip -j -d address`` and ``bridge -j vlan`` print to states of devices. Source: iproute2 6.1 to 6.15."""

from __future__ import annotations

import ipaddress
from functools import cache

from ..model.bridge import CHANGING, LED, Bridge, BridgePort, PortOptions, PortSettings, Vlans
from ..model.link import CONTROLLERS, KINDS, PROTOCOL, Link, LinkRoute, LinkState, OthersRoute, Seen
from ..model.link_kinds import Bond, IpVlan, Nic, Team, Tun, Veth, Vlan, Vxlan
from ..model.option import Bag, declared
from .link_table import TABLE, VLAN_FLAGS

MARK = "virtlab:"
#: of a device that is in no VLAN, and of one of which nobody knows
NONE, UNKNOWN = Vlans(None, (), ()), Vlans()
#: facts of a device that are only to be seen
FACTS = ("ifindex", "operstate")
#: numbers of the protocols of routes that are the kernel's (redirect, kernel and ra, as rtnetlink(7) has them), and ours
KERNEL = "2"
NOT_OTHERS = ("1", KERNEL, "9", str(PROTOCOL))
#: ip(8)'s words for types of routes by a device, and for what JSON has of one
ROUTE_TYPES = {"1": "unicast", "2": "local", "3": "broadcast", "4": "anycast", "5": "multicast"}
ROUTE_WORDS = {
    "table": "table", "protocol": "proto", "scope": "scope", "prefsrc": "src", "metric": "metric", "pref": "pref", "expires": "expires", "tos": "tos",
}


def kind_of(entry):
    """The kind of a device by its entry: nic for one that has none."""
    return entry.get("linkinfo", {}).get("info_kind", "nic")


def seen(entry):
    """The Seen of a device's entry."""
    given, dynamic = (tuple(_addresses(entry, each)) for each in (False, True))
    ethernet = entry.get("link_type") == "ether"
    return Seen(kind_of(entry), entry.get("master"), lower(entry), entry["mtu"], ethernet, given + dynamic, dynamic, "UP" in entry["flags"])


def state(entry, members=(), vlans=None, routes=None, more=None):
    """The LinkState of a device's entry.

    ``members`` are the entries of its ports, ``vlans`` is {device: its VLANs} as bridge(8) has them, or None where nobody looked, and so is ``routes``, a
    list of entries. ``more`` is what ip(8) does not tell: the number of a NIC's virtual functions, or the runner of a team.
    """
    info, kind = entry.get("linkinfo", {}), kind_of(entry)
    link = Link(
        up="UP" in entry["flags"], mtu=entry["mtu"], mac=entry.get("address"), txqueuelen=entry.get("txqlen"),
        addresses=Bag(_addresses(entry, dynamic=False)), routes=None if routes is None else Bag(map(route, routes)),
        link=lower(entry), controller=entry.get("master", ""),
        port=_port(PortOptions, entry, vlans) if info.get("info_slave_kind") == "bridge" else None,
    )
    data = _data(kind, entry, more)
    if kind == "bridge":
        ports = Bag(_port(BridgePort, member, vlans, name=member["ifname"]) for member in members)
    else:
        ports = Bag(member["ifname"] for member in members) if kind in CONTROLLERS else Bag()
    alias = entry.get("ifalias", "")
    return LinkState(
        entry["ifname"], kind, link, data, ports, _vlans(vlans.get(entry["ifname"])) if kind == "bridge" and vlans is not None else None,
        alias[len(MARK):] if alias.startswith(MARK) else None, False, None,
        {**{name: entry[name] for name in FACTS}, "dynamic": _addresses(entry, dynamic=True), "bare": _addresses(entry, dynamic=False, bare=True)},
    )


def active(entry, controller):
    """(bond, port that it uses) of a device's entry, if it is either of the two; None else. ``controller`` is the entry of the device that it is a port of."""
    bond = entry if kind_of(entry) == "bond" else controller
    port = bond.get("linkinfo", {}).get("info_data", {}).get("active_slave")
    return (bond["ifname"], port) if port is not None and entry["ifname"] in (bond["ifname"], port) else None


def lower(entry):
    """Name of the device that this one is on top of, or None."""
    info = entry.get("linkinfo", {})
    if kind_of(entry) == "vxlan":
        return info.get("info_data", {}).get("link")
    return entry.get("link") if kind_of(entry) != "veth" else None


def _addresses(entry, dynamic, bare=False):
    """Addresses of a device, by whether they are only for a time; with ``bare`` those whose subnets the kernel has no route to by itself."""
    found = [each for each in entry.get("addr_info", ()) if "local" in each and bool(each.get("dynamic") or each.get("temporary")) == dynamic]
    found = [each for each in found if each.get("noprefixroute")] if bare else found
    return [f"{address}/{each['prefixlen']}" for each in found if not (address := _address(each["local"])).is_link_local]


@cache
def _address(text):
    return ipaddress.ip_address(text)


def _data(kind, entry, more):
    cls, info = KINDS.get(kind), entry.get("linkinfo", {}).get("info_data", {})
    if cls is None:
        return None
    if cls in (Nic, Team):
        return cls(more)
    if cls is Veth:
        return Veth(entry.get("link"))
    found = _read(cls, info)
    if cls is Bond:
        found["arp_validate"] = info.get("arp_validate") or "none"
        for name in ("arp_ip_target", "ns_ip6_target"):
            found[name] = Bag(info.get(name) or ())
    elif cls is Bridge:
        veiled = _veiled(info)
        found.update({**dict.fromkeys(veiled), "veiled": veiled or None})
    elif cls is Vlan:
        found.update({name: flag in info.get("flags", ()) for flag, name in VLAN_FLAGS.items()})
        for name in ("ingress_qos_map", "egress_qos_map"):
            found[name] = Bag(f"{each['from']}:{each['to']}" for each in info.get(TABLE[Vlan][name].key, ()))
    elif cls is IpVlan:
        found["flag"] = next((flag for flag in ("bridge", "private", "vepa") if info.get(flag)), None)
    elif cls is Tun:
        found.update({name: str(info.get(key, "")) for name, key in (("owner", "user"), ("group", "group"))})
    elif cls is Vxlan:
        found.update(_vxlan(info))
    return cls(**found)


def _veiled(info):
    """Options of a bridge that STP has put others in the place of: a shorter time while the topology changes, and the root's where another bridge is that.

    Source: the kernel's net/bridge/br_stp.c, __br_set_topology_change() and br_record_config_timeout_values().
    """
    changing = info.get("topology_change") and 0 <= info["ageing_time"] - 2 * info["forward_delay"] <= 1  # rounded
    led = info.get("stp_state") == 1 and info.get("root_port")  # ip(8) prints the bridge's own as root_id, too
    return (*(CHANGING if changing else ()), *(LED if led else ()))


def _vxlan(info):
    ports = info.get("port_range", {})
    shown = {name: bool(info.get(name)) for name in ("external", "proxy", "rsc", "l2miss", "l3miss")}
    ends = {name: info.get(name) or info.get(f"{name}6") for name in ("local", "remote", "group")}
    return {
        **shown, "gbp": "gbp" in info, **{name: value and str(ipaddress.ip_address(value)) for name, value in ends.items()}, "srcport_min": ports.get("low"),
        "srcport_max": ports.get("high"), "maxaddress": info.get("limit", 0), "tos": _number(info.get("tos", 0)), "ttl": _number(info.get("ttl", 0)),
    }


def _number(value):
    """A number that JSON has as such, in hexadecimal, or as a word that stands for none."""
    if isinstance(value, str):
        return int(value, 0) if value[:1].isdecimal() else None
    return value


def _read(cls, info):
    """Values of the options of a class that JSON has."""
    return dict(_values(cls, tuple([info.get(key) for unused, key, unused in _keys(cls)])))


@cache
def _values(cls, given):
    """{name: value} of what JSON has for the options that _keys() lists: of thousands of devices most have the same."""
    kinds = {"bool": lambda value: value in (1, "on"), "int": _number, "str": str}
    return {name: kinds[kind](value) for (name, unused, kind), value in zip(_keys(cls), given) if value is not None}


@cache
def _keys(cls):
    """(name, its key in JSON, Ansible's word for its kind) of each option that is no list."""
    return tuple((name, TABLE[cls][name].key, entry.kind.ansible) for name, entry in declared(cls) if not entry.many)


def _port(cls, entry, vlans, **more):
    held = entry["linkinfo"]["info_slave_data"]
    own = _vlans(vlans.get(entry["ifname"])) if vlans is not None else UNKNOWN
    return cls(**_read(PortSettings, held), pvid=own.pvid, untagged=own.untagged, tagged=own.tagged, **more)


def _vlans(entries):
    """The Vlans of what bridge(8) says of a device; one without any is said to have none."""
    if not entries:
        return NONE
    found = {"untagged": [], "tagged": []}
    pvid = None
    for each in entries:
        word = f"{each['vlan']}-{each['vlanEnd']}" if "vlanEnd" in each else str(each["vlan"])
        found["untagged" if "Egress Untagged" in each.get("flags", ()) else "tagged"].append(word)
        pvid = each["vlan"] if "PVID" in each.get("flags", ()) else pvid
    return Vlans(pvid, tuple(found["untagged"]), tuple(found["tagged"]))


def route(entry):
    """The LinkRoute of an entry of ``ip -j route``."""
    table = entry.get("table", "main")
    tables = {"main": 254, "default": 253, "local": 255}
    dst = entry["dst"]
    if dst != "default" and "/" not in dst:
        dst = f"{dst}/{ipaddress.ip_address(dst).max_prefixlen}"
    return LinkRoute(dst, entry.get("gateway"), entry.get("metric"), tables.get(table) or int(table), entry.get("prefsrc"), "onlink" in entry.get("flags", ()))


def others_route(entry, version):
    """The OthersRoute of an entry of ``ip -N -d -j route``, or None for what the kernel makes by itself, or we."""
    return None if entry["protocol"] in NOT_OTHERS else _told(entry, version)


def prefix_route(entry):
    """The OthersRoute of an entry that somebody made for a subnet of IPv4's as if it were the kernel's, which has no metric; None for others.

    NetworkManager does so, and the kernel drops it with the address.
    """
    return _told(entry, 4) if entry["protocol"] == KERNEL and "metric" in entry else None


def _told(entry, version):
    dst = entry["dst"] if entry["dst"] != "default" else "::/0" if version == 6 else "0.0.0.0/0"
    gateway, onlink = entry.get("gateway"), "onlink" in entry["flags"]
    via = ("via", gateway) if gateway else ("via", entry["via"]["family"], entry["via"]["host"]) if "via" in entry else ()
    words = ["to", ROUTE_TYPES.get(entry["type"], ""), dst, *via, *(["onlink"] if onlink else [])]
    for key, word in ROUTE_WORDS.items():
        words += [word, str(entry[key])] if key in entry else []
    for metrics in entry.get("metrics", ()):
        words += [word for pair in metrics.items() for word in map(str, pair)]
    told = "" not in words and set(entry) <= {*ROUTE_WORDS, "type", "dst", "gateway", "via", "flags", "metrics", "dev"}
    asked = route({**entry, "dst": "::/0" if dst == "::/0" else entry["dst"]}) if entry["type"] == "1" and not {"via", "nexthops"} & set(entry) else None
    return OthersRoute(dst, version, gateway or entry.get("via", {}).get("host"), entry.get("prefsrc"), onlink, tuple(words) if told else (), asked,
                       entry["protocol"])
