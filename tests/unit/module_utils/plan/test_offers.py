# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gives addresses already where a network's DHCP server is about to be: asked where something joins, once, and told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Kernel, Port
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkState, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, MacVlan, Veth, Vlan
from ansible_collections.virtlab.network.plugins.module_utils.model.offer import Heard, Offer
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan import families, offers
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Item, Others, Step

from . import test_link
from .plans import Host, active, make_plan, network, plan, wanted
from .test_link import NIC, bridge, there

FOUR = {"address": "10.0.0.1/24", "dhcp": {"ranges": [{"start": "10.0.0.100", "end": "10.0.0.150"}]}}
SIX = {"address": "fd79::1/64", "dhcp": {"hosts": [{"id": "00:01:00:01:2c:79", "ip": "fd79::5"}]}}
SERVER = Offer("DHCP", "192.0.2.1", "52:54:00:00:00:99", ("192.0.2.100",))
SERVER6 = Offer("DHCPv6", "fe80::1", "52:54:00:00:00:99", ("2001:db8::100",))
ROUTER = Offer("router", "fe80::1", "52:54:00:00:00:99", ("2001:db8::/64",))
ALL = Heard((SERVER, SERVER6, ROUTER))
SERVERS = "there is a DHCP server on eth1 already: 192.0.2.1 (52:54:00:00:00:99) offers 192.0.2.100 by DHCP. Network a has its own"
BRIDGES = {"networks": {"virbr1": "a"}, "serving": {"virbr1": ("a", frozenset({4}))}}


def named(*ips, ports=("eth1",), **more):
    """A network with ports."""
    return network(bridge={"name": "virbr1"}, bridge_ports=list(ports), ips=list(ips), **more)


def device(name="eth1", kind=None):
    """A device of the host, as plans of networks see it."""
    return SimpleNamespace(name=name, master=None, given=(), kind=kind, lower=None, ethernet=True)


def host(*ports, heard=ALL, **more):
    """A host with these devices, each of which has that to be heard."""
    return Host(links=frozenset(ports), devices={name: device(name) for name in ports}, heard=dict.fromkeys(ports, heard), **more)


def told(on, definition, state=None, *more):
    """(warnings of a network's plan, what was asked)"""
    item = make_plan([wanted(definition=definition), *more], {"a": state, **{each.name: None for each in more}}, on).items[-1]
    return item.warnings, on.asked


@pytest.mark.parametrize(("ips", "asked", "words"), [
    ([FOUR], {4}, [SERVERS]),
    ([SIX], {6}, ["fe80::1 (52:54:00:00:00:99) offers 2001:db8::100 by DHCPv6", "there is a router on eth1 already: fe80::1"]),
    ([FOUR, SIX], {4, 6}, ["192.0.2.100 by DHCP; fe80::1 (52:54:00:00:00:99) offers 2001:db8::100 by DHCPv6", "advertises 2001:db8::/64"]),
])
def test_who_serves_what_the_network_serves_is_told(ips, asked, words):
    """And nobody else is asked for."""
    warnings, questions = told(host("eth1"), named(*ips))
    assert questions == [{"eth1": asked}] and len(warnings) == len(words)
    assert [word for word, warning in zip(words, warnings) if word not in warning] == []
    assert warnings[0].endswith("take dhcp out of network a, or leave eth1 out of bridge_ports")


def test_who_is_silent_is_not_told():
    """Nor is a network without DHCP a reason to ask."""
    assert told(host("eth1", heard=Heard()), named(FOUR)) == ((), [{"eth1": {4}}])
    assert told(host("eth1"), named({"address": "10.0.0.1/24"})) == ((), [])
    assert told(host("eth1"), named(FOUR, ports=()))[1] == []


