# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's devices and routes: read with iproute2's JSON, written with pyroute2, which is imported only where there is something to write."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from dataclasses import dataclass, replace
from typing import Any, Optional

from .. import deps
from ..errors import BackendError
from ..model.kernel import Port
from . import iproute

#: routes that lead to no device
NOWHERE = ("unreachable", "blackhole", "prohibit")
#: settings of a bridge's port: ip(8)'s name in JSON, and pyroute2's
SETTINGS = {
    "priority": "priority", "cost": "cost", "hairpin": "mode", "guard": "guard", "root_block": "protect", "fastleave": "fast_leave",
    "learning": "learning", "flood": "unicast_flood", "proxy_arp": "proxyarp", "proxy_arp_wifi": "proxyarp_wifi", "mcast_flood": "mcast_flood",
    "bcast_flood": "bcast_flood", "mcast_to_unicast": "mcast_to_ucast", "neigh_suppress": "neigh_suppress", "vlan_tunnel": "vlan_tunnel",
    "isolated": "isolated", "multicast_router": "multicast_router",
}
#: flags of a VLAN of a port: bridge(8)'s words, and the kernel's bits (linux/if_bridge.h)
VLAN_FLAGS = {"PVID": 2, "Egress Untagged": 4}
#: entries of a bridge's table that somebody added: bridge(8)'s word, and the kernel's bits; and that they are the bridge's (linux/neighbour.h)
MAC_STATES, NTF_MASTER = {"static": 0x40, "": 0x02}, 0x04


@dataclass(frozen=True)
class Route:
    """A route of the main table: ``subnet`` (an ipaddress network), ``device`` (or one of NOWHERE), and whether it is that of the device's own subnet."""

    subnet: Any
    device: str
    connected: bool


@dataclass(frozen=True)
class Link:
    """A device: its index, kind, the bridge that it is on, whether it is up, and what a bridge's port has. ``filtering`` is that of a bridge's VLANs.

    ``lower`` is the device that it is on top of, if any.
    """

    name: str
    index: int
    up: bool
    kind: Optional[str]
    master: Optional[str]
    mac: Optional[str]
    mtu: int
    addresses: frozenset
    settings: tuple
    filtering: bool
    lower: Optional[str]
    ethernet: bool

    @property
    def given(self):
        """Its addresses (CIDR), sorted, without link-local ones, which are the kernel's own."""
        return sorted(each for each in self.addresses if not ipaddress.ip_interface(each).is_link_local)

    @property
    def port(self):
        """The Port that it is, without what only bridge(8) knows."""
        return Port(self.name, self.mtu, self.settings, up=self.up)


def dump():
    """{name: Link} of the host's devices."""
    return {entry["ifname"]: _link(entry) for entry in iproute.read("ip", "-d", "address", "show") if "ifname" in entry}


def _link(entry):
    info = entry.get("linkinfo", {})
    held = info.get("info_slave_data", {}) if info.get("info_slave_kind") == "bridge" else {}
    return Link(
        entry["ifname"], entry["ifindex"], "UP" in entry["flags"], info.get("info_kind"), entry.get("master"), entry.get("address"), entry["mtu"],
        frozenset(f"{ipaddress.ip_address(each['local'])}/{each['prefixlen']}" for each in entry.get("addr_info", ()) if "local" in each),
        tuple((name, held[name]) for name in SETTINGS if name in held), bool(info.get("info_data", {}).get("vlan_filtering")),
        entry.get("link"), entry.get("link_type") == "ether",
    )


def ports(bridge, devices):
    """The Ports of a bridge, sorted by name, among ``devices`` ({name: Link})."""
    found = sorted((link.port for link in devices.values() if link.master == bridge), key=lambda port: port.name)
    vlans = _vlans() if found and devices[bridge].filtering else {}
    macs = _macs(bridge) if any(("learning", False) in port.settings for port in found) else {}
    return tuple(replace(port, vlans=vlans.get(port.name, ()), macs=macs.get(port.name, ())) for port in found)


def _vlans():
    return {
        entry["ifname"]: tuple((each["vlan"], each.get("vlanEnd", each["vlan"]), tuple(each.get("flags", ()))) for each in entry["vlans"])
        for entry in iproute.read("bridge", "vlan", "show")
    }


