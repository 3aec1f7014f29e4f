# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for devices where the kernel does more than it is told, or less: what it takes along, and what it does not take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, PortOptions
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Kept, Link, LinkRoute, LinkState, OthersRoute, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, MacVlan, Tun
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.link_steps import changes_between, steps_between
from ansible_collections.virtlab.network.plugins.module_utils.plan.link_target import fill
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Step

from tests.unit.module_utils.plan.test_link import NIC, bridge, plans, there

TAP = Tun("tap", "", "", False, False, False)


@pytest.mark.parametrize(("held", "wanted", "keeps"), [
    (there("t", "tun", TAP), WantedLink("tap", "t", "tun", data=Tun(mode="tun")), False),
    (there("t", "tun", TAP), WantedLink("tap", "t", "tun", data=Tun(vnet_hdr=True)), True),
    (there("m", "macvlan", MacVlan("passthru"), link="eth1"), WantedLink("link", "m", "macvlan", data=MacVlan("bridge")), False),
    (there("m", "macvlan", MacVlan("bridge"), link="eth1"), WantedLink("link", "m", "macvlan", data=MacVlan("passthru")), False),
    (there("m", "macvlan", MacVlan("passthru"), link="eth1"), WantedLink("link", "m", "macvlan", link=Link(link="eth2"), data=MacVlan()), False),
    (there("m", "macvlan", MacVlan("vepa"), link="eth1"), WantedLink("link", "m", "macvlan", link=Link(link="eth2"), data=MacVlan()), True),
])
def test_a_new_device_has_the_mac_address_if_it_can(held, wanted, keeps):
    """A TUN has none, and that of a passthru is the one of the device below. Check mode shows none then."""
    item = plans([wanted], {held.name: held}, seen={"eth1": NIC, "eth2": NIC, held.name: NIC._replace(lower=held.link.link)})[0]
    made = next(step.value[1] for step in item.steps if step.verb == "create")
    assert (made.link.mac == held.link.mac, "mac" in item.after) == (keeps, keeps)


def test_a_port_does_not_become_a_tun():
    """Unless the same task takes it off its bridge."""
    seen = {"t": NIC._replace(kind="tun", master="br0"), "br0": NIC._replace(kind="bridge")}
    host = {"observed": {"t": there("t", "tun", TAP, controller="br0")}, "seen": seen}
    with pytest.raises(ValidationError, match="t is a port of br0, and carries IP packets then.*say controller: ''"):
        plans([WantedLink("tap", "t", "tun", data=Tun(mode="tun"))], **host)
    assert plans([WantedLink("tap", "t", "tun", link=Link(controller=""), data=Tun(mode="tun"))], **host)[0].target.link.controller == ""


def addresses(held, wanted):
    """What ip(8) is told of addresses."""
    item = plans([bridge(link=Link(addresses=Bag(wanted)))], {"br0": there(addresses=Bag(held))})[0]
    return [(verb, cidr.partition("/")[0]) for verb, unused, cidr in (step.value for step in item.steps if step.verb == "address")]


def test_the_first_address_of_a_subnet_goes_last_and_others_are_told_again():
    """The kernel takes the others of its subnet along, unless promote_secondaries says not to."""
    held = ["10.0.0.1/24", "10.1.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/16"]
    assert addresses(held, ["10.1.0.1/24"])[:3] == [("del", "10.0.0.4"), ("del", "10.0.0.3"), ("del", "10.0.0.2")]
    assert addresses(held, ["10.0.0.2/24", "10.0.0.4/16"]) == [("del", "10.0.0.3"), ("del", "10.1.0.1"), ("del", "10.0.0.1"), ("replace", "10.0.0.2")]
    assert addresses(held, ["10.0.0.1/24", "10.1.0.1/24", "10.0.0.3/24", "10.0.0.4/16"]) == [("del", "10.0.0.2")]


def test_what_a_bridge_knew_of_a_port_goes_with_the_bridge():
    """Check mode says so, too."""
    held = there("t", "tun", TAP, controller="br0", port=PortOptions(isolated=True, pvid=5))
    seen = {"br1": NIC._replace(kind="bridge"), "t": NIC._replace(kind="tun", master="br0")}
    off, moved, stays = (plans([WantedLink("tap", "t", "tun", link=link, data=Tun(), steal=True)], {"t": held}, seen=seen)[0] for link in (
        Link(controller=""), Link(controller="br1", port=PortOptions(cost=5)), Link(port=PortOptions(cost=5))))
    assert "port" not in off.after and moved.after["port"] == {"cost": 5} and stays.after["port"]["isolated"] is True


ROUTES = Bag([LinkRoute("10.9.0.0/16", "10.0.0.9"), LinkRoute("fd09::/32", "fd00::9")])
HELD = there(addresses=Bag(["10.0.0.1/24", "fd00::1/64"]), routes=ROUTES)


