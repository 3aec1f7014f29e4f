# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel refuses is refused before anything is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, Seen, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, IpVlan, MacVlan, Vlan, Vxlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.link import items_of
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Others

from tests.unit.module_utils.plan.test_link import NIC, Host, bridge, plans, there


def device(kind, data, name="new", link=None, **more):
    """A device as a task asks for it."""
    return WantedLink("link", name, kind, link=Link(link=link), data=data, **more)


def bond(**options):
    """A bond as it is."""
    return there("new", "bond", Bond(**{"mode": "balance-rr", "miimon": 0, "arp_interval": 0, "updelay": 0, **options}))


@pytest.mark.parametrize(("wanted", "state", "words"), [
    (device("bond", Bond(arp_interval=100, miimon=100)), None, "bond.arp_interval is 100: and miimon are two ways"),
    (device("bond", Bond(arp_interval=100, mode="802.3ad")), None, "bond.arp_interval is 100: is not for mode 802.3ad"),
    (device("bond", Bond(arp_interval=100)), bond(mode="balance-alb"), "is not for mode balance-alb"),
    (device("bond", Bond(arp_interval=100)), bond(miimon=100), None),
    (device("bond", Bond(updelay=150)), bond(miimon=100), "bond.updelay is 150: is no multiple of miimon, which is 100"),
    (device("bond", Bond(downdelay=100)), None, "bond.downdelay is 100: is no multiple of miimon, which is None"),
    (device("bond", Bond(downdelay=0)), None, None),
    (device("bond", Bond(downdelay=300, mode="802.3ad")), None, None),
    (device("bond", Bond(peer_notify_delay=250, miimon=50)), None, None),
    (device("vxlan", Vxlan(id=5, group="239.1.1.1")), None, "vxlan.group is '239.1.1.1': is reached by one device, and none is named; give link"),
    (device("vxlan", Vxlan(id=5, group="239.1.1.1"), link="eth1"), None, None),
    (device("vxlan", Vxlan(id=5, group="10.0.0.1"), link="eth1"), None, "vxlan.group is '10.0.0.1': is no multicast address"),
    (device("vxlan", Vxlan(id=5, group="239.1.1.1", remote="10.0.0.1"), link="eth1"), None, "and remote are both where packets go to"),
    (device("vxlan", Vxlan(id=5, remote="ff02::1")), None, "vxlan.remote is 'ff02::1': is a multicast address"),
])
def test_options_that_do_not_go_together(wanted, state, words):
    """Each is right by itself."""
    host = {"observed": {"new": state}, "seen": {"eth1": NIC}}
    if words is None:
        assert plans([wanted], **host)[0].steps
        return
    with pytest.raises(ValidationError, match=words):
        plans([wanted], **host)


STATES = {
    "v5": there("v5", "vlan", Vlan(id=5, protocol="802.1Q"), link="eth1"), "vx5": there("vx5", "vxlan", Vxlan(id=5, dstport=4789, external=False)),
    "mv": there("mv", "macvlan", MacVlan("vepa"), link="eth2"), "pt": there("pt", "macvtap", MacVlan("passthru"), link="eth3"),
    "iv": there("iv", "ipvlan", IpVlan("l2"), link="eth4"),
}
SEEN = {"eth6": NIC._replace(master="br0"), **{f"eth{number}": NIC for number in range(1, 6)}}
SEEN.update({name: Seen(state.kind, None, state.link.link, 1500, True, ()) for name, state in STATES.items()})


