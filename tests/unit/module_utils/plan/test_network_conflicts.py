# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on a host stands against a plan, and in which order networks make room for each other."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Kernel, Port
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState

from tests.unit.module_utils.plan.plans import UUID, A, Host, active, ips, make_plan, network, plan, wanted


@dataclass
class Route:
    """A host's route."""

    subnet: object
    device: str
    connected: bool


def route(subnet, device="eth0", connected=True):
    """A route from text."""
    return Route(ipaddress.ip_network(subnet), device, connected)


REFUSED = [
    ({"networks": {"b": active(network("b", **ips("10.0.0.9/24")))}}, "overlaps 10.0.0.0/24 of the active network b"),
    ({"networks": {"b": active(network("b", uuid=UUID))}}, "belongs to the (active|inactive) network b"),
    ({"networks": {"b": NetworkState(network("b", bridge={"name": "virbr9"}), None)}}, "is the bridge of the (active|inactive) network b"),
    ({"networks": {"b": NetworkState(network("b", forward={"mode": "bridge"}, bridge={"name": "virbr9"}), None)}}, "is the bridge of the inactive network b"),
    ({"routes": (route("10.0.0.0/24"),)}, "overlaps the host's route to 10.0.0.0/24 through eth0"),
    ({"links": frozenset({"virbr9"})}, "is a device that this host has already"),
]


@pytest.mark.parametrize(("host", "says"), REFUSED)
@pytest.mark.parametrize("strict", [True, False])
def test_what_libvirt_would_refuse_is_refused(host, says, strict):
    """In options and in documents: check mode must not predict what the run cannot do."""
    definition = network(uuid=UUID, bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    with pytest.raises(ValidationError, match=says):
        plan(wanted(definition=definition, strict=strict), **host)


CONFLICTS = [
    ({"networks": {"b": active(network("b", **ips("10.0.0.1/25")))}}, "overlaps 10.0.0.0/25 of the active network b"),
    ({"networks": {"b": active(network("b", **ips("10.7.0.1/24"), routes=[{"address": "10.0.0.0/8", "gateway": "10.7.0.2"}]))}}, "overlaps the route to"),
    ({"routes": (route("10.0.0.0/8"),)}, "overlaps the host's route to 10.0.0.0/8 through eth0"),
    ({"routes": (route("10.0.0.128/25", connected=False),)}, "10.0.0.128/25 through eth0"),
]


@pytest.mark.parametrize(("host", "says"), CONFLICTS)
def test_what_stands_against_a_plan_is_refused_or_warned_of(host, says):
    """Options are refused; a whole document is warned of, and libvirt has the last word."""
    definition = network(uuid=UUID, bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    with pytest.raises(ValidationError, match=says):
        plan(wanted(definition=definition), **host)
    assert says in plan(wanted(definition=definition, strict=False), **host).warnings[0]


def test_what_does_not_stand_against_a_plan():
    """Inactive neighbours, wider routes through a gateway, the network's own route, and networks that this very plan removes."""
    definition = network(bridge={"name": "virbr9"}, **ips("10.0.0.1/24"))
    neighbour = NetworkState(network("b", **ips("10.0.0.1/24")), None)
    assert "only one of the two" in plan(wanted(definition=definition), networks={"b": neighbour}).warnings[0]
    assert plan(wanted(definition=definition), routes=(route("10.0.0.0/8", connected=False),)).warnings == ()
    own = {"networks": {"a": active(definition)}, "routes": (route("10.0.0.0/24", "virbr9"),)}
    assert plan(wanted(definition=replace(definition, mtu=1400)), active(definition), **own).warnings == ()
    running = active(neighbour.stored)
    running = active(replace(running.stored, bridge=network(bridge={"name": "virbr8"}).bridge))
    host = Host(networks={"b": running}, routes=(route("10.0.0.0/24", "virbr8"),))
    both = make_plan([wanted(definition=definition), wanted("b", "absent")], {"a": None, "b": running}, host)
    assert [(item.key, item.warnings) for item in both.items] == [("b", ()), ("a", ())]


@pytest.mark.parametrize(("taken", "refused"), [("10.9.0.0/16", True), ("10.9.1.0/24", True), ("10.0.0.0/8", False), ("10.8.0.0/16", False)])
def test_routes_of_networks_and_of_the_host(taken, refused):
    """A network may have a wider route than the host: the host's own goes first."""
    definition = network(**ips("192.0.2.1/24"), routes=[{"address": taken, "gateway": "192.0.2.2"}])
    host = {"routes": (route("10.9.0.0/16"),)}
    if refused:
        with pytest.raises(ValidationError, match="routes is .*: overlaps the host's route"):
            plan(wanted(definition=definition), **host)
    else:
        assert plan(wanted(definition=definition), **host).warnings == ()


def test_two_of_one_plan_that_overlap_are_refused():
    """The second is as much a conflict as one that runs already."""
    pair = [wanted(name, definition=network(name, **ips("10.0.0.1/24"))) for name in "ab"]
    with pytest.raises(ValidationError, match="of this task's network"):
        make_plan(pair, {"a": None, "b": None}, Host())


def test_missing_devices_are_warned_of():
    """libvirt starts such networks all the same."""
    assert "bridge br0 is not there" in plan(wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "br0"}))).warnings[0]
    assert "device eth7" in plan(wanted(definition=network(forward={"mode": "vepa", "dev": "eth7"}))).warnings[0]
    assert plan(wanted(definition=network(forward={"mode": "vepa", "dev": "eth0"}))).warnings == ()


