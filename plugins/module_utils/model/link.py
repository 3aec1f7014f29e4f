# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network device of the host: what every kind has, its states, and what a task asks of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Optional

from .bridge import Bridge, PortOptions, Vlans
from .kernel import RIDERS
from .link_kinds import Bond, IpVlan, MacVlan, Nic, Team, Tun, Veth, Vlan, Vxlan
from .option import Bag, declared, option, options, plain
from .values import ADDRESS, BOOL, DEVICE, OWN_CIDR, SUBNET, U32, UNICAST_MAC, Kind, integer

#: classes of what a kind of device has of its own; a kind that is not here has nothing
KINDS = {
    "bridge": Bridge, "tun": Tun, "bond": Bond, "team": Team, "vlan": Vlan, "macvlan": MacVlan, "macvtap": MacVlan, "ipvlan": IpVlan, "ipvtap": IpVlan,
    "veth": Veth, "vxlan": Vxlan, "nic": Nic,
}
#: kinds that are on top of another device
RIDING = ("vlan", *RIDERS)
#: kinds whose ports are other devices
CONTROLLERS = ("bridge", "bond", "team")
#: kinds that a task makes, and that lead to a segment of others
LEADING = ("bond", "team", "vlan", "vxlan", "macvlan")
#: the protocol number of routes that are ours; free in iproute2's rt_protos and in those that distributions add
PROTOCOL = 118


def _none_or_device(value):
    return value if value == "" else DEVICE.canonical(value)


def _way(route):
    return f"{route.dst} via {route.gateway}" if route.gateway else route.dst


@dataclass(frozen=True)
class LinkRoute:
    """A route by a device."""

    __str__ = _way

    dst: Optional[str] = option(SUBNET, "Subnet to reach, or V(default), which is IPv4's where no gateway says otherwise; V(::/0) is IPv6's.", required=True)
    gateway: Optional[str] = option(ADDRESS, "Next hop; on the device itself where it is not given.")
    metric: Optional[int] = option(U32, "The lowest of several routes is used.")
    table: Optional[int] = option(integer(1, 2**32 - 1), "Routing table; V(254), main, where it is not given.")
    src: Optional[str] = option(ADDRESS, "Address to send from.")
    onlink: Optional[bool] = option(BOOL, "The next hop is on this link although no address says so.")

    def __post_init__(self):
        object.__setattr__(self, "table", self.table or 254)
        object.__setattr__(self, "onlink", bool(self.onlink))
        if self.dst == "::/0" and self.gateway:  # which says as much
            object.__setattr__(self, "dst", "default")
        if self.dst is not None and self.version == 6 and not self.metric:
            object.__setattr__(self, "metric", 1024)  # what the kernel makes of none
        elif not self.metric:
            object.__setattr__(self, "metric", None)

    @property
    def version(self):
        """4 or 6."""
        where = self.gateway if self.dst == "default" else self.dst.partition("/")[0]
        return ipaddress.ip_address(where).version if where else 4


@dataclass(frozen=True)
class Link:
    """What every device has. What is None is, in what a task asks for, left alone."""

    up: Optional[bool] = option(BOOL, "Up or down. A device that the task makes is up where it is not given. One that is down has no routes.")
    mtu: Optional[int] = option(integer(68, 65535), "Largest packet, in bytes. Below 1280 there is no IPv6.")
    mac: Optional[str] = option(UNICAST_MAC, "MAC address.")
    txqueuelen: Optional[int] = option(U32, "Length of the transmit queue, in packets.")
    addresses: Optional[tuple] = options(
        OWN_CIDR, "Addresses with their prefixes, all that there are to be beside link-local and dynamic ones; V([]) removes them.", unset=None
    )
    routes: Optional[tuple] = options(
        LinkRoute, "Routes by this device, all that this collection made there; V([]) removes them. Others' routes are left alone.",
        key=("dst", "metric", "table"), unset=None,
    )
    link: Optional[str] = option(DEVICE, "Device below, which this one is on top of.")
    controller: Optional[str] = option(Kind("str", _none_or_device), "Bridge, bond or team whose port it is; empty takes it off. "
                                       "On the bridge of a libvirt network that has DHCP, a warning tells of another DHCP server where the device leads.")
    port: Optional[PortOptions] = option(PortOptions, "What the bridge of O(controller) is to know of it.")


class OthersRoute(NamedTuple):
    """A route by a device that neither we nor the kernel made. ``words`` are ip(8)'s for it, none where it cannot be told again; ``asked`` is the LinkRoute
    that says as much, None where none does, and ``protocol`` the number of who made it."""

    dst: str
    version: int
    gateway: Optional[str] = None
    src: Optional[str] = None
    onlink: bool = False
    words: tuple = ()
    asked: Optional[LinkRoute] = None
    protocol: str = ""
    __str__ = _way


class Seen(NamedTuple):
    """What a plan needs to know of any device: ``lower`` is the device that it is on top of, ``addresses`` are those (CIDR) that somebody gave it,
    ``dynamic`` those of them that DHCP or router advertisements did."""

    kind: str
    master: Optional[str]
    lower: Optional[str]
    mtu: int
    ethernet: bool
    addresses: tuple
    dynamic: tuple = ()
    up: bool = True


@dataclass(frozen=True)
class Kept:
    """How a device comes back at boot: by whom (networkd), and the LinkState that holds what was ever asked of it, None in it never was.

    ``intact`` tells whether what is written for it is as it was left, ``made`` whether the device is made by that one too, and not by us.
    """

    by: str
    record: Any
    intact: bool = True
    made: bool = True


