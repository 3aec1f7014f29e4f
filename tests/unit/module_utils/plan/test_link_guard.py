# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a device's plan would cut the connection that the task came by, and what would not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.access import Access
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Kept, Link, LinkRoute, LinkState, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Nic, Vxlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.families import family_of, make_plan

from .test_link import NIC, Host

ACCESS = Access("203.0.113.9", "192.0.2.5", ("br0", "eth0"), "default", "192.0.2.1", 0)
ROUTE = LinkRoute("default", gateway="192.0.2.1")
BRIDGE = LinkState(
    "br0", "bridge", Link(up=True, mtu=1500, mac="52:54:00:00:00:01", addresses=Bag(["192.0.2.5/24"]), routes=Bag([ROUTE]), controller=""),
    Bridge(stp=False, vlan_filtering=False, ageing_time=30000), Bag([BridgePort(name="eth0", pvid=1, untagged=("1",)), BridgePort(name="eth1")]),
)
CARD = LinkState("eth0", "nic", Link(up=True, mtu=1500, mac="52:54:00:00:00:01", addresses=Bag(), routes=Bag(), controller="br0"), Nic())
OTHER = LinkState("eth2", "nic", Link(up=True, mtu=1500, mac="52:54:00:00:00:02", addresses=Bag(), routes=Bag(), controller=""), Nic())
STATES = {"br0": BRIDGE, "eth0": CARD, "eth2": OTHER}


def clauses(wanted, access=ACCESS, **states):
    """What the guard says of a device that is asked for."""
    states = {**STATES, **states}
    seen = {"br0": replace_seen("bridge"), "eth0": replace_seen("nic", "br0"), "eth1": replace_seen("nic", "br0"), "eth2": NIC}
    plan = make_plan([wanted], {("link", wanted.name): states.get(wanted.name)}, Host(seen=seen, states=states, keepers=("networkd", "networkmanager")))
    return [clause for item in plan.items if item.steps for clause in family_of("link").cuts(item, access)]


def replace_seen(kind, master=None):
    """A device as others see it."""
    return NIC._replace(kind=kind, master=master)


@pytest.mark.parametrize(("wanted", "clause"), [
    (WantedLink("bridge", "br0", "bridge", state="absent", force=True), "br0 goes"),
    (WantedLink("bridge", "br0", "bridge", Link(up=False)), "br0 is turned off"),
    (WantedLink("bridge", "br0", "bridge", Link(addresses=Bag(["192.0.2.5/25"]))), "192.0.2.5/24 goes from br0"),
    (WantedLink("bridge", "br0", "bridge", Link(routes=Bag())), "the route default via 192.0.2.1 goes"),
    (WantedLink("bridge", "br0", "bridge", Link(mac="52:54:00:00:00:09")), "br0 gets another MAC address"),
    (WantedLink("bridge", "br0", "bridge", data=Bridge(stp=True)), "STP on br0 lets nothing through until it has listened"),
    (WantedLink("bridge", "br0", "bridge", data=Bridge(vlan_filtering=True)), "vlan_filtering of br0 changes"),
    (WantedLink("bridge", "br0", "bridge", ports=Bag([BridgePort(name="eth1")])), "eth0 leaves br0"),
    (WantedLink("bridge", "br0", "bridge", ports=Bag([BridgePort(name="eth0", pvid=7, untagged=("7",)), BridgePort(name="eth1")])),
     "pvid of port eth0 changes"),
    (WantedLink("link", "eth0", "nic", Link(up=False)), "eth0 is turned off"),
    (WantedLink("link", "eth0", "nic", Link(controller="")), "eth0 is taken off br0"),
    (WantedLink("bridge", "br7", "bridge", Link(addresses=Bag(["203.0.113.1/24"]))), "203.0.113.1/24 of br7 takes the way back to 203.0.113.9"),
    (WantedLink("bridge", "br7", "bridge", Link(routes=Bag([LinkRoute("203.0.113.0/25")]))), "the route 203.0.113.0/25 by br7 takes the way back"),
    (WantedLink("bridge", "br7", "bridge", Link(routes=Bag([LinkRoute("203.0.113.0/25", table=255)]))), "the route 203.0.113.0/25 by br7 takes the way back"),
    (WantedLink("bridge", "br7", "bridge", Link(routes=Bag([LinkRoute("0.0.0.0/0", table=255)]))), "the route 0.0.0.0/0 by br7 takes the way back"),
    (WantedLink("bridge", "br0", "bridge", Link(routes=Bag([ROUTE, LinkRoute("203.0.113.0/25", gateway="192.0.2.9")]))), "the route 203.0.113.0/25"),
    (WantedLink("bridge", "br7", "bridge", ports=Bag([BridgePort(name="eth0")]), steal=True), "eth0 becomes a port of br7"),
])
def test_what_cuts_the_connection(wanted, clause):
    """Each for its own reason."""
    said = clauses(wanted)
    assert any(each.startswith(clause) for each in said), said


