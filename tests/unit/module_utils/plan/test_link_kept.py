# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of devices that come back at boot, over several tasks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort, PortOptions
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Kept, Link, LinkState, Seen, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Nic, Tun, Vlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.families import family_of

from tests.unit.module_utils.plan.test_link import bridge, plans, there, verbs

NETWORKD = {"keepers": ("networkd",)}


def tap(link, **more):
    """A TAP as a task asks for it."""
    return WantedLink("tap", "tap1", "tun", link=link, data=Tun(), persist="auto", **more)


def record(item):
    """What is written down by an item."""
    return item.target.kept.record


def test_who_brought_it_back_goes_on_to():
    """Also where another runs by now, which would else come first."""
    held = replace(there(), lab="default", kept=Kept("networkd", LinkState("br0", "bridge", Link(), Bridge(), lab="default")))
    item = plans([bridge(persist="auto")], {"br0": held}, keepers=("networkmanager", "networkd"))[0]
    assert item.target.kept.by == "networkd" and item.steps == ()


@pytest.mark.parametrize(("before", "given", "left"), [
    (Bond(miimon=100, updelay=200), Bond(arp_interval=50), Bond(arp_interval=50)),
    (Bond(arp_interval=50, arp_ip_target=Bag(["10.0.0.1"])), Bond(miimon=100), Bond(miimon=100)),
    (Bond(mode="active-backup", arp_interval=50, primary="eth1"), Bond(mode="802.3ad"), Bond(mode="802.3ad")),
    (Bond(mode="802.3ad", lacp_rate="fast"), Bond(mode="active-backup"), Bond(mode="active-backup")),
    (Bond(miimon=100), Bond(primary="eth1"), Bond(miimon=100, primary="eth1")),
])
def test_what_a_bond_cannot_have_together_is_not_written_together(before, given, left):
    """The kernel drops the one as it takes the other, and takes no bond with both."""
    bond = there("b", "bond", Bond(mode="active-backup", miimon=0, arp_interval=0), ["eth1"])
    held = replace(bond, kept=Kept("networkd", LinkState("b", "bond", Link(), before)))
    wanted = WantedLink("link", "b", "bond", data=given, persist="auto")
    assert record(plans([wanted], {"b": held}, **NETWORKD)[0]).data == left


def test_a_port_that_moves_leaves_its_settings():
    """The next bridge knows nothing of them."""
    kept = Kept("networkd", LinkState("tap1", "tun", Link(controller="br0", port=PortOptions(isolated=True)), Tun("tap")))
    held = replace(there("tap1", "tun", Tun("tap"), controller="br0", port=PortOptions(isolated=True)), kept=kept)
    seen = {name: Seen("bridge", None, None, 1500, True, ()) for name in ("br0", "br1")}
    link = record(plans([tap(Link(controller="br1"))], {"tap1": held}, seen=seen, **NETWORKD)[0]).link
    assert link == Link(controller="br1")


def test_a_ports_settings_have_one_home():
    """The record of the bridge that names it, whichever task they come from."""
    kept = Kept("networkd", LinkState("br0", "bridge", Link(), Bridge(), Bag([BridgePort(name="tap1", pvid=10)])))
    held = replace(there("tap1", "tun", Tun("tap"), controller="br0", port=PortOptions(pvid=10)), kept=Kept("networkd", LinkState("tap1", "tun", Link())))
    states = {"br0": replace(there(ports=[BridgePort(name="tap1", pvid=10)]), kept=kept), "tap1": held}
    seen = {"br0": Seen("bridge", None, None, 1500, True, ()), "tap1": Seen("tun", "br0", None, 1500, True, ())}
    item = plans([tap(Link(controller="br0", port=PortOptions(pvid=20)))], {"tap1": held}, seen=seen, states=states, **NETWORKD)[0]
    assert record(item).link == Link()
    name, bridges = item.steps[-1].value
    assert name == "br0" and bridges.record.ports == (BridgePort(name="tap1", pvid=20),)


def test_an_absent_port_is_no_bridges_at_boot():
    """Its bridge would take it again when another of that name comes."""
    kept = Kept("networkd", LinkState("br0", "bridge", Link(), Bridge(), Bag([BridgePort(name="tap1")])))
    states = {"br0": replace(there(ports=[BridgePort(name="tap1")]), kept=kept), "tap1": there("tap1", "tun", Tun("tap"), controller="br0")}
    seen = {"br0": Seen("bridge", None, None, 1500, True, ()), "tap1": Seen("tun", "br0", None, 1500, True, ())}
    item = plans([replace(tap(Link()), state="absent")], {"tap1": states["tap1"]}, seen=seen, states=states, **NETWORKD)[0]
    assert item.steps[-1].value == ("br0", replace(kept, record=replace(kept.record, ports=Bag())))


def test_what_a_nic_has_by_itself_is_not_written_down():
    """Its virtual functions may be somebody else's to make."""
    item = plans([WantedLink("link", "eth1", None, link=Link(mtu=1400), persist="networkd")], {"eth1": there("eth1", "nic", Nic(4))}, **NETWORKD)[0]
    assert record(item).data is None


def test_a_nic_below_others_goes_on_to_be_written_down():
    """Its file says what is on top of it, and nothing else there is for it would count."""
    states = {
        "eth1": replace(there("eth1", "nic"), kept=Kept("networkd", LinkState("eth1", "nic", Link(mtu=1400)))),
        "v5": replace(there("v5", "vlan", Vlan(id=5), link="eth1"), kept=Kept("networkd", LinkState("v5", "vlan", Link(link="eth1"), Vlan(id=5)))),
    }
    with pytest.raises(ValidationError, match="v5 on top of eth1 is brought back at boot"):
        plans([WantedLink("link", "eth1", None, link=Link(mtu=1300), persist="none")], {"eth1": states["eth1"]}, states=states, **NETWORKD)


@pytest.mark.parametrize(("wanted", "words"), [
    (bridge("br*", persist="auto"), "is not a name for files"), (bridge("100", persist="auto"), "is not a name for files"),
    (bridge("br0", ports=Bag([BridgePort(name="!eth1")]), persist="auto"), "is not a name for files"),
    (WantedLink("link", "wg0", None, link=Link(mtu=1400), persist="networkd"), "kind wireguard, which nothing of ours can make again"),
])
def test_what_files_cannot_say_is_refused(wanted, words):
    """Names that stand for more than one device, and kinds that nobody can make."""
    seen = {"!eth1": Seen("nic", None, None, 1500, True, ())}
    with pytest.raises(ValidationError, match=words):
        plans([wanted], {"wg0": there("wg0", "wireguard")}, seen=seen, **NETWORKD)


def test_what_was_written_of_a_device_that_nobody_made_goes():
    """A rollback finds no device, and takes the files away."""
    item = plans([bridge(persist="auto")], **NETWORKD)[0]
    assert [(step.verb, step.value) for step in family_of("link").leftovers(item, None)] == [("keep", ("br0", None)), ("forget", ("br0",))]
    assert family_of("link").leftovers(plans([bridge(persist="none")])[0], None) == () and verbs(item) == ["keep"]
