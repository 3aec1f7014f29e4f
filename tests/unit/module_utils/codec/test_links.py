# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices between ip(8)'s JSON, ip(8)'s words, networkd's units, and what is written down of them. The JSON is what two releases of iproute2 printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import link_json, link_record, link_words, networkd
from ansible_collections.virtlab.network.plugins.module_utils.codec.link_table import TABLE
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort, PortOptions, PortSettings, Vlans
from ansible_collections.virtlab.network.plugins.module_utils.model.link import KINDS, Link, LinkRoute, LinkState
from ansible_collections.virtlab.network.plugins.module_utils.model.link_defaults import DEFAULTS, brief, unusual
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Tun, Vlan, Vxlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag, declared

DOCUMENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).with_name("devices").glob("*.json")}


def states(document):
    """{name: LinkState} of a document."""
    vlans = {entry["ifname"]: entry["vlans"] for entry in document["vlans"]}
    entries = document["addresses"]
    return {
        entry["ifname"]: link_json.state(entry, [each for each in entries if each.get("master") == entry["ifname"]], vlans,
                                         [route for route in document["routes"] if route["dev"] == entry["ifname"]])
        for entry in entries
    }


@pytest.fixture(params=sorted(DOCUMENTS))
def found(request):
    """The devices of one document."""
    return states(DOCUMENTS[request.param])


def test_documents_are_read(found):
    """Every kind with what it has of its own."""
    assert {state.kind for state in found.values()} >= set(KINDS) | {"dummy", "team"}
    bridge, port = found["br0"], found["d0"]
    assert (bridge.data.vlan_filtering, bridge.data.mcast_querier, bridge.data.stp) == (True, True, False)
    assert bridge.vlans == Vlans(1, ("1",), ("5",)) and bridge.port("d0").tagged == ("20-30",)
    assert bridge.link.addresses == ("10.9.9.1/24",) and bridge.link.routes == (LinkRoute("10.99.0.0/16", "10.9.9.2", 5, src="10.9.9.1"),)
    assert port.link.controller == "br0" and port.link.port.cost == 100 and port.link.port.pvid == 1
    assert (found["bond0"].data.mode, found["bond0"].data.arp_validate, found["bond0"].ports) == ("802.3ad", "none", ("d1",))
    assert found["v10"].data == Vlan(10, "802.1ad", True, False, False, False, False) and found["v10"].link.link == "d2"
    assert (found["vx0"].data.local, found["vx0"].data.remote, found["vx1"].data.group, found["vx1"].link.link) == ("10.0.0.1", "10.0.0.2", "239.1.1.1", "d2")
    assert found["tap0"].data == Tun("tap", "root", "root", True, True, True)
    assert (found["ve0"].data.peer, found["ve0"].link.link, found["ipv0"].data.flag) == ("ve1", None, "bridge")


def test_every_option_is_read_and_written(found):
    """What the kernel has of a device is found in JSON, and has a word; what is new in the later one may be missing in the other."""
    later = {"mab", "fdb_max_learned", "group", "remote", "local", "ttl", "tos", "maxaddress", "primary", "arp_ip_target", "ns_ip6_target"}
    for name in ("br0", "bond0", "v10", "mv0", "ipv0", "vx0", "tap0"):
        data = found[name].data
        assert {each for each, unused in declared(type(data)) if getattr(data, each) is None} <= later, name
        words = link_words.options(data)
        assert all(row.word is None or row.word in words or f"no{row.word}" in words or row.style == "bare" or getattr(data, option) in (None, ())
                   for option, row in TABLE[type(data)].items()), name


def test_new_devices_have_what_the_table_says(found):
    """What is taken for usual is what the kernel gives."""
    assert unusual(found["vx0"].data) == Vxlan(id=42, local="10.0.0.1", remote="10.0.0.2")
    assert unusual(found["bond0"].data) == Bond(mode="802.3ad", miimon=100)
    assert unusual(found["br0"].data) == Bridge(vlan_filtering=True, mcast_querier=True)
    assert {name for name, unused in declared(PortSettings)} - set(DEFAULTS[PortSettings]) == {"cost"}
    assert brief({"state": "present", "kind": "bridge", "stp": False, "priority": 7, "ports": [{"name": "a", "flood": True}]}) == {
        "state": "present", "kind": "bridge", "priority": 7, "ports": [{"name": "a"}]}


def test_what_is_written_down_is_read_again(found):
    """The whole of a device, and one of which little is asked; an empty list is not nothing."""
    for name, state in found.items():
        again = link_record.load(name, json.loads(json.dumps(link_record.dump(state))))
        assert (again.link, again.data, again.ports, again.vlans) == (state.link, state.data, state.ports, state.vlans)
    little = LinkState("a", "dummy", Link(addresses=Bag()))
    assert link_record.load("a", link_record.dump(little)).link.addresses == ()


