# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices between ip(8)'s JSON, ip(8)'s words, networkd's units, and what is written down of them. The JSON is what two releases of iproute2 printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import boot, interfaces, link_json, link_record, link_words, networkd
from ansible_collections.virtlab.network.plugins.module_utils.codec.link_table import TABLE
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort, PortOptions, PortSettings, Vlans
from ansible_collections.virtlab.network.plugins.module_utils.model.link import KINDS, Link, LinkRoute, LinkState
from ansible_collections.virtlab.network.plugins.module_utils.model.link_defaults import DEFAULTS, brief, unusual
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Nic, Team, Tun, Vlan, Vxlan
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
    assert found["v10"].data == Vlan(10, "802.1ad", True, False, False, False, False, Bag(["1:2"]), Bag(["0:1"])) and found["v10"].link.link == "d2"
    assert (found["vx0"].data.local, found["vx0"].data.remote, found["vx1"].data.group, found["vx1"].link.link) == ("10.0.0.1", "10.0.0.2", "239.1.1.1", "d2")
    assert found["tap0"].data == Tun("tap", "root", "root", True, True, True)
    assert (found["ve0"].data.peer, found["ve0"].link.link, found["ipv0"].data.flag) == ("ve1", None, "bridge")


def test_the_port_that_a_bond_uses_is_known():
    """To the bond, and to that port, and to no other."""
    bond = {"ifname": "bond0", "linkinfo": {"info_kind": "bond", "info_data": {"mode": "active-backup", "active_slave": "d1"}}}
    idle = {"ifname": "bond0", "linkinfo": {"info_kind": "bond", "info_data": {"mode": "802.3ad"}}}
    pairs = (bond, {}), ({"ifname": "d1"}, bond), ({"ifname": "d2"}, bond), ({"ifname": "d1"}, idle), ({"ifname": "d1"}, {})
    assert [link_json.active(*each) for each in pairs] == [("bond0", "d1"), ("bond0", "d1"), None, None, None]


def test_routes_that_look_like_the_kernels_are_told_apart():
    """They have a metric, which the kernel gives none of its own of IPv4's."""
    entry = {"type": "1", "dst": "10.0.0.0/24", "protocol": "2", "scope": "253", "prefsrc": "10.0.0.1", "flags": []}
    assert link_json.prefix_route(entry) is None and link_json.others_route({**entry, "metric": 100}, 4) is None
    assert link_json.prefix_route({**entry, "metric": 100}).words == (
        "to", "unicast", "10.0.0.0/24", "proto", "2", "scope", "253", "src", "10.0.0.1", "metric", "100")


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
    (LinkState("v5", "vlan", Link(link="eth0"), Vlan(id=5, gvrp=True, ingress_qos_map=Bag(["1:2", "3:4"]), egress_qos_map=Bag())),
     ["ip link add link eth0 name v5 type vlan id 5 gvrp on ingress-qos-map 1:2 3:4"]),
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
    assert "LinkLocalAddressing=ipv6" in network and "LinkLocalAddressing=no" in drop_in  # networkd gives none where it keeps a master
    port = networkd.units(LinkState("t", "tun", Link(controller="br0"), Tun("tap")), lambda device: None)
    assert "LinkLocalAddressing" not in port["00-virtlab-t.network"]
    below = networkd.units(LinkState("v5", "vlan", Link(link="eth0"), Vlan(id=5)), lambda device: "20-eth0.network")
    assert "[Network]\nVLAN=v5\n" in below["20-eth0.network.d/virtlab-v5.conf"] and "00-virtlab-eth0.network" not in below


def words(record, default=False):
    """What is left to be done at boot where networkd brings devices back, as lines."""
    entries = boot.entries(record, networkd.KEYS, networkd.ELSEWHERE, networkd.KINDS, default)
    done = ["; ".join(map(" ".join, entry.get("run", ()))) or f"{entry['write']} > {entry['to']}" for entry in entries]
    return [text + (f" unless {entry['unless']}" if "unless" in entry else "") for text, entry in zip(done, entries)]


