# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: what there is to be on which host, and who reaches whom; one definition for all hosts. Options as in model/."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import Optional

from ...module_utils.model import firewall, guest, interface, network
from ...module_utils.model.option import option, options
from ...module_utils.model.values import ADDRESS, BOOL, DEVICE, LAB, LINE, WORD, Kind, one_of
from .nat import Nat

#: how a network is connected, with the class of the option of that name, which has what is the mode's own
MODES = {"nat": Nat}
#: a name that stands for the host itself, in policies and in what is proved
HOST = "host"
#: what is read elsewhere, as the role verify does
MAPPING = Kind("dict", dict)


@dataclass(frozen=True)
class Nic:
    """How a host is on a segment."""

    segment: Optional[str] = option(LINE, "Name of the segment.", required=True)
    device: Optional[str] = option(DEVICE, "The host's device that is on it, such as a NIC, a bond or a VLAN.", required=True)


@dataclass(frozen=True)
class Host:
    """A host of the inventory."""

    name: Optional[str] = option(LINE, "Its name in the inventory.", required=True)
    nics: tuple = options(Nic, "Its NICs that matter to the lab. Two on one segment are two cables.", key=(("segment", "device"),), ordered=True)

    def devices(self, segment):
        """Its devices on a segment, by the segment's name."""
        return [each.device for each in self.nics if each.segment == segment]


@dataclass(frozen=True)
class Segment:
    """What cables of several hosts lead to."""

    name: Optional[str] = option(LINE, "Name of the segment.", required=True)


@dataclass(frozen=True)
class Place:
    """Somebody outside."""

    name: Optional[str] = option(LINE, "What policies and the proof call it.", required=True)
    subnets: tuple = options(firewall.SUBNETS, "Who belongs to it, for policies.")
    addresses: tuple = options(ADDRESS, "Who is asked for it in the proof, such as a server that is there to be reached.")


@dataclass(frozen=True)
class Network(network.Network):
    """A network, in virt_network's words."""

    mode: Optional[str] = option(
        one_of(*MODES), "How it is connected. What it takes beside the network, such as translation and rules, comes with it. Where it is not given, the "
        "network is what O(networks[].forward) says, and nothing else.")
    hosts: tuple = options(LINE, "The hosts that it is on; all of the lab's where none is given.")
    autostart: Optional[bool] = option(BOOL, "Start it with libvirt; so it is where this is not given.")
    nat: Optional[Nat] = option(Nat, "For V(mode=nat).")

    @property
    def own(self):
        """The options of its mode: an instance of the mode's class."""
        return getattr(self, self.mode) or MODES[self.mode]()

    @property
    def shared(self):
        """True where it is one network on all of its hosts, and not one of each."""
        return False


@dataclass(frozen=True)
class GuestNic(interface.Interface):
    """A NIC of a guest, in virt_interface's words."""

    ips: tuple = options(ADDRESS, "Addresses that DHCP gives it on its network, at most one of each version of IP.")


@dataclass(frozen=True)
class Guest(guest.Guest):
    """A guest, in virt_guest's words."""

    name: Optional[str] = option(WORD, "Its name.", required=True)
    host: Optional[str] = option(LINE, "The host that it is on. It may be left out where the lab has one.")
    autostart: Optional[bool] = option(BOOL, "Start it with libvirt.")
    interfaces: tuple = options(GuestNic, "Its NICs.", ordered=True)


@dataclass(frozen=True)
class Rule:
    """Who may begin to talk to whom."""

    src: Optional[str] = option(LINE, "Who begins: a network, a segment, a place, or V(host), the host itself.", required=True)
    dst: Optional[str] = option(LINE, "Who is talked to, in the same words.", required=True)
    default: Optional[str] = option(one_of(*firewall.ACTIONS), "What is done where no rule says otherwise; V(drop) where it is not given.")
    rules: tuple = options(firewall.Rule, "Exceptions, of which the first that fits counts.", ordered=True)


@dataclass(frozen=True)
class Lab:
    """A lab."""

    name: Optional[str] = option(LAB, "Its name, which is the mark of all that is made for it.", required=True)
    hosts: tuple = options(Host, "The hosts, by their names in the inventory.", required=True)
    segments: tuple = options(Segment, "What hosts' NICs are on.")
    networks: tuple = options(Network, "The networks.", ordered=True)
    guests: tuple = options(Guest, "The guests.", ordered=True)
    places: tuple = options(Place, "Others who are talked to and about.")
    policies: tuple = options(Rule, "Who may begin to talk to whom, on each host that passes the packets on.", ordered=True)
    reachability: tuple = options(
        MAPPING, "Who reaches whom, rows as O(verify_table) of the role verify has them. They name networks, guests, places, hosts, V(host) "
        "for each host itself, and O(ends).",
        ordered=True)
    reachability_default: str = option(
        one_of("refused", "allowed", ""), "What is expected of what no row names, of every port that one names; empty where that is not proved. V(refused) "
        "where it is not given.")
    ends: tuple = options(
        MAPPING, "More of those that rows name: each has a C(name), and what O(verify_ends) of the role verify takes, such as C(addresses) on a network "
        "without DHCP.")

    def __post_init__(self):
        if self.reachability_default is None:
            object.__setattr__(self, "reachability_default", "refused")

    def host(self, name):
        """The host of that name, or None."""
        return next((each for each in self.hosts if each.name == name), None)

    def network(self, name):
        """The network of that name, or None."""
        return next((each for each in self.networks if each.name == name), None)

    def guest(self, name):
        """The guest of that name, or None."""
        return next((each for each in self.guests if each.name == name), None)

    def place(self, name):
        """The place of that name, or None."""
        return next((each for each in self.places if each.name == name), None)

    def on(self, host):
        """The networks of a host, by its name."""
        return [each for each in self.networks if not each.hosts or host in each.hosts]

    def home(self, found):
        """The name of a guest's host."""
        return found.host or self.hosts[0].name

    def nics(self, found):
        """(GuestNic, its MAC address) of a guest. One for which none is given is always the same, so that a lease can be for it before it is there."""
        digests = [hashlib.sha256(f"{self.name} {found.name} {nic.alias or number}".encode()).hexdigest() for number, nic in enumerate(found.interfaces)]
        return [(nic, nic.mac or ":".join(("52", "54", "00", digest[:2], digest[2:4], digest[4:6]))) for nic, digest in zip(found.interfaces, digests)]

    def served(self, network, hosts):
        """The ``ips`` of a network, in virt_network's words, with leases for those addresses of its guests on some hosts, by their names."""
        leases = [{"mac": mac, "name": each.name, "ip": ip} for each in self.guests if self.home(each) in hosts
                  for nic, mac in self.nics(each) if nic.network == network["name"] for ip in nic.ips]
        return {"ips": [_with_leases(each, leases) for each in network.get("ips", ())]}


def _with_leases(ip, leases):
    """An address of a network, with those leases that are of its subnet."""
    subnet = ip_interface(ip["address"]).network
    mine = [each for each in leases if ip_address(each["ip"]) in subnet]
    if not mine:
        return ip
    dhcp = ip.get("dhcp", {})
    return {**ip, "dhcp": {**dhcp, "hosts": [*dhcp.get("hosts", ()), *(_lease(each) for each in mine)]}}


def _lease(given):
    """A lease as libvirt has it: one for IPv6 is known by its name, as there is no MAC address in what asks for it."""
    return {name: value for name, value in given.items() if name != "mac" or ":" not in given["ip"]}