@pytest.mark.parametrize(("wanted", "words"), [
    ([device("vlan", Vlan(id=5), link="eth1")], "vlan.id is 5: on eth1 is v5 already"),
    ([device("vlan", Vlan(id=5, protocol="802.1ad"), link="eth1")], None),
    ([device("vlan", Vlan(id=5), link="eth2")], None),
    ([device("vlan", Vlan(id=6), link="eth1"), device("vlan", Vlan(id=6, protocol="802.1Q"), name="too", link="eth1")], "on eth1 is (new|too) already"),
    ([device("vlan", Vlan(id=5), name="v5"), device("vlan", Vlan(gvrp=True), name="v5b")], "link v5b: .*on eth1 is v5 already"),
    ([device("vlan", Vlan(id=5), link="eth1"), device("vlan", Vlan(), name="v5", state="absent")], None),
    ([device("vlan", Vlan(id=5), link="eth1"), device("vlan", Vlan(id=7), name="v5")], None),
    ([device("vxlan", Vxlan(id=5))], "vxlan.id is 5: with dstport 4789 is vx5 already"),
    ([device("vxlan", Vxlan(id=5, gbp=True))], "vxlan.id is 5: with dstport 4789 is vx5 already"),
    ([device("vxlan", Vxlan(external=True)), device("vxlan", Vxlan(external=True), name="too")], "vxlan.external is True: with dstport 4789"),
    ([device("vxlan", Vxlan(id=5, dstport=8472))], None),
    ([device("vxlan", Vxlan(id=5, local="fd00::1"))], None),
    ([device("ipvlan", IpVlan(), link="eth2")], "link is 'eth2': carries mv, a device of kind macvlan"),
    ([device("macvtap", MacVlan(), link="eth4")], "link is 'eth4': carries iv, a device of kind ipvlan"),
    ([device("macvlan", MacVlan("passthru"), link="eth2")], "link is 'eth2': carries mv, and one of mode passthru is alone"),
    ([device("macvlan", MacVlan("bridge"), link="eth3")], "link is 'eth3': carries pt, and one of mode passthru is alone"),
    ([device("macvlan", MacVlan("bridge"), link="eth2")], None),
    ([device("macvlan", MacVlan(), link="eth6")], "link is 'eth6': is a port of br0"),
    ([bridge(ports=Bag([BridgePort(name="eth5")])), device("ipvlan", IpVlan(), link="eth5")], "link is 'eth5': is a port of br0"),
    ([bridge(ports=Bag()), device("macvlan", MacVlan(), link="eth6")], None),
    ([device("vlan", Vlan(id=5), link="eth6")], None),
    ([device("macvlan", MacVlan("bridge"), link="eth5"), device("ipvlan", IpVlan(), name="too", link="eth5")], "the kernel gives it to one of the two"),
])
def test_devices_that_cannot_be_beside_each_other(wanted, words):
    """Unless the other goes, or becomes something else, in the same task, and then first."""
    states = {**STATES, "v5b": there("v5b", "vlan", Vlan(id=8, protocol="802.1Q"), link="eth1")}
    host = {"observed": {each.name: states.get(each.name) for each in wanted}, "seen": SEEN, "states": STATES}
    if words is not None and "v5b" in words:
        host["observed"]["v5b"] = None
        wanted[1] = device("vlan", Vlan(id=5), name="v5b", link="eth1")
    if words is None:
        assert plans(wanted, **host)[-1].key == "new"
        return
    with pytest.raises(ValidationError, match=words):
        plans(wanted, **host)


def test_a_vlan_is_up_on_what_is_up():
    """Which the same task may say, and is done first then."""
    wanted, up = device("vlan", Vlan(id=5), link="eth1"), WantedLink("link", "eth1", None, link=Link(up=True))
    host = {"seen": {"eth1": NIC._replace(up=False)}}
    with pytest.raises(ValidationError, match="link is 'eth1': is down, and the kernel sets no VLAN up on it; say up: true for eth1"):
        plans([wanted], **host)
    assert [item.key for item in plans([wanted, up], {"eth1": there("eth1", "nic", up=False)}, **host)] == ["eth1", "new"]
    assert plans([replace(wanted, link=Link(link="eth1", up=False))], **host)[0].steps
    assert plans([replace(wanted, persist="auto")], keepers=("networkd",), **host)[0].steps  # which sets up both


def test_a_vxlan_sends_to_a_group_or_to_a_host():
    """The one that is given takes the place of the other, and check mode says so."""
    held = there("vx", "vxlan", Vxlan(id=5, group="239.1.1.1"), link="eth1")
    item = plans([device("vxlan", Vxlan(remote="10.0.0.1"), name="vx")], {"vx": held}, seen={"vx": SEEN["vx5"]})[0]
    assert item.after["vxlan"] == {"id": 5, "remote": "10.0.0.1"}
    held = there("vx", "vxlan", Vxlan(id=5, remote="10.0.0.1"), link="eth1")
    item = plans([device("vxlan", Vxlan(group="239.1.1.1"), name="vx")], {"vx": held}, seen={"vx": SEEN["vx5"], "eth1": NIC})[0]
    assert next(step.value[1].data for step in item.steps if step.verb == "create") == Vxlan(id=5, group="239.1.1.1")


def test_a_bond_looks_at_its_ports_in_one_way():
    """The way that is given takes the place of the other, and check mode says so."""
    item = plans([device("bond", Bond(arp_interval=100))], {"new": bond(miimon=100)})[0]
    assert "miimon" not in item.after["bond"] and item.after["bond"]["arp_interval"] == 100


def test_two_devices_of_one_task_have_no_address_in_common():
    """Nor does one with a device that is there."""
    link = Link(addresses=Bag(["10.0.0.1/24"]))
    with pytest.raises(ValidationError, match="bridge br1: addresses is '10.0.0.1/16': is br0's in the same task"):
        plans([bridge(link=link), bridge("br1", link=Link(addresses=Bag(["10.0.0.1/16"])))])
    held = {"br0": there(addresses=link.addresses), "br1": there("br1", addresses=link.addresses)}
    assert [item.steps for item in plans([bridge(link=link), bridge("br1", link=link)], held)] == [(), ()]


def test_a_bridge_that_a_network_makes_carries_devices():
    """In the same task; else there is none."""
    wanted = device("macvlan", MacVlan(), link="virbr9")
    with pytest.raises(ValidationError, match="link is 'virbr9': no such device"):
        plans([wanted])
    assert items_of([wanted], {"new": None}, Host(), Others(frozenset({"virbr9"})))[0].has.uses == {"virbr9"}