def test_what_networkd_has_no_word_for_is_done_at_boot():
    """Options, ports, VLANs that an old one leaves, virtual functions, and devices that it cannot make."""
    ports = Bag([BridgePort(name="a", bcast_flood=False, hairpin=True, pvid=7)])
    record = LinkState("br0", "bridge", Link(txqueuelen=5), Bridge(mcast_hash_max=7, stp=True, priority=0), ports)
    said = ["ip link set dev br0 txqueuelen 5", "ip link set dev br0 type bridge priority 0 mcast_hash_max 7",
            "ip link set dev a type bridge_slave bcast_flood off"]
    assert words(record) == said
    assert words(record, default=True) == [*said, "bridge vlan del dev a vid 1"]
    assert words(LinkState("t", "tun", Link(port=PortOptions(locked=True)), Tun(mode="tap"))) == ["ip link set dev t type bridge_slave locked on"]
    assert words(LinkState("eth1", "nic", Link(mtu=1400), Nic(sriov_numvfs=4))) == ["4 > /sys/class/net/eth1/device/sriov_numvfs"]
    assert words(LinkState("br0", "bridge", Link(mtu=1400), Bridge(stp=True, forward_delay=400), vlans=Vlans(pvid=9)), default=True) == [
        "bridge vlan del dev br0 vid 1 self"]
    outer = LinkState("vx", "vxlan", Link(), Vxlan(external=True, learning=False), lab="web")
    assert words(outer) == ["ip link add name vx type vxlan nolearning external dstport 4789 unless vx", "ip link set dev vx alias virtlab:web"]
    assert "00-virtlab-vx.netdev" not in networkd.units(outer, lambda device: None)


def test_a_team_is_made_by_teamd_and_takes_ports_that_are_down():
    """At boot as in a run."""
    team = LinkState("t0", "team", Link(), Team(runner="lacp"), Bag(["a"]), lab="web")
    made = 'teamd -d -t t0 -c {"device": "t0", "runner": {"name": "lacp"}, "link_watch": {"name": "ethtool"}}'
    joined = "ip link set dev a down; ip link set dev a master t0"
    assert words(team) == [f"{made} unless t0", joined, "ip link set dev t0 alias virtlab:web"]
    assert sorted(networkd.units(team, lambda device: None)) == ["00-virtlab-t0.link", "00-virtlab-t0.network"]


def test_what_a_bond_is_only_told_while_it_is_down_is_not_said_at_boot():
    """It would cut off what is on it, and is named."""
    record = LinkState("b", "bond", Link(), Bond(mode="802.3ad", lacp_active=False, peer_notify_delay=100, miimon=100))
    assert boot.gaps(record, networkd.KEYS, networkd.ELSEWHERE) == ["bond.lacp_active"]
    assert words(record) == ["ip link set dev b type bond peer_notify_delay 100"]


IFUPDOWN = """\
source /etc/network/interfaces.d/*

auto lo eth0 eth1
iface lo inet loopback

allow-hotplug eth0
iface eth0 inet static
    address 192.0.2.5/24
    gateway 192.0.2.1

iface eth0 inet6 auto
iface eth1 inet dhcp
"""


def test_a_device_is_taken_out_of_ifupdowns_file_and_put_back():
    """What is said of others stays as it is."""
    assert [interfaces.method(IFUPDOWN, name) for name in ("lo", "eth0", "eth1", "eth")] == ["loopback", "static,auto", "dhcp", None]
    left = interfaces.without(IFUPDOWN, "eth0")
    assert "auto lo eth1\n#virtlab.network:eth0 auto eth0\n" in left and "iface eth1 inet dhcp\n" in left
    assert interfaces.method(left, "eth0") is None and interfaces.without(left, "eth0") == left
    again = interfaces.again(left, "eth0")
    assert again == IFUPDOWN.replace("auto lo eth0 eth1", "auto lo eth1\nauto eth0")


def test_times_that_stp_veils_are_not_read():
    """A shorter ageing_time while the topology changes, and the root's where another bridge is that; a third that merely is so in either case is read."""
    entry = next(json.loads(json.dumps(each)) for each in DOCUMENTS["iproute2-6.1"]["addresses"] if each["ifname"] == "br0")
    info = entry["linkinfo"]["info_data"]
    info.update(stp_state=1, topology_change=1, forward_delay=400, ageing_time=801)
    assert link_json.state(entry).data.ageing_time is None and link_json.state(entry).data.veiled == ("ageing_time",)
    info.update(ageing_time=6000, root_port=1)
    data = link_json.state(entry).data
    assert (data.ageing_time, data.forward_delay, data.hello_time, data.max_age) == (6000, None, None, None)
    info.update(stp_state=0)
    assert link_json.state(entry).data.veiled is None