def _each(vlans):
    """{(number, the kernel's flags)} of a Port's VLANs."""
    return {(number, sum(VLAN_FLAGS.get(flag, 0) for flag in flags)) for first, last, flags in vlans for number in range(first, last + 1)}


def _macs(bridge):
    found = {}
    for entry in iproute.read("bridge", "fdb", "show", "br", bridge):
        if entry.get("state", "") in MAC_STATES and "self" not in entry["flags"]:
            found[entry["ifname"]] = (*found.get(entry["ifname"], ()), (entry["mac"], entry.get("state", "")))
    return found


def learned(bridge):
    """[(port, MAC address)] of those that a bridge has heard of behind its ports."""
    return [(entry["ifname"], entry["mac"]) for entry in iproute.read("bridge", "fdb", "show", "br", bridge)
            if entry.get("state", "") == "" and "self" not in entry["flags"]]


def attach(bridge, port):
    """Put a device on a bridge, and give it what a Port says."""
    with _netlink(f"put {port.name} on {bridge}") as kernel:
        index, master = _index(kernel, port.name), _index(kernel, bridge)
        kernel.link("set", index=index, master=master, **({"mtu": port.mtu} if port.mtu else {}), **({"state": "up"} if port.up else {}))
        held = dict(dump()[port.name].settings)
        wrong = {SETTINGS[name]: int(value) for name, value in port.settings if held.get(name) != value}
        if wrong:
            kernel.brport("set", index=index, **wrong)
        if port.vlans:
            kernel.link("set", index=master, kind="bridge", br_vlan_filtering=1)
            held, wanted = _each(_vlans().get(port.name, ())), _each(port.vlans)
            for verb, numbers in (("del", held - wanted), ("add", wanted - held)):
                for number, flags in sorted(numbers):
                    kernel.vlan_filter(verb, index=index, vlan_info={"vid": number, "flags": flags})
        for mac, state in port.macs:
            kernel.fdb("replace", ifindex=index, lladdr=mac, flags=NTF_MASTER, state=MAC_STATES[state])


def detach(name):
    """Take a device off the bridge that it is on."""
    with _netlink(f"take {name} off its bridge") as kernel:
        kernel.link("set", index=_index(kernel, name), master=0)


def set_up(name):
    """Set a device up."""
    with _netlink(f"set {name} up") as kernel:
        kernel.link("set", index=_index(kernel, name), state="up")


def add_address(name, cidr):
    """Add an address (CIDR) to a device."""
    with _netlink(f"add {cidr} to {name}") as kernel:
        address, unused, prefix = cidr.partition("/")
        kernel.addr("add", index=_index(kernel, name), address=address, prefixlen=int(prefix))


def _index(kernel, name):
    found = kernel.link_lookup(ifname=name)
    if not found:
        raise BackendError(f"there is no device {name}")
    return found[0]


@contextlib.contextmanager
def _netlink(what):
    module = deps.pyroute2()
    try:
        with module.IPRoute() as kernel:
            yield kernel
    except module.NetlinkError as err:
        raise BackendError(f"the kernel could not {what}: {err}") from err


def names():
    """Names of the host's network devices."""
    return frozenset(os.listdir("/sys/class/net"))


def routes():
    """Routes of both families, default routes left out."""
    found = []
    for family in ("-4", "-6"):
        for entry in iproute.read("ip", family, "route", "show"):
            kind = entry.get("type", "unicast")
            if entry.get("dst", "default") == "default" or kind not in ("unicast",) + NOWHERE:
                continue
            subnet = ipaddress.ip_network(entry["dst"], strict=False)
            if not subnet.is_link_local and not subnet.is_multicast:
                hops = [entry, *entry.get("nexthops", ())] if kind == "unicast" else [{"dev": kind}]
                found += [Route(subnet, hop["dev"], entry.get("protocol") == "kernel") for hop in hops if "dev" in hop]
    return tuple(found)


def hops():
    """((address of a router, device that it is reached by), ...) of all routes of the main table."""
    entries = [entry for family in ("-4", "-6") for entry in iproute.read("ip", family, "route", "show")]
    found = [hop for entry in entries for hop in (entry, *entry.get("nexthops", ()))]
    return tuple((gateway, hop["dev"]) for hop in found if "dev" in hop for gateway in [hop.get("gateway") or hop.get("via", {}).get("host")] if gateway)