def test_another_gateway_takes_the_place_of_who_gave_the_route():
    """The kernel has one route of a subnet and a metric; another device's is not put in its place."""
    others = {"br0": replace(BRIDGE, link=replace(BRIDGE.link, routes=Bag()))}
    away, away_by_another = (WantedLink("bridge", name, "bridge", Link(routes=Bag([LinkRoute("default", gateway="192.0.2.9")]))) for name in ("br0", "br7"))
    assert clauses(away, **others) == ["the route default by br0 takes the way back to 203.0.113.9"]
    assert clauses(away_by_another, **others) == []
    assert clauses(WantedLink("bridge", "br0", "bridge", Link(routes=Bag([ROUTE]))), **others) == []


@pytest.mark.parametrize("wanted", [
    WantedLink("bridge", "br0", "bridge", Link(txqueuelen=77)),
    WantedLink("bridge", "br0", "bridge", Link(addresses=Bag(["192.0.2.5/24", "192.0.2.6/24"]))),
    WantedLink("bridge", "br0", "bridge", data=Bridge(ageing_time=6000)),
    WantedLink("bridge", "br0", "bridge", ports=Bag([BridgePort(name="eth0")])),
    WantedLink("bridge", "br0", "bridge", ports=Bag([BridgePort(name="eth0"), BridgePort(name="eth1", isolated=True)])),
    WantedLink("link", "eth2", "nic", Link(up=False)),
    WantedLink("bridge", "br7", "bridge", Link(addresses=Bag(["198.51.100.1/24"]))),
    WantedLink("bridge", "br7", "bridge", Link(routes=Bag([LinkRoute("203.0.113.0/25", table=99)]))),
])
def test_what_does_not(wanted):
    """Other devices, and what stops no frame."""
    assert clauses(wanted) == []


@pytest.mark.parametrize(("net", "metric", "taken"), [
    ("198.51.100.{}/24", 0, False), ("198.51.100.{}/24", 101, True), ("2001:db8::{}/64", 256, False), ("2001:db8::{}/64", 1024, True),
])
def test_an_equally_long_subnet_takes_the_way_back_by_its_metric(net, metric, taken):
    """NetworkManager and networkd's clients give a subnet's route a worse one than the kernel's own; by the same device the way stays the same."""
    client, server, more = (net.format(number) for number in (1, 11, 200))
    access = Access(client.partition("/")[0], server.partition("/")[0], ("eth2",), net.format(0), None, metric)
    card = replace(OTHER, link=replace(OTHER.link, addresses=Bag([server])))
    said = clauses(WantedLink("link", "d7", "dummy", Link(addresses=Bag([more]))), access)
    assert said == ([f"{more} of d7 takes the way back to {access.client}"] if taken else [])
    assert clauses(WantedLink("link", "eth2", "nic", Link(addresses=Bag([server, more]))), access, eth2=card) == []


LEASED = LinkState(
    "eth2", "nic", Link(up=True, mtu=1500, mac="52:54:00:00:00:02", addresses=Bag(), routes=Bag(), controller=""), Nic(), facts={"dynamic": ["192.0.2.5/24"]},
)