def test_a_list_is_cleared_by_an_empty_word():
    """Which a batch has in quotes."""
    commands = list(link_words.change("b0", "bond", Link(), Bond(arp_ip_target=Bag())))
    assert commands == [("ip", "link", "set", "dev", "b0", "type", "bond", "arp_ip_target", "")]


def test_priorities_are_in_quotes():
    """YAML makes one number of digits and a colon."""
    kind = dict(declared(Vlan))["egress_qos_map"].kind
    assert kind.canonical("09:7") == "9:7"
    for value, words in (("184", "in quotes"), ("1:8", "TO from 0 to 7"), ("4294967296:1", "from 0 to 4294967295"), ("-1:1", "in quotes")):
        with pytest.raises(ValueError, match=words):
            kind.canonical(value)


def test_routes_of_others_are_told_as_they_were():
    """With all that ip(8) shows; one that shows more cannot be told; the kernel's and ours are none."""
    entry = {"type": "1", "dst": "10.6.0.0/16", "gateway": "10.5.0.9", "table": "254", "protocol": "99", "scope": "0", "prefsrc": "10.5.0.1", "metric": 5,
             "flags": ["onlink"], "metrics": [{"mtu": 1400, "advmss": 1000}]}
    route = link_json.others_route(entry, 4)
    assert (route.gateway, route.src, route.onlink, str(route)) == ("10.5.0.9", "10.5.0.1", True, "10.6.0.0/16 via 10.5.0.9")
    assert [" ".join(command) for command in link_words.reroute("a", route)] == [
        "ip route replace to unicast 10.6.0.0/16 via 10.5.0.9 onlink table 254 proto 99 scope 0 src 10.5.0.1 metric 5 mtu 1400 advmss 1000 dev a"]
    assert (route.asked, route.protocol) == (LinkRoute("10.6.0.0/16", "10.5.0.9", 5, 254, "10.5.0.1", True), "99")
    several = link_json.others_route({**entry, "nexthops": []}, 4)
    assert (several.words, several.asked) == ((), None)
    six = {"type": "1", "dst": "default", "table": "254", "protocol": "3", "scope": "0", "flags": [], "pref": "medium"}
    assert link_json.others_route(six, 6).words[:3] == ("to", "unicast", "::/0") and link_json.others_route(six, 6).asked.version == 6
    via = {**six, "dst": "10.8.0.0/16", "via": {"family": "inet6", "host": "fe80::5"}}
    assert link_json.others_route(via, 4).words[3:6] == ("via", "inet6", "fe80::5")
    assert [link_json.others_route({**entry, "protocol": number}, 4) for number in ("2", "9", "118")] == [None] * 3


def test_a_route_takes_the_place_of_anothers_at_no_loss():
    """A third is there all the while."""
    said = [" ".join(command) for command in link_words.supplant("a", LinkRoute("default", "10.0.0.9"), LinkRoute("default", "10.0.0.8"))]
    assert said == ["ip route replace to default via 10.0.0.8 dev a metric 4294967178 table 254 proto 118",
                    "ip route del to default via 10.0.0.9 dev a table 254", "ip route add to default via 10.0.0.8 dev a table 254 proto 118",
                    "ip route del to default via 10.0.0.8 dev a metric 4294967178 table 254"]


def test_what_belongs_to_a_device_in_ifupdowns_file():
    """Second addresses by names of their own, lines that go on, and methods that are not said."""
    text = "auto eth0 \\\n  eth1\nauto eth0:1\niface eth0:1 inet static\n  address 10.0.0.2/8\niface eth00 inet manual\niface eth2\n  address 10.0.0.3/8\n"
    assert [interfaces.method(text, name) for name in ("eth0", "eth1", "eth2", "eth00")] == ["static", None, "unknown", "manual"]
    left = interfaces.without(text, "eth0")
    mark = "#virtlab.network:eth0 "
    assert left == (f"auto eth1\n{mark}auto eth0\n{mark}auto eth0:1\n{mark}iface eth0:1 inet static\n{mark}  address 10.0.0.2/8\n"
                    "iface eth00 inet manual\niface eth2\n  address 10.0.0.3/8\n")
    assert interfaces.without(left, "eth0") == left