MADE = [
    (LinkState("br0", "bridge", Link(mtu=1400), Bridge(stp=True), lab="web"),
     ["ip link add name br0 mtu 1400 type bridge stp_state 1", "ip link set dev br0 alias virtlab:web"]),
    (LinkState("t0", "tun", Link(mac="52:54:00:00:00:01"), Tun("tap", "nobody", None, True, False, None)),
     ["ip tuntap add dev t0 mode tap user nobody multi_queue", "ip link set dev t0 address 52:54:00:00:00:01"]),
    (LinkState("v5", "vlan", Link(link="eth0"), Vlan(id=5, gvrp=True)), ["ip link add link eth0 name v5 type vlan id 5 gvrp on"]),
    (LinkState("vx", "vxlan", Link(link="eth0"), Vxlan(id=5, learning=False)), ["ip link add name vx type vxlan id 5 nolearning dev eth0 dstport 4789"]),
    (LinkState("b0", "bond", Link(), Bond(mode="802.3ad", lacp_rate="fast", arp_ip_target=Bag(["10.0.0.1", "10.0.0.2"]))),
     ["ip link add name b0 type bond mode 802.3ad arp_ip_target 10.0.0.1,10.0.0.2 lacp_rate fast"]),
]


@pytest.mark.parametrize(("state", "commands"), MADE)
def test_devices_are_made_with_these_words(state, commands):
    """One command where one does."""
    assert [" ".join(command) for command in link_words.create(state.name, state)] == commands


def test_what_is_set_of_one_device_is_one_command():
    """As far as the kernel takes it in that order; names may be words as well."""
    commands = [
        ("ip", "tuntap", "add", "dev", "up", "mode", "tap"),
        *link_words.mark("up", "web"), *link_words.controller("up", "master"), *link_words.updown("up", True), (print, "up"), (print, "up"),
        *link_words.controller("t1", "br0"), *link_words.mark("t1", "web"), *link_words.updown("t1", False), *link_words.controller("t1", "bond0"),
        *link_words.change("t1", "tun", Link(txqueuelen=7), None), *link_words.updown("t1", True),
    ]
    said = [" ".join(command) for command in link_words.joined(commands) if not callable(command[0])]
    assert said == ["ip tuntap add dev up mode tap", "ip link set dev up alias virtlab:web master master up", "ip link set dev t1 master br0",
                    "ip link set dev t1 alias virtlab:web", "ip link set dev t1 down", "ip link set dev t1 master bond0",
                    "ip link set dev t1 txqueuelen 7", "ip link set dev t1 up"]


def test_vlans_change_as_little_as_can_be():
    """Ranges are told at once, and what stays is not touched."""
    commands = [" ".join(command) for command in link_words.vlans("p", Vlans(1, ("1",), ("20-30",)), Vlans(7, ("7",), ("20-29", "40")), False)]
    assert commands == ["bridge vlan del dev p vid 1", "bridge vlan del dev p vid 30", "bridge vlan add dev p vid 7 pvid untagged",
                        "bridge vlan add dev p vid 40"]


def test_units_say_all_that_was_asked():
    """A file for the device, and what is added to those of its ports and of the device below."""
    ports = Bag([BridgePort(name="eth1", pvid=7, tagged=("9",), isolated=True, guard=True)])
    link = Link(addresses=Bag(["10.0.0.1/24"]), routes=Bag([LinkRoute("default", "10.0.0.9")]))
    record = LinkState("br0", "bridge", link, Bridge(stp=True, forward_delay=400), ports, lab="web")
    units = networkd.units(record, lambda device: None)
    assert sorted(units) == ["00-virtlab-br0.link", "00-virtlab-br0.netdev", "00-virtlab-br0.network", "00-virtlab-eth1.network",
                             "00-virtlab-eth1.network.d/virtlab-br0.conf"]
    assert units["00-virtlab-eth1.network"] is None and "Name=eth1" in networkd.bare("/etc/systemd/network/00-virtlab-eth1.network")
    assert "[Bridge]\nSTP=yes\nForwardDelaySec=4000ms\n" in units["00-virtlab-br0.netdev"]
    network = units["00-virtlab-br0.network"]
    assert "Address=10.0.0.1/24\n" in network and "Destination=0.0.0.0/0\nGateway=10.0.0.9\n" in network and "Protocol=118\n" in network
    drop_in = units["00-virtlab-eth1.network.d/virtlab-br0.conf"]
    assert all(line in drop_in for line in ("Bridge=br0", "Isolated=yes", "UseBPDU=no", "VLAN=9", "EgressUntagged=7", "PVID=7"))
    below = networkd.units(LinkState("v5", "vlan", Link(link="eth0"), Vlan(id=5)), lambda device: "20-eth0.network")
    assert "[Network]\nVLAN=v5\n" in below["20-eth0.network.d/virtlab-v5.conf"] and "00-virtlab-eth0.network" not in below


def test_gaps_are_named():
    """What networkd has no word for; and what an old one does not do."""
    record = LinkState("br0", "bridge", Link(txqueuelen=5), Bridge(mcast_hash_max=7, stp=True), Bag([BridgePort(name="a", bcast_flood=False, pvid=7)]))
    assert networkd.gaps(record, 257) == ["mcast_hash_max", "ports[a].bcast_flood", "txqueuelen"]
    assert len(networkd.gaps(record, 252)) == 4
    assert networkd.gaps(LinkState("t", "tun", Link(port=PortOptions(locked=True)), Tun(mode="tap")), 257) == ["port.locked"]
