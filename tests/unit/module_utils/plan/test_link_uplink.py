# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an uplink comes to: a bridge as the NIC was, the NIC as its port, and both as they were once the bridge goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import uplink as codec
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkRoute, LinkState, OthersRoute, Rival, Uplink, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Nic
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag

from .test_link import NIC, plans

MAC = "52:54:00:00:00:01"
HELD = Bag(["192.0.2.5/24"])
DEFAULT = OthersRoute("0.0.0.0/0", 4, "192.0.2.1", words=("to", "unicast", "0.0.0.0/0", "via", "192.0.2.1"))
CARD = LinkState("eth0", "nic", Link(up=True, mtu=9000, mac=MAC, addresses=HELD, routes=Bag(), controller=""), Nic())
PORT = replace(CARD, link=replace(CARD.link, addresses=Bag(), controller="br0"))
UPLINK = Uplink("eth0", Link(up=True, mtu=9000, addresses=HELD, routes=Bag()), (DEFAULT,), done=True)
BRIDGE = LinkState("br0", "bridge", Link(up=True, mtu=9000, mac=MAC, addresses=HELD, routes=Bag(), controller=""), Bridge(), Bag([BridgePort(name="eth0")]),
                   uplink=UPLINK)
ASKED = WantedLink("bridge", "br0", "bridge", uplink="eth0")


def planned(wanted, card=CARD, bridge=None, **host):
    """{name: its item} of a plan."""
    seen = {"eth0": NIC._replace(mtu=9000, master="br0" if bridge else None, addresses=tuple(card.link.addresses))}
    seen.update({"br0": NIC._replace(kind="bridge", addresses=tuple(bridge.link.addresses))} if bridge else {})
    given = wanted if isinstance(wanted, list) else [wanted]
    items = plans(given, {"br0": bridge, "eth0": card}, seen=seen, states={"eth0": card, "br0": bridge}, **host)
    return {item.key: item for item in items}


def steps(item):
    """(verb, value) of an item."""
    return [(step.verb, step.value) for step in item.steps]


def test_the_bridge_becomes_what_the_nic_was():
    """Address, MAC address, MTU, and the routes of others; and what the NIC had is written down before anything else."""
    items = planned(ASKED, routes=(DEFAULT,))
    bridge = steps(items["br0"])
    assert bridge[0] == ("uplink", ("br0", UPLINK)) and ("reroute", ("br0", DEFAULT)) in bridge
    assert ("address", ("replace", "br0", "192.0.2.5/24")) in bridge and ("controller", ("eth0", "br0")) in bridge
    assert (items["br0"].target.link.mac, items["br0"].target.link.mtu) == (MAC, 9000)
    assert ("address", ("del", "eth0", "192.0.2.5/24")) in steps(items["eth0"])
    assert list(items) == ["eth0", "br0"]  # what only one can have is given up first


def test_a_way_that_is_narrower_than_the_nic_is_told_of():
    """Once, before the bridge takes its place."""
    small = {("eth0", 9000): "192.0.2.1"}
    assert any("192.0.2.1 answers by eth0, and no packet as large as eth0 takes (9000)" in each for each in planned(ASKED, small=small)["br0"].warnings)
    assert not any("answers by" in each for each in planned(ASKED, small={("eth0", 1500): "192.0.2.1"})["br0"].warnings)


def test_once_it_is_done_nothing_is_left_to_do():
    """Whether the uplink is named again or not."""
    for wanted in (ASKED, replace(ASKED, uplink=None)):
        assert [item.steps for item in planned(wanted, PORT, BRIDGE).values()] == [()]


def test_a_run_that_was_killed_goes_on_with_what_was_written_down():
    """The NIC has lost its address, and the bridge has none yet."""
    half = replace(BRIDGE, link=replace(BRIDGE.link, addresses=Bag()), uplink=replace(UPLINK, done=False))
    bridge = steps(planned(ASKED, PORT, half)["br0"])
    assert ("address", ("replace", "br0", "192.0.2.5/24")) in bridge and ("uplink", ("br0", UPLINK)) in bridge and ("reroute", ("br0", DEFAULT)) in bridge


def test_the_nic_gets_back_what_was_its():
    """With the routes of others; and that is done although the bridge is gone already."""
    items = planned(WantedLink("bridge", "br0", "bridge", state="absent"), PORT, BRIDGE)
    nic = steps(items["eth0"])
    assert ("address", ("replace", "eth0", "192.0.2.5/24")) in nic and ("reroute", ("eth0", DEFAULT)) in nic
    assert ("uplink", ("br0", None)) in steps(items["br0"])


@pytest.mark.parametrize(("wanted", "card", "words"), [
    (replace(ASKED, uplink="eth7"), CARD, "no such device"),
    (replace(ASKED, uplink="br0"), CARD, "no such device"),
    (ASKED, replace(CARD, link=replace(CARD.link, controller="br9")), "is a port of br9"),
    (ASKED, replace(CARD, facts={"dynamic": ["192.0.2.7/24"]}), "nobody knows whose client that is"),
    ([ASKED, WantedLink("link", "eth0", "nic", Link(addresses=HELD))], CARD, "its addresses and routes go to br0"),
])
def test_what_is_no_uplink(wanted, card, words):
    """Each says why."""
    with pytest.raises(ValidationError, match=words):
        planned(wanted, card)


def test_a_client_goes_along_with_its_lines():
    """Dynamic addresses are no obstacle where somebody's client is known."""
    lines = (("Network", (("DHCP", "yes"),)),)
    card = replace(CARD, link=replace(CARD.link, addresses=Bag()), facts={"dynamic": ["192.0.2.7/24"]})
    items = planned(replace(ASKED, persist="auto"), card, keepers=("networkd",), lines=(lines, ()))
    assert items["br0"].target.kept.record.inherited == lines and items["br0"].target.link.addresses is None


def test_routes_of_another_program_become_ours():
    """Its file does not count any more, and who brings the bridge back knows nothing of them: at boot they would be missing."""
    route = LinkRoute("default", "192.0.2.1")
    theirs = DEFAULT._replace(asked=route, protocol="3")
    host = {"keepers": ("networkd",), "lines": None, "files": {"eth0": Rival("ifupdown", "interfaces", True)}}
    for wanted, card, bridge in ((ASKED, CARD, None), (ASKED, PORT, replace(BRIDGE, link=replace(BRIDGE.link, addresses=Bag()), uplink=replace(
            UPLINK, others=(theirs,), done=False)))):
        items = planned(replace(wanted, persist="auto"), card, bridge, routes=(theirs,) if bridge is None else (), **host)
        assert items["br0"].target.kept.record.link.routes == Bag([route]) and ("reroute", ("br0", theirs)) not in steps(items["br0"])
    held = replace(UPLINK, others=(theirs, DEFAULT))
    assert codec.load(codec.dump(held)) == held
