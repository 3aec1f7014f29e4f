# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's NIC: its definition in libvirt's two views, what a task asks of it, and the guest that it is of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Optional

from .option import Bag, declared, option, options, plain
from .port import Bandwidth, VirtualPort, Vlan
from .values import ALIAS, BOOL, DEVICE, LINE, UNICAST_MAC, WORD, integer, one_of

#: what a NIC may be attached to that this collection knows, by the type of libvirt's
SOURCES = {"network": "network", "bridge": "bridge", "direct": "dev"}
#: options that say it, of which a task gives all or none
ATTACHMENT = ("network", "portgroup", "bridge", "dev", "mode")
#: what libvirt calls devices that it names itself
GENERATED = ("vnet", "vif", "macvtap", "macvlan")
#: aliases of this beginning are given by users, all others by libvirt
USERS = "ua-"


@dataclass(frozen=True)
class FilterParameter:
    """``<parameter>`` of ``<filterref>``."""

    name: Optional[str] = option(LINE, "Name of a variable of the filter, such as V(IP).", required=True)
    value: Optional[str] = option(LINE, "Its value. A variable with several values is given several times.", required=True)


@dataclass(frozen=True)
class FilterRef:
    """``<filterref>``."""

    filter: Optional[str] = option(LINE, "Name of a filter of libvirt's, such as V(clean-traffic).")
    parameters: tuple = options(FilterParameter, "What its variables are.", key=("name",))


@dataclass(frozen=True)
class Interface:
    """``<interface>`` in one of libvirt's views; of what a task gives, None is what it leaves alone.

    ``kind`` is libvirt's type of what it is attached to, ``actual`` that of what its network led to, ``device`` the host's end of it while the guest runs,
    ``label`` its alias whoever gave it, and ``unknown`` what this collection has no option for, such as a PCI address.
    """

    mac: Optional[str] = option(
        UNICAST_MAC, "MAC address, by which the NIC is found unless it is by O(alias). One that is found by its alias gets this MAC address. A new NIC for "
        "which none is given has one that follows from the guest's UUID and the alias, so that it is the same each time.")
    alias: Optional[str] = option(
        ALIAS, "Alias, by which the NIC is found; where no NIC of the guest has it, the one that has O(mac) gets it. It begins with V(ua-), which marks those "
        "that users give; in a task that does not make or change the alias it may be one of libvirt's, such as V(net0). Guests of QEMU have them.")
    network: Optional[str] = option(WORD, "Network of libvirt's that the NIC is attached to. Of this, O(bridge) and O(dev) a task gives one at most.")
    portgroup: Optional[str] = option(
        LINE, "Portgroup of that network, empty for none. A NIC that goes to another O(network) is in none where it is not given.")
    bridge: Optional[str] = option(DEVICE, "Bridge of the host's that the NIC is attached to.")
    dev: Optional[str] = option(DEVICE, "Device of the host's that the NIC is attached to directly, by a macvtap.")
    mode: Optional[str] = option(one_of("vepa", "bridge", "private", "passthrough"), "How O(dev) is shared; libvirt's own is V(vepa).")
    model: Optional[str] = option(LINE, "What the guest sees, such as V(virtio) or V(e1000e). A new NIC of a QEMU guest is V(virtio) where it is not given.")
    link: Optional[str] = option(one_of("up", "down"), "Whether the NIC has a carrier. A new one is V(up) where it is not given.")
    vlan: Optional[Vlan] = option(
        Vlan, "VLANs of the port, all that there are to be; V({}) is none. Open vSwitch, SR-IOV, and Linux bridges from libvirt 11.0 on.")
    virtualport: Optional[VirtualPort] = option(VirtualPort, "Virtual port; V({}) is none.")
    bandwidth: Optional[Bandwidth] = option(Bandwidth, "Rates, all that there are to be; V({}) is none.")
    filterref: Optional[FilterRef] = option(FilterRef, "Filter of what the guest sends and receives, with all its parameters; V({}) is none.")
    mtu: Optional[int] = option(integer(0, 65535), "MTU in bytes, 0 for the network's own.")
    boot_order: Optional[int] = option(
        integer(0, 65535), "Place in the order of devices that the guest boots from, 0 for none. It counts from the guest's next start on. Of a guest that "
        "boots by kinds of devices, as libvirt has it where nothing is said, the first device of each kind keeps its turn, behind NICs that have a place.")
    target: Optional[str] = option(DEVICE, "Name of the host's end of it. Where it is not given libvirt chooses one, such as V(vnet0).")
    isolated: Optional[bool] = option(BOOL, "The guest does not reach other isolated ports of its bridge.")
    trust_guest_rx_filters: Optional[bool] = option(BOOL, "The guest may change its MAC address and multicast filters. With a macvtap alone.")
    kind: str = "network"
    actual: Optional[str] = field(default=None, compare=False)
    device: Optional[str] = field(default=None, compare=False)
    label: Optional[str] = field(default=None, compare=False)
    unknown: tuple = ()

    def __post_init__(self):
        if self.vlan is not None and len(self.vlan.tags) > 1:  # as libvirt has it by itself
            object.__setattr__(self, "vlan", replace(self.vlan, trunk=True))

    @property
    def source(self):
        """(type, name) of what it is attached to; the name is None where this collection does not know such."""
        return self.kind, getattr(self, SOURCES[self.kind]) if self.kind in SOURCES else None

    @property
    def known(self):
        """True where this collection can say and change what it is attached to."""
        return self.kind in SOURCES and self.actual not in ("hostdev", "vdpa")