@dataclass(frozen=True)
class Uplink:
    """The NIC whose place a bridge has taken: its name, what it had, the routes of others by it, and who of ours brought it back at boot, or none.

    ``done`` is False while the bridge is still taking it.
    """

    nic: str
    link: Link
    others: tuple = ()
    by: str = "none"
    done: bool = False


@dataclass(frozen=True)
class Rival:
    """Who else configures a device at boot: a program's name and its file; ``alone`` where that file is for the device alone.

    ``method`` is its word for how the device gets its addresses, and ``back`` the folder where a copy of the file is put, where it has to be altered.
    """

    by: str
    file: str
    alone: bool
    method: Optional[str] = None
    back: str = ""

    def __str__(self):
        return f"{self.file} of {self.by}"


@dataclass(frozen=True)
class LinkState:
    """A device as it is, or as it shall be.

    ``kind`` is ip(8)'s, and nic for one that has none; ``data`` an instance of its class in KINDS, or None. ``ports`` are a bridge's BridgePorts,
    or a bond's or team's port names, as a Bag; None in a target where nobody asks for them. ``vlans`` are a bridge's own. ``lab`` is the mark,
    ``interrupted`` tells of a run that was killed while it made the device, ``kept`` is how it comes back at boot, or None, ``facts`` are what is
    only to be seen, ``others`` the routes of others that are to be put back. ``uplink`` is the Uplink of a bridge. ``inherited`` are lines of others' files
    that go on to count, in what is kept of it: pairs of a section and (key, value) pairs.
    """

    name: str
    kind: str
    link: Link
    data: Any = None
    ports: tuple = Bag()
    vlans: Optional[Vlans] = None
    lab: Optional[str] = None
    interrupted: bool = False
    kept: Optional[Kept] = None
    facts: dict = field(default_factory=dict, compare=False)
    others: tuple = field(default=(), compare=False)
    uplink: Optional[Uplink] = None
    inherited: tuple = ()

    def port(self, name):
        """The bridge's port of that name, or None."""
        return next((port for port in self.ports if port.name == name), None) if self.kind == "bridge" else None

    @property
    def port_names(self):
        """Names of its ports."""
        return [port.name if self.kind == "bridge" else port for port in self.ports or ()]

    @property
    def resource(self):
        """The word for the kind of resource that it is: bridges and TAPs have modules of their own."""
        return {"bridge": "bridge", "tun": "tap"}.get(self.kind, "link")

    @property
    def prefix(self):
        """What is in front of its own options' names: bridges and TAPs have modules of their own, where they stand by themselves."""
        return "" if self.kind in ("bridge", "tun") else f"{self.kind}."


@dataclass(frozen=True)
class WantedLink:
    """A device as a task asks for it: ``link`` and ``data`` say what is given, None in them is left alone, and so is ``ports`` None.

    ``uplink`` is a NIC's name. What comes of that is in ``moved``, ``inherited`` and ``others``, as a LinkState has them.
    """

    kind: str
    name: str
    device: Optional[str] = None
    link: Link = Link()
    data: Any = None
    ports: Optional[tuple] = None
    vlans: Optional[Vlans] = None
    state: str = "present"
    lab: str = "default"
    steal: bool = False
    force: bool = False
    persist: str = "none"
    takeover: bool = False
    uplink: Optional[str] = None
    moved: Optional[Uplink] = None
    inherited: tuple = ()
    others: tuple = ()
    family = "link"

    @property
    def coming(self):
        """Names of devices that are there once this is."""
        peer = getattr(self.data, "peer", None)
        return (self.name, *((peer,) if peer else ())) if self.state == "present" else ()

    @property
    def bridges(self):
        """(name, its addresses) of the bridge that is there once this is; None where they stay as they are, and those that come from an uplink are not told."""
        if self.state != "present" or self.device != "bridge":
            return ()
        return ((self.name, self.uplink and (self.uplink,) or self.link.addresses),)

    @property
    def leaving(self):
        """Names of devices that are on no bridge any more once this is."""
        return (self.name,) if self.state == "absent" or self.link.controller is not None else ()

    @property
    def leading(self):
        """Names of devices that lead to a segment of others, once this is there."""
        return (self.name,) if self.state == "present" and self.device in LEADING else ()

    serving = ()


def over(held, given):
    """``held``, a dataclass instance, with what ``given``, one of the same class, says."""
    if given is None:
        return held
    if held is None:
        return given
    said = {name: value for name in given.__dataclass_fields__ if (value := getattr(given, name)) is not None and value != getattr(held, name)}
    return replace(held, **said) if said else held


def over_port(held, given):
    """``held``, a port's options, with what ``given`` says, which of VLANs is all or nothing."""
    said = over(held, given)
    return replace(said, pvid=given.pvid, untagged=given.untagged, tagged=given.tagged) if given is not None and given.given else said


def report(state):
    """A device's state as a result shows it."""
    if state is None:
        return {"state": "absent"}
    shown = {"name": state.name, "state": "present", "kind": state.kind}
    for name in (each for each, unused in declared(Link)):
        value = plain(getattr(state.link, name))
        if value is not None and not (name == "controller" and state.kind == "bridge"):
            shown[name] = value
    if state.data is not None:
        own = plain(state.data)
        shown.update(own if state.kind in ("bridge", "tun") else {state.kind: own})
    if state.vlans is not None:
        shown["vlans"] = plain(state.vlans)
    if state.kind in CONTROLLERS:
        shown["ports"] = [{"name": port.name, **plain(port)} for port in state.ports or ()] if state.kind == "bridge" else sorted(state.ports or ())
    if state.uplink is not None:
        shown["uplink"] = state.uplink.nic
    return {**shown, "lab": state.lab, "persist": state.kept.by if state.kept else "none"}