def test_what_could_not_be_heard_is_told():
    """With why."""
    warnings, unused = told(host("eth1", heard=Heard(deaf="is down")), named(FOUR))
    assert warnings == ("whether another DHCP server gives addresses where eth1 leads was not looked at, and network a has its own: eth1 is down",)
    assert len(told(host("eth1", heard=Heard((SERVER,), "is down")), named(FOUR))[0]) == 1  # it went down afterwards


def test_what_is_there_already_is_not_asked():
    """Unless DHCP is what comes: then all that lead to other segments are, whoever put them there."""
    ports = Kernel("up", frozenset({"10.0.0.1/24"}), (Port("eth1", up=True), Port("eth2", up=True), Port("tap1", up=True), Port("vnet0", up=True)))
    devices = {name: device(name, kind) for name, kind in (("eth1", None), ("eth2", None), ("tap1", "tun"), ("vnet0", "veth"))}
    guests = (SimpleNamespace(domain="vm1", target="vnet0", mac="52:54:00:00:00:01", network="a", bridge=None),)
    on = replace(host(*devices, guests=guests), devices=devices)
    state = replace(active(named(FOUR)), kernel=ports, hook=True)
    assert told(on, named(FOUR, mtu=1400), state) == ((), [])
    warnings, asked = told(on, named(FOUR), replace(state, stored=named(), live=named()))
    assert asked == [{"eth1": {4}, "eth2": {4}}] and len(warnings) == 2
    assert told(replace(on, asked=[]), named(FOUR, SIX), state)[1] == [{"eth1": {6}, "eth2": {6}}]


def test_all_are_asked_at_once():
    """Of however many networks; and not those of one that stays stopped."""
    other = network("b", bridge={"name": "virbr2"}, bridge_ports=["eth2"], ips=[{**FOUR, "address": "10.1.0.1/24"}])
    warnings, asked = told(host("eth1", "eth2"), named(FOUR), None, wanted("b", definition=other))
    assert asked == [{"eth1": {4}, "eth2": {4}}] and "on eth2 already" in warnings[0]
    on = host("eth1")
    assert plan(wanted(definition=named(FOUR), state="inactive"), **{name: getattr(on, name) for name in ("links", "devices", "asked")}).warnings == ()
    assert on.asked == []


class Both(test_link.Host):
    """A host for plans of both families."""

    local, root, remote, uri = True, True, False, "qemu:///system"
    links, devices = frozenset({"eth1"}), {"eth1": device()}

    def loose(self, network):
        """None."""
        return ()

    def of(self, family):
        """Networks are known by other names there."""
        return self if family == "link" else replace(host("eth1"), asked=self.asked)


def links(tasks, observed=None, **more):
    """({key: warnings}, what was asked) of a plan for networks and devices."""
    seen = {"eth1": NIC, "eth2": NIC, "tap1": NIC._replace(kind="tun"), "vnet0": NIC._replace(kind="veth"), "veth0": NIC._replace(kind="veth"),
            "virbr1": NIC._replace(kind="bridge"), **{name: NIC._replace(kind=state.kind) for name, state in (observed or {}).items()}}
    held = {"eth1": there("eth1", "nic"), "eth2": there("eth2", "nic"), "tap1": there("tap1", "tun"), **(observed or {})}
    on = Both(seen=seen, states=held, heard=dict.fromkeys(seen, ALL), **more)
    observed = {(each.family, each.name): held.get(each.name) if each.family == "link" else None for each in tasks}
    return {item.key: item.warnings for item in families.make_plan(tasks, observed, on).items}, on.asked


def joins(name="eth1", controller="virbr1", kind=None, data=None, **more):
    """A device that is to be a port."""
    return WantedLink("link", name, kind, Link(controller=controller), data, **more)


def test_a_nic_on_a_networks_bridge():
    """Is told of its own accord."""
    said, asked = links([joins()], **BRIDGES)
    assert asked == [{"eth1": {4}}] and SERVERS in said["eth1"][0] and said["eth1"][0].endswith("or leave eth1 off virbr1")