def test_session_connections_refuse_what_they_cannot_do():
    """Without privileges no bridge can be made."""
    for definition in (A, network(forward={"mode": "vepa", "dev": "eth0"})):
        with pytest.raises(UnsupportedError, match="can do nothing for forward mode"):
            plan(wanted(definition=definition), uri="qemu:///session")
    assert plan(wanted(definition=network(forward={"mode": "bridge"}, bridge={"name": "eth0"})), uri="qemu:///session").steps


def test_another_hosts_routes_and_devices_are_not_looked_at():
    """What this code sees are those of the host that it runs on; it says so."""
    host = {"uri": "qemu+ssh://there/system", "remote": True, "routes": (route("10.0.0.0/24"),)}
    (warning,) = plan(wanted(definition=network(**ips("10.0.0.1/24"))), **host).warnings
    assert "not looked at" in warning


def test_who_gives_up_a_subnet_goes_before_who_takes_it():
    """And is put back with it, should that fail. Those that wait for each other are refused."""
    here, there = ips("10.0.0.1/24"), ips("10.0.1.1/24")
    mine, bridge = network(**here), network(bridge={"name": "virbr1"}).bridge
    observed = {"a": active(replace(mine, bridge=bridge)), "b": None}
    moves = [wanted("b", definition=network("b", **here)), wanted(definition=network(**there))]
    items = make_plan(moves, observed, Host(networks={"a": observed["a"]})).items
    assert [(item.key, item.needs) for item in items] == [("a", ()), ("b", (("network", "a"),))]
    stops = [moves[0], wanted(state="inactive")]
    assert [item.key for item in make_plan(stops, observed, Host(networks={"a": observed["a"]})).items] == ["a", "b"]
    observed["b"] = active(network("b", **there))
    with pytest.raises(ValidationError, match="exchange what only one can have"):
        make_plan(moves, observed, Host(networks=observed))


def link(name="eth1", master=None, given=(), kind=None):
    """A device of the host."""
    return {name: SimpleNamespace(name=name, master=master, given=given, kind=kind, lower=None, ethernet=True)}


NAMED = network(bridge={"name": "virbr1"}, bridge_ports=["eth1"])


@pytest.mark.parametrize(("host", "says"), [
    ({"devices": link(master="br0")}, "is a port of br0; take it off first"),
    ({"devices": link(given=["192.0.2.1/24"])}, "has 192.0.2.1/24, which would not be reached"),
    ({"devices": link(kind="bridge")}, "is a bridge itself"),
    ({"devices": {"eth1": SimpleNamespace(**{**vars(link()["eth1"]), "ethernet": False})}}, "is no Ethernet device"),
    ({"devices": {**link(), "m0": SimpleNamespace(**{**vars(link("m0", kind="macvlan")["m0"]), "lower": "eth1"})}}, "carries m0"),
    ({"devices": link(), "guests": (SimpleNamespace(domain="vm1", target="eth1", network="b", bridge=None),)}, "is a NIC of guest vm1"),
    ({"devices": link(), "networks": {"b": active(network("b", bridge_ports=["eth1"]))}}, "is a port of the active network b"),
])
def test_ports_that_would_be_missed_are_refused(host, says):
    """Whatever the device does elsewhere ends when it joins a bridge."""
    with pytest.raises(ValidationError, match=f"bridge_ports is 'eth1': .*{says}"):
        plan(wanted(definition=NAMED), links=frozenset({"eth1"}), **host)