@dataclass(frozen=True)
class Mark:
    """What is written down of a NIC in its guest's metadata: whose it is. Either of ``mac`` and ``alias`` is enough to find it, as both can change."""

    mac: Optional[str]
    alias: Optional[str]
    lab: Optional[str]

    def fits(self, nic):
        """True where it is an Interface's."""
        return self.mac == nic.mac or self.alias is not None and self.alias == nic.alias


@dataclass(frozen=True)
class Domain:
    """A guest as far as NICs need it: its NICs in both views, in their order. ``state`` is libvirt's word, ``driver`` what runs it, such as QEMU.

    Of one that is not persistent, ``stored`` are NICs that a run unplugged, to plug them anew, and did not get to.

    ``boots`` tells whether its boot order is by kinds of devices, which have to give way where a single device gets a place.
    """

    name: str
    uuid: str
    driver: str = "QEMU"
    state: str = "shut off"
    running: bool = False
    persistent: bool = True
    stored: tuple = ()
    live: tuple = ()
    marks: tuple = ()
    boots: bool = False

    @property
    def nics(self):
        """(stored or None, live or None) of each NIC, in their order."""
        found = [(each, self.other(each, self.live)) for each in self.stored]
        paired = [live for unused, live in found]
        return [*found, *((None, each) for each in self.live if not any(each is other for other in paired))]

    def other(self, nic, view):
        """The same NIC in another view: of its alias, else of its MAC address."""
        return next((each for each in view if nic.alias and each.alias == nic.alias), None) or next((each for each in view if each.mac == nic.mac), None)

    def found(self, name):
        """Those pairs of ``nics`` whose alias in one of the views is ``name``, or else whose MAC address."""
        by_alias = [pair for pair in self.nics if name in [each.label for each in pair if each]]
        return by_alias or [pair for pair in self.nics if name in [each.mac for each in pair if each]]

    @property
    def updates(self):
        """True where libvirt changes a NIC while the guest runs; else it is unplugged and plugged anew."""
        return self.driver != "LXC"


@dataclass(frozen=True)
class InterfaceState:
    """A NIC on a host: the stored definition (None: not stored), the live one (None: shut off, or not plugged), and its mark.

    ``updates`` tells whether libvirt changes it while the guest runs. Of a guest that is not ``persistent``, what is stored is what a run was interrupted in
    plugging. ``boots`` is as of a Domain. ``turning``, of a target, tells that the same plan starts or stops the guest then, and with it the live one.
    """

    domain: str
    stored: Optional[Interface]
    live: Optional[Interface]
    mark: Optional[Mark] = None
    updates: bool = field(default=True, compare=False)
    persistent: bool = field(default=True, compare=False)
    boots: bool = field(default=False, compare=False)
    turning: bool = field(default=False, compare=False)

    @property
    def lab(self):
        """The lab whose mark it bears, or None."""
        return self.mark.lab if self.mark else None

    @property
    def definition(self):
        """The stored definition, or the live one where none is."""
        return self.stored or self.live


@dataclass(frozen=True)
class WantedInterface:
    """A NIC as a task asks for it. ``given`` has what its options say; ``held`` is the pair of ``Domain.nics`` that is to be changed, None where it is new."""

    name: str
    domain: str
    given: Optional[Interface] = None
    held: Optional[tuple] = None
    state: str = "present"
    lab: str = "default"
    on_replug: str = "replug"
    family = kind = "interface"
    #: names of devices that come and go with it, as other families count them: none
    coming = leaving = leading = serving = ()

    @property
    def moving(self):
        """((domain, MAC address, (type, name) of what it is attached to then, or None),) of a NIC that goes elsewhere."""
        macs = {each.mac for each in self.held or () if each}
        if self.state == "absent":
            return tuple((self.domain, mac, None) for mac in macs)
        to = source_of(self.given)
        return tuple((self.domain, mac, to) for mac in macs) if to else ()


def source_of(given):
    """(type, name) of what a task attaches a NIC to, or None."""
    return next(((kind, getattr(given, name)) for kind, name in SOURCES.items() if getattr(given, name) is not None), None)