@pytest.mark.parametrize(("link", "addresses", "routes", "verbs", "told"), [
    (Link(up=False), ["10.0.0.1/24", "fd00::1/64"], [], ["updown", "address"], "10.9.0.0/16 via 10.0.0.9, fd09::/32 via fd00::9"),
    (Link(up=False, routes=Bag()), ["10.0.0.1/24", "fd00::1/64"], [], ["updown", "address"], ""),
    (Link(up=False, addresses=Bag()), [], [], ["address", "address", "updown"], "10.9.0.0/16 via 10.0.0.9, fd09::/32 via fd00::9"),
    (Link(mtu=1279), ["10.0.0.1/24"], ["10.9.0.0/16"], ["change"], "fd00::1/64, fd09::/32 via fd00::9"),
    (Link(mtu=1279, routes=Bag([ROUTES[0]])), ["10.0.0.1/24"], ["10.9.0.0/16"], ["change"], "fd00::1/64"),
    (Link(mtu=1280), ["10.0.0.1/24", "fd00::1/64"], ["10.9.0.0/16", "fd09::/32"], ["change"], ""),
])
def test_what_goes_with_up_and_mtu_is_told_and_not_promised(link, addresses, routes, verbs, told):
    """Routes of a device that is down, whose IPv6 addresses are given again; and all of IPv6 where the MTU is too small."""
    item = plans([bridge(link=link)], {"br0": HELD})[0]
    assert (item.after["addresses"], [each["dst"] for each in item.after["routes"]]) == (addresses, routes)
    assert [step.verb for step in item.steps] == verbs
    assert list(item.warnings) == ([f"the kernel removes with this, and nothing puts back by itself: {told}"] if told else [])
    kept = replace(HELD, kept=Kept("networkd", LinkState("br0", "bridge", Link(), Bridge())))
    again = plans([bridge(link=link, persist="auto")], {"br0": kept}, keepers=("networkd",))[0].warnings
    assert list(again) == ([f"the kernel removes with this, until networkd sets it up anew: {told}"] if told else [])
    gone = {change.field for change in item.changes if change.after is None}
    assert gone == {f"routes[{route.dst}]" for route in ROUTES if route.dst not in routes}


@pytest.mark.parametrize(("link", "state", "words"), [
    (Link(up=False, routes=ROUTES), HELD, "routes is '10.9.0.0/16 via 10.0.0.9': br0 is down then"),
    (Link(routes=ROUTES), there(up=False), "br0 is down then.*say up: true, or routes: "),
    (Link(addresses=Bag(["fd00::1/64"]), mtu=1200), None, "addresses is 'fd00::1/64': is of IPv6, which the kernel has from an mtu of 1280 on"),
    (Link(routes=ROUTES), there(mtu=1200), "routes is 'fd09::/32 via fd00::9': is of IPv6.*that of br0 is 1200"),
])
def test_what_is_asked_and_cannot_be_is_refused(link, state, words):
    """Before anything is touched."""
    with pytest.raises(ValidationError, match=words):
        plans([bridge(link=link)], {"br0": state})


@pytest.mark.parametrize("name", ["bond0", "eth1"])
def test_a_bond_that_is_rolled_back_uses_the_port_that_it_used(name):
    """The kernel keeps to another that it has gone over to. Whoever asks for something says nothing of that."""
    held = there("bond0", "bond", Bond(mode="active-backup"), ["eth1", "eth2"]) if name == "bond0" else there("eth1", "nic", controller="bond0")
    now, before = (replace(held, facts={"active": active}) for active in (None, ("bond0", "eth1")))
    assert steps_between(now, before)[-1] == Step("activate", ("bond0", "eth1")) and [*changes_between(now, before, ("",))][0].field == "active port"
    assert steps_between(before, now) == () and fill(before, now).facts == before.facts and fill(now, before).facts == before.facts


def test_a_bond_that_is_rolled_back_prefers_no_port_where_it_did_not():
    """ip(8) has no word for that, and a task that says nothing of it leaves it as it is."""
    before, now = (there("bond0", "bond", Bond(mode="active-backup", primary=primary), ["eth1", "eth2"]) for primary in (None, "eth2"))
    assert list(steps_between(now, replace(before, facts={"ifindex": 5}))) == [Step("unprimary", ("bond0",))] and steps_between(now, before) == ()


def test_an_address_without_a_route_to_its_subnet_comes_back_without_one():
    """NetworkManager gives such, and a route of its own, which looks like the kernel's and goes with the address."""
    route = OthersRoute("10.0.0.0/24", 4, words=("to", "unicast", "10.0.0.0/24", "metric", "100"))
    before = there("eth0", "nic", addresses=["10.0.0.1/24"])
    before = replace(before, facts={"bare": ["10.0.0.1/24"], "prefixes": (route,)})
    again = [Step("address", ("replace", "eth0", "10.0.0.1/24", True)), Step("reroute", ("eth0", route))]
    assert list(steps_between(there("eth0", "nic"), before)) == again
    down = replace(there("eth0", "nic", addresses=["10.0.0.1/24"], up=False), facts={"bare": ["10.0.0.1/24"]})
    assert list(steps_between(down, before)) == [Step("updown", ("eth0", True)), again[1]]
    six = replace(before, link=replace(before.link, addresses=Bag(["fd00::1/64"])), facts={"bare": ["fd00::1/64"], "prefixes": (route,)})
    assert "reroute" not in [step.verb for step in steps_between(six, replace(down, link=replace(six.link, up=False), facts={}))]
    usual = replace(before, facts={})
    assert steps_between(before, before) == () and steps_between(there("eth0", "nic"), usual)[-1].value == ("replace", "eth0", "10.0.0.1/24")