@pytest.mark.parametrize(("tasks", "observed"), [
    ([joins(controller="")], {}), ([joins("tap1")], {}), ([joins("vnet0")], {"vnet0": there("vnet0", "veth")}),
    ([joins()], {"eth1": there("eth1", "nic", controller="virbr1")}), ([bridge(ports=Bag([BridgePort(name="eth1")]))], {}),
    ([joins("new", kind="veth", data=Veth(peer="new1"))], {}),
])
def test_what_leads_nowhere_or_joins_nothing(tasks, observed):
    """Guests' devices, new cables, those that are there, and bridges that libvirt serves nothing on."""
    assert links(tasks, observed, **BRIDGES)[1] == []


def test_what_is_made_is_asked_for_below():
    """A bond's ports and what a macvlan is on top of are in its segment; of a VLAN nobody can know."""
    tasks = [joins("bond0", kind="bond", data=Bond(mode="active-backup"), ports=("eth1", "eth2"))]
    said, asked = links(tasks, **BRIDGES)
    assert asked == [{"eth1": {4}, "eth2": {4}}] and [text.rpartition("or ")[2] for text in said["bond0"]] == ["leave bond0 off virbr1"] * 2
    above = WantedLink("link", "mac0", "macvlan", Link(controller="virbr1", link="eth1"), MacVlan())
    assert links([above], **BRIDGES)[1] == [{"eth1": {4}}]
    said, asked = links([WantedLink("link", "eth1.7", "vlan", Link(controller="virbr1", link="eth1"), Vlan(id=7))], **BRIDGES)
    assert asked == [] and said["eth1.7"][0].endswith("network a has its own: eth1.7 is made in this very task")
    held = LinkState("eth1.7", "vlan", Link(up=True, mtu=1500, addresses=Bag(), routes=Bag(), controller="", link="eth1"), Vlan(id=8))
    again = WantedLink("link", "eth1.7", "vlan", Link(controller="virbr1"), Vlan(id=7))  # what is there of it leads somewhere else
    assert links([again], {"eth1.7": held}, **BRIDGES)[1] == []


@pytest.mark.parametrize(("task", "asked"), [
    (wanted(definition=named(FOUR, ports=())), [{"eth2": {4}}]),
    (wanted(definition=network(bridge=None, ips=[SIX])), [{"eth2": {6}}]),  # whose bridge is known by the host
    (wanted(definition=named({"address": "10.0.0.1/24"}, ports=())), []),
])
def test_a_network_of_the_same_plan_counts_as_it_shall_be(task, asked):
    """Whatever it is now."""
    assert links([task, joins("eth2")], **BRIDGES)[1] == asked


@pytest.mark.parametrize("state", ["absent", "inactive"])
def test_a_network_that_the_same_plan_stops_serves_nobody(state):
    """What is left of its bridge is somebody else's."""
    served = frozenset(wanted(definition=named(FOUR), state=state).serving)
    item = Item("link", "link", "eth1", None, LinkState("eth1", "nic", Link(controller="virbr1")), {}, {}, (Step("change"),))
    on = Both(seen={"eth1": NIC}, heard={"eth1": ALL}, **BRIDGES)
    offers.with_links([item], on, Others(serving=served))
    assert on.asked == []


def test_what_the_same_plan_makes_for_a_network():
    """Is not there to be asked, and that is told of what leads to another segment."""
    tasks = [wanted(definition=named(FOUR, ports=("eth1.7", "veth0"))), WantedLink("link", "eth1.7", "vlan", Link(link="eth1"), Vlan(id=7)),
             WantedLink("link", "veth0", "veth", Link(), Veth(peer="veth1"))]
    said, asked = links(tasks)
    assert asked == [] and [text for text in said["a"] if "this very task" in text] == [
        "whether another DHCP server gives addresses where eth1.7 leads was not looked at, and network a has its own: eth1.7 is made in this very task"]