#: by option: how it stands in XML, whose unknown parts go with it
PLACES = {"vlan": "vlan", "virtualport": "virtualport", "bandwidth": "bandwidth", "filterref": "filterref", "mtu": "mtu", "boot_order": "boot",
          "target": "target", "isolated": "port", "model": "model"}


def over(held, given):
    """An Interface that is there, with what a task says: an option that is empty is taken away, and what it is attached to is one thing."""
    said = {name: _whole(value) for name, unused in declared(Interface) if name not in ATTACHMENT and (value := getattr(given, name)) is not None}
    said.update(_attachment(held, given))
    gone = {PLACES[name] for name, value in said.items() if name in PLACES and value != getattr(held, name)}
    moved = any(said.get(name, getattr(held, name)) != getattr(held, name) for name in ("kind", *ATTACHMENT))
    gone |= {"source"} if moved else set()
    unknown = Bag(part for part in held.unknown if part[0].partition("[")[0].strip("/") not in gone)
    return replace(held, **_filled(said, held), unknown=unknown, actual=None if moved else held.actual)


def _whole(value):
    """An option's value; None where it is empty."""
    empty = isinstance(value, (Vlan, VirtualPort, Bandwidth, FilterRef)) and not plain(value) or value in (0, "") and value is not False
    return None if empty else value


def _attachment(held, given):
    to = source_of(given)
    if to is None:
        return {name: _whole(getattr(given, name)) for name in ("portgroup", "mode") if getattr(given, name) is not None}
    kind, name = to
    same = held.source == to
    kept = {each: getattr(held, each) if same and getattr(given, each) is None else _whole(getattr(given, each)) for each in ("portgroup", "mode")}
    return {"kind": kind, "network": None, "bridge": None, "dev": None, SOURCES[kind]: name, **kept}


def _filled(said, held):
    """What is said, with what libvirt generated for the same kind of virtual port."""
    port = said.get("virtualport")
    if port is None or held.virtualport is None or port.type != held.virtualport.type:
        return said
    mine, theirs = port.parameters, held.virtualport.parameters
    if theirs is None:
        return said
    generated = {name: getattr(theirs, name) for name in ("interfaceid", "instanceid") if mine is None or getattr(mine, name) is None}
    whole = replace(mine, **generated) if mine else replace(type(theirs)(), **generated)
    return {**said, "virtualport": replace(port, parameters=whole if plain(whole) else None)}


def gives(network, portgroup):
    """{option: value} of what a Network, or that of its portgroups (the default one where None is named), gives a NIC that says nothing of it."""
    groups = [group for group in network.portgroups if group.name == portgroup or portgroup is None and group.default]
    group = groups[0] if groups else None
    return {
        "vlan": group and group.vlan or network.vlan, "virtualport": group and group.virtualport or network.virtualport,
        "bandwidth": group and group.bandwidth, "isolated": network.port and network.port.isolated,
        "trust_guest_rx_filters": group and group.trust_guest_rx_filters or network.trust_guest_rx_filters,
    }


def bare(live, stored, network):
    """A live Interface without what its network gave it: libvirt shows that as the NIC's own. ``stored`` and ``network`` may be None."""
    if live.network is None or network is None:
        return live
    given = {name: value for name, value in gives(network, live.portgroup).items() if value is not None and getattr(live, name) is not None}
    same_as = {name for name, value in given.items() if getattr(live, name) == value or name == "virtualport" and live.virtualport.type == value.type}
    return replace(live, **{name: None for name in same_as if stored is None or getattr(stored, name) is None})


def made_mac(uuid, alias, taken):
    """The MAC address for a new NIC of a guest that is known by its alias: one that none of ``taken`` is, and else always the same."""
    for number in range(len(taken) + 1):
        digest = hashlib.sha256(f"{uuid} {alias} {number}".encode()).hexdigest()
        mac = ":".join(("52", "54", "00", digest[:2], digest[2:4], digest[4:6]))
        if mac not in taken:
            return mac
    raise AssertionError("of one more than are taken one is free")


def report(state):
    """A NIC's state as a result shows it: options as they are stored, and in ``running`` those that the running guest has others of."""
    if state is None:
        return {"state": "absent"}
    held = state.definition
    shown = {"domain": state.domain, "state": "present", **config(held)}
    if state.stored and state.live:
        mine, theirs = config(held), config(replace(state.live, boot_order=held.boot_order))
        other = {name: theirs.get(name) for name in (*theirs, *mine) if theirs.get(name) != mine.get(name)}
        shown.update({"running": other} if other else {})
    return {**shown, **({"type": held.kind} if not held.known else {}), "lab": state.lab}


def config(nic):
    """The options that say what an Interface is."""
    return {name: value for name, value in plain(nic).items() if value != {}}


def same(one, other):
    """True where two Interfaces (or None) differ in nothing that a running guest needs to follow."""
    return one == other if None in (one, other) else replace(one, boot_order=None) == replace(other, boot_order=None)