@pytest.mark.parametrize(("link", "more", "said"), [
    (Link(addresses=Bag(["10.7.7.7/24"])), {"persist": "networkd", "takeover": True},
     ["192.0.2.5/24 goes from eth2", "192.0.2.5/24 goes from eth2, and with it the way to the gateway 192.0.2.1"]),
    (Link(addresses=Bag(["192.0.2.7/24"])), {"persist": "networkmanager"}, ["192.0.2.5/24 goes from eth2"]),
    (Link(addresses=Bag(["192.0.2.5/24"])), {"persist": "networkd"}, []), (Link(mtu=1400), {"persist": "none"}, []), (Link(mtu=1400), {"persist": "auto"}, []),
    (Link(addresses=Bag(["10.7.7.7/24"])), {"persist": "none"}, []), (Link(addresses=Bag()), {"persist": "auto"}, []),
])
def test_a_lease_goes_with_who_asked_for_it(link, more, said):
    """It stays as long as nobody else brings the device back, whatever else it is given."""
    assert clauses(WantedLink("link", "eth2", "nic", link, **more), ACCESS._replace(devices=("eth2",)), eth2=LEASED) == said


@pytest.mark.parametrize(("persist", "said"), [("networkd", []), ("none", ["2001:db8::5/64 goes from eth2"])])
def test_a_lease_of_ours_stays_as_long_as_that_is_ours(persist, said):
    """A bridge has a client of its own that came with its uplink."""
    kept = Kept("networkd", replace(LEASED, link=Link(), inherited=(("Network", (("DHCP", "yes"),)),)))
    held = replace(LEASED, kept=kept, facts={"dynamic": ["2001:db8::5/64"]})
    access = Access("2001:db8:9::9", "2001:db8::5", ("eth2",), "default", "fe80::1")
    assert clauses(WantedLink("link", "eth2", "nic", Link(mtu=1400), persist=persist), access, eth2=held) == said


@pytest.mark.parametrize(("kind", "held", "given", "clauses_"), [
    ("bond", Bond(mode="active-backup", primary="eth0"), Bond(primary="eth1"), ["primary of top changes"]),
    ("bond", Bond(mode="802.3ad", min_links=0, miimon=100), Bond(min_links=2), ["min_links of top changes"]),
    ("bond", Bond(mode="active-backup", arp_interval=0), Bond(arp_interval=100, arp_ip_target=("10.0.0.1",)),
     ["arp_interval of top changes", "arp_ip_target of top changes"]),
    ("bond", Bond(mode="active-backup", primary="eth0", resend_igmp=1), Bond(primary="eth0", resend_igmp=2), []),
    ("vxlan", Vxlan(id=7, remote="192.0.2.9"), Vxlan(remote="192.0.2.10"), ["remote of top changes"]),
])
def test_options_of_what_carries_it(kind, held, given, clauses_):
    """Which port a bond uses, and whether any; where a tunnel leads."""
    top = LinkState("top", kind, Link(up=True, mtu=1500, addresses=Bag(["192.0.2.5/24"]), routes=Bag(), controller=""), held)
    assert clauses(WantedLink("link", "top", kind, data=given), ACCESS._replace(devices=("top",)), top=top) == clauses_


def test_a_smaller_mtu_stops_ipv6_alone():
    """It works with no less than 1280."""
    wanted, four = WantedLink("link", "eth2", "nic", Link(mtu=1200)), ACCESS._replace(devices=("eth2",))
    six = Access("2001:db8:9::9", "2001:db8::5", ("eth2",), "default", "fe80::1")
    assert clauses(wanted, four) == []
    assert clauses(wanted, six) == ["IPv6 does not work on eth2 with an MTU of 1200"]


@pytest.mark.parametrize(("up", "link", "said"), [
    (False, Link(up=True), ["203.0.113.1/24 of eth2 takes the way back to 203.0.113.9"]), (False, Link(mtu=1400), []), (True, Link(mtu=1400), []),
])
def test_a_device_that_comes_up_counts_with_all_it_has(up, link, said):
    """The kernel routes by its addresses only then."""
    other = replace(OTHER, link=replace(OTHER.link, up=up, addresses=Bag(["203.0.113.1/24"])))
    assert clauses(WantedLink("link", "eth2", "nic", link), eth2=other) == said