def test_ports_that_may_join():
    """One without addresses; one that is there already; one that this very plan takes off another network's bridge."""
    links = {"links": frozenset({"eth1"})}
    assert plan(wanted(definition=NAMED), devices=link(), **links).warnings == ()
    there = replace(active(NAMED), kernel=Kernel("up", ports=(Port("eth1", up=True),)), hook=True)
    assert plan(wanted(definition=NAMED), there, devices=link(master="virbr1", given=["192.0.2.1/24"]), **links).steps == ()
    giver = replace(there, stored=replace(NAMED, name="b", bridge=network(bridge={"name": "virbr2"}).bridge))
    giver = replace(giver, live=giver.stored)
    host = Host(networks={"b": giver}, devices=link(master="virbr2"), **links)
    tasks = [wanted(definition=NAMED), wanted("b", definition=network("b"))]
    assert [item.key for item in make_plan(tasks, {"a": None, "b": giver}, host).items] == ["b", "a"]


def test_ports_of_a_network_that_is_not_started_are_looked_at_too():
    """The next boot would start it."""
    with pytest.raises(ValidationError, match="has 192.0.2.1/24"):
        plan(wanted(definition=NAMED, state="inactive"), links=frozenset({"eth1"}), devices=link(given=["192.0.2.1/24"]))


@pytest.mark.parametrize("host", [{"root": False}, {"local": False, "remote": True}])
def test_ports_are_put_by_root_on_the_host_itself(host):
    """Nobody else can keep them there."""
    with pytest.raises(UnsupportedError, match="bridge_ports are put on the bridge by root alone"):
        plan(wanted(definition=NAMED), **host)


def proxied(name="a", bridge="virbr1", dev="eth0"):
    """A network that has an address proxied."""
    return network(name, forward={"mode": "open"}, bridge={"name": bridge}, proxied={"dev": dev, "addresses": ["203.0.113.20"]})


@pytest.mark.parametrize(("host", "says"), [
    ({"devices": link("eth0", given=["203.0.113.20/24"])}, "proxied.addresses is '203.0.113.20': is the host's own, on eth0"),
    ({"hops": (("203.0.113.20", "eth0"),)}, "is a router's, by which the host reaches others through eth0"),
    ({"devices": link("eth0", given=["203.0.113.21/30"])}, "is the address or the broadcast of 203.0.113.20/30 itself, on eth0"),
    ({"devices": link("eth0", master="br0")}, "proxied.dev is 'eth0': is a port of br0.*name br0 instead"),
    ({"networks": {"b": NetworkState(proxied("b", "virbr2"), None)}}, "is a guest's of the inactive network b"),
    ({"networks": {"b": active(network("b", bridge={"name": "virbr2"}, **ips("203.0.113.1/24")))}}, "is in 203.0.113.0/24 of the active network b"),
    ({"routes": (route("203.0.113.20/32", "eth1"),)}, "has a route through eth1 already; remove it first: ip route delete 203.0.113.20"),
    ({"root": False}, "proxied addresses are routed to the bridge by root alone"),
])
def test_addresses_that_are_others_are_not_proxied(host, says):
    """The host's own, another network's, and what leads elsewhere already."""
    with pytest.raises((UnsupportedError, ValidationError), match=says):
        plan(wanted(definition=proxied()), **host)


def test_addresses_that_may_be_proxied():
    """Out of a subnet of the host's; one that another network of the same plan gives up, which goes first; and behind a NIC that is not there yet."""
    there = {"routes": (route("203.0.113.0/24"),), "devices": link("eth0", given=["203.0.113.10/24"])}
    assert plan(wanted(definition=proxied()), **there).warnings == ()
    giver = active(proxied("b", "virbr2"))
    tasks = [wanted(definition=proxied()), wanted("b", definition=replace(giver.stored, proxied=None))]
    assert [item.key for item in make_plan(tasks, {"a": None, "b": giver}, Host(networks={"b": giver})).items] == ["b", "a"]
    assert "device eth9 of proxied is not there" in plan(wanted(definition=proxied(dev="eth9"))).warnings[0]
