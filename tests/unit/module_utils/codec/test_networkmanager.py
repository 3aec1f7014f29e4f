# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager's profiles of devices: every option that has a word, what has none, and what is composed from several records."""

from __future__ import annotations

import configparser

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import networkmanager as nm
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort, PortOptions, PortSettings, Vlans
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkRoute, LinkState
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, IpVlan, MacVlan, Nic, Tun, Veth, Vlan, Vxlan
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag

OLD, NEW = (1, 42, 4), (1, 52, 1)
#: what a device of a kind is not made without
NEEDED = {"vlan": Vlan(id=5), "vxlan": Vxlan(id=9), "veth": Veth(peer="other")}

#: options of each class, and what is written for them
WRITTEN = {
    ("nic", Link): [({"mtu": 1400}, "mtu=1400"), ({"mac": "52:54:00:00:00:01"}, "cloned-mac-address=52:54:00:00:00:01"),
                    ({"txqueuelen": 500}, "tx-queue-length=500")],
    ("bridge", Bridge): [
        ({"stp": True}, "stp=true"), ({"stp": False}, "stp=false"), ({"priority": 4096}, "priority=4096"), ({"forward_delay": 400}, "forward-delay=4"),
        ({"stp": True, "forward_delay": 0}, "forward-delay=2"), ({"hello_time": 100}, "hello-time=1"), ({"max_age": 600}, "max-age=6"),
        ({"ageing_time": 0}, "ageing-time=0"), ({"group_fwd_mask": 8}, "group-forward-mask=8"),
        ({"group_address": "01:80:c2:00:00:0a"}, "group-address=01:80:C2:00:00:0A"), ({"vlan_filtering": True}, "vlan-filtering=true"),
        ({"vlan_filtering": True, "vlan_protocol": "802.1ad"}, "vlan-protocol=802.1ad"),
        ({"vlan_filtering": True, "vlan_default_pvid": 0}, "vlan-default-pvid=0"),
        ({"vlan_stats_enabled": True}, "vlan-stats-enabled=true"), ({"mcast_snooping": False}, "multicast-snooping=false"),
        ({"mcast_querier": True}, "multicast-querier=true"), ({"mcast_hash_max": 512}, "multicast-hash-max=512"),
        ({"mcast_router": 2}, "multicast-router=enabled"), ({"mcast_query_use_ifaddr": True}, "multicast-query-use-ifaddr=true"),
        ({"mcast_last_member_count": 3}, "multicast-last-member-count=3"), ({"mcast_startup_query_count": 3}, "multicast-startup-query-count=3"),
        ({"mcast_last_member_interval": 150}, "multicast-last-member-interval=150"),
        ({"mcast_membership_interval": 150}, "multicast-membership-interval=150"), ({"mcast_querier_interval": 150}, "multicast-querier-interval=150"),
        ({"mcast_query_interval": 150}, "multicast-query-interval=150"),
        ({"mcast_query_response_interval": 150}, "multicast-query-response-interval=150"),
        ({"mcast_startup_query_interval": 150}, "multicast-startup-query-interval=150"),
    ],
    ("tun", Tun): [({"mode": "tun"}, "mode=1"), ({"mode": "tap"}, "mode=2"), ({"owner": "me"}, "owner=7"), ({"group": "us"}, "group=7"),
                   ({"multi_queue": True}, "multi-queue=true"), ({"vnet_hdr": True}, "vnet-hdr=true"), ({"pi": False}, "pi=false")],
    ("bond", Bond): [
        ({"mode": "active-backup"}, "mode=active-backup"), ({"miimon": 150}, "miimon=150"), ({"miimon": 100, "updelay": 200}, "updelay=200"),
        ({"miimon": 100, "downdelay": 200}, "downdelay=200"), ({"miimon": 100, "peer_notify_delay": 200}, "peer_notif_delay=200"),
        ({"use_carrier": False}, "use_carrier=0"), ({"arp_interval": 100, "arp_ip_target": Bag(["10.0.0.1"])}, "arp_interval=100"),
        ({"arp_interval": 100, "arp_ip_target": Bag(["10.0.0.1", "10.0.0.2"])}, "arp_ip_target=10.0.0.1,10.0.0.2"),
        ({"arp_validate": "all"}, "arp_validate=all"), ({"arp_all_targets": "all"}, "arp_all_targets=all"),
        ({"arp_interval": 9, "ns_ip6_target": Bag(["fd00::1"])}, "ns_ip6_target=fd00::1"),
        ({"mode": "active-backup", "primary": "a"}, "primary=a"), ({"primary_reselect": "better"}, "primary_reselect=better"),
        ({"fail_over_mac": "active"}, "fail_over_mac=active"), ({"xmit_hash_policy": "layer3+4"}, "xmit_hash_policy=layer3+4"),
        ({"resend_igmp": 2}, "resend_igmp=2"), ({"num_grat_arp": 2}, "num_grat_arp=2"), ({"all_slaves_active": True}, "all_slaves_active=1"),
        ({"min_links": 1}, "min_links=1"), ({"lp_interval": 2}, "lp_interval=2"), ({"packets_per_slave": 2}, "packets_per_slave=2"),
        ({"tlb_dynamic_lb": False}, "tlb_dynamic_lb=0"), ({"mode": "802.3ad", "lacp_rate": "fast"}, "lacp_rate=fast"),
        ({"lacp_active": False}, "lacp_active=off"), ({"ad_select": "count"}, "ad_select=count"), ({"ad_user_port_key": 7}, "ad_user_port_key=7"),
        ({"ad_actor_sys_prio": 7}, "ad_actor_sys_prio=7"), ({"ad_actor_system": "02:00:00:00:00:01"}, "ad_actor_system=02:00:00:00:00:01"),
    ],
    ("vlan", Vlan): [({"id": 7}, "id=7"), ({"id": 7, "protocol": "802.1ad"}, "protocol=802.1ad"), ({"id": 7}, "flags=1"),
                     ({"id": 7, "reorder_hdr": False}, "flags=0"), ({"id": 7, "gvrp": True}, "flags=3"), ({"id": 7, "loose_binding": True}, "flags=5"),
                     ({"id": 7, "mvrp": True}, "flags=9")],
    ("macvlan", MacVlan): [({"mode": "bridge"}, "mode=2"), ({"mode": "passthru"}, "mode=4")],
    ("ipvlan", IpVlan): [({"mode": "l2"}, "mode=1"), ({"flag": "vepa"}, "vepa=true"), ({"flag": "private"}, "private=true")],
    ("vxlan", Vxlan): [({"id": 9, **given}, text) for given, text in [
        ({}, "id=9"), ({"local": "10.0.0.1"}, "local=10.0.0.1"), ({"remote": "10.0.0.2"}, "remote=10.0.0.2"), ({"group": "239.1.1.1"}, "remote=239.1.1.1"),
        ({"dstport": 8472}, "destination-port=8472"), ({"srcport_min": 5}, "source-port-min=5"), ({"srcport_max": 6}, "source-port-max=6"),
        ({"ttl": 5}, "ttl=5"), ({"tos": 5}, "tos=5"), ({"ageing": 5}, "ageing=5"), ({"maxaddress": 5}, "limit=5"), ({"learning": False}, "learning=false"),
        ({"proxy": True}, "proxy=true"), ({"rsc": True}, "rsc=true"), ({"l2miss": True}, "l2-miss=true"), ({"l3miss": True}, "l3-miss=true"),
    ]],
}


def record(name, kind, link=None, data=None, **more):
    """A LinkState of what was asked."""
    return LinkState(name, kind, link or Link(), data, lab="web", **more)


def text_of(*records, name=None, version=NEW):
    """The text of a device's profile, which is the same wherever it is told; the last record's where no ``name`` is said."""
    found = nm.profiles({each.name: each for each in records}, version, lambda option, name: "7")
    file = nm.file(name or records[-1].name)
    texts = {files[file] for files in found.values() if file in files}
    assert len(texts) == 1, texts
    return texts.pop()


def sections(text):
    """{section: {key: value}} of a profile; a key that is there twice is an error."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters="=")
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


CASES = [(kind, cls, given, line) for (kind, cls), pairs in WRITTEN.items() for given, line in pairs]


@pytest.mark.parametrize(("kind", "cls", "given", "line"), CASES)
def test_what_is_asked_is_written(kind, cls, given, line):
    """Every option that has a word; where it has none in an old version, it is set at boot."""
    link = cls(**given) if cls is Link else Link(link="eth0") if kind in ("vlan", "macvlan", "ipvlan") else Link()
    state = record("x", kind, link, None if cls is Link else cls(**given))
    assert line in text_of(state).splitlines()
    assert [line for line in at_boot(state, NEW) if "txqueuelen" not in line] == []
    if any(nm.SINCE.get(cls, {}).get(name, (0,)) > OLD for name in given):
        assert line not in text_of(state, version=OLD).splitlines()


def test_every_word_is_exercised():
    """The table of what is written has every key; and what has no word is told."""
    asked = {}
    for cls, given in ((cls, given) for unused, cls, given, unused_line in CASES):
        asked.setdefault(cls, set()).update(given)
    assert {cls: set(keys) - asked.get(cls, set()) for cls, keys in nm.KEYS.items() if cls is not PortSettings} == {cls: set() for cls in asked}
    assert set(nm.words(NEW)[Bond]) - set(nm.words(OLD)[Bond]) == {"ns_ip6_target", "lacp_active"}
    assert nm.kinds(NEW) - nm.kinds(OLD) == {"ipvlan"}


def test_a_bridge_its_ports_and_whom_they_concern():
    """One file a device, from its own record and the bridge's; a port without a record is a NIC."""
    port = BridgePort(name="tap0", pvid=7, tagged=("20-30",), cost=55)
    bridge = record("br0", "bridge", Link(addresses=Bag(["10.5.0.1/24"])), Bridge(vlan_filtering=True), vlans=Vlans(pvid=7, tagged=("9",)),
                    ports=Bag([port, BridgePort(name="eth1")]))
    tap = record("tap0", "tun", Link(port=PortOptions(hairpin=True)), Tun(mode="tap"))
    found = nm.profiles({"br0": bridge, "tap0": tap}, OLD)
    assert {name: sorted(files) for name, files in found.items()} == {
        "br0": ["virtlab-br0.nmconnection", "virtlab-eth1.nmconnection", "virtlab-tap0.nmconnection"], "tap0": ["virtlab-tap0.nmconnection"],
    }
    assert found["tap0"]["virtlab-tap0.nmconnection"] == found["br0"]["virtlab-tap0.nmconnection"]
    first, second, third = (sections(text) for unused, text in sorted(found["br0"].items()))
    assert first == {
        "connection": {"id": "virtlab-br0", "uuid": nm.identity("br0"), "type": "bridge", "interface-name": "br0", "autoconnect": "true",
                       "autoconnect-priority": "900", "autoconnect-slaves": "1"},
        "bridge": {"stp": "false", "vlan-filtering": "true", "vlans": "7 pvid untagged, 9"},
        "ipv4": {"method": "manual", "dad-timeout": "0", "route-metric": "0", "address1": "10.5.0.1/24"}, "ipv6": {"method": "ignore"},
    }
    assert second["connection"].items() >= {"type": "ethernet", "interface-name": "eth1", "master": "br0", "slave-type": "bridge"}.items()
    assert "bridge-port" not in second and "ipv4" not in second
    assert third["bridge-port"] == {"path-cost": "55", "hairpin-mode": "true", "vlans": "7 pvid untagged, 20-30"}
    assert third["tun"] == {"mode": "2"}


def test_a_port_by_its_own_record():
    """Which names a controller that has one, too; another's would not be there."""
    bond, port = record("bond0", "bond", data=Bond(mode="802.3ad")), record("eth1", "nic", Link(controller="bond0"))
    assert "master=bond0\nslave-type=bond\n" in text_of(bond, port)
    assert "miimon=100" in text_of(port, bond) and "bridge-port" not in text_of(bond, port)
    assert "master" not in text_of(port)
    assert at_boot(port, NEW) == ["ip link set dev eth1 master bond0"]
    assert at_boot(port, NEW, {"bond0": bond, "eth1": port}) == []


def test_what_others_would_have_by_themselves():
    """NetworkManager's defaults are not those of ip(8)."""
    texts = {kind: text_of(record("x", kind, Link(link="eth0"), NEEDED.get(kind))) for kind in ("bridge", "bond", "vxlan", "macvtap", "tun", "veth", "dummy")}
    expected = {"bridge": ["stp=false"], "bond": ["mode=balance-rr", "miimon=0"], "vxlan": ["destination-port=4789"], "macvtap": ["mode=1", "tap=true"],
                "tun": ["mode=2"], "veth": ["peer=other"], "dummy": ["type=dummy"]}
    assert {kind: [line for line in lines if line not in texts[kind].splitlines()] for kind, lines in expected.items()} == dict.fromkeys(expected, [])
    assert sections(texts["dummy"])["ipv4"] == {"method": "disabled"} and sections(texts["dummy"])["ipv6"] == {"method": "ignore"}


def test_what_does_not_go_together_is_left_out_of_a_bond():
    """NetworkManager takes no profile that has it."""
    text = text_of(record("b", "bond", data=Bond(primary="a", updelay=100, arp_ip_target=Bag(["10.0.0.1"]), lacp_rate="fast")))
    assert sections(text)["bond"] == {"mode": "balance-rr", "miimon": "0"}


def test_addresses_and_routes():
    """With the kernel's metrics, whatever else there is."""
    routes = [LinkRoute("10.6.0.0/16", "10.5.0.9", 50, table=100, src="10.5.0.1", onlink=True), LinkRoute("default", "10.5.0.9"),
              LinkRoute("fd00:6::/64", "fd00:5::9"), LinkRoute("10.7.0.0/16")]
    state = record("x", "dummy", Link(addresses=Bag(["10.5.0.1/24", "10.5.1.1/24", "fd00:5::1/64"]), routes=Bag(routes)))
    found = sections(text_of(state))
    assert found["ipv4"] == {
        "method": "manual", "dad-timeout": "0", "route-metric": "0", "address1": "10.5.0.1/24", "address2": "10.5.1.1/24",
        "route1": "10.6.0.0/16,10.5.0.9,50", "route1_options": "table=100,src=10.5.0.1,onlink=true", "route2": "0.0.0.0/0,10.5.0.9,0",
        "route3": "10.7.0.0/16,0.0.0.0,0",
    }
    assert found["ipv6"] == {"method": "manual", "addr-gen-mode": "eui64", "route-metric": "256", "address1": "fd00:5::1/64",
                             "route1": "fd00:6::/64,fd00:5::9,1024"}
    assert at_boot(state, NEW) == []
    alone = sections(text_of(record("x", "dummy", Link(routes=Bag([routes[2]])))))
    assert (alone["ipv4"]["method"], alone["ipv6"]["method"]) == ("disabled", "link-local")


#: a port without a record may be a NIC, for which there is a profile, or anything else
JOINED = ["ip link set dev a master b", "ip link set dev a up"]
LEFT = [
    (record("b", "bridge", data=Bridge(forward_delay=401, mcast_igmp_version=3)), ["ip link set dev b type bridge forward_delay 401 mcast_igmp_version 3"]),
    (record("b", "bridge", data=Bridge(vlan_filtering=True), ports=Bag([BridgePort(name="a", isolated=True, pvid=7)])),
     [*JOINED, "ip link set dev a type bridge_slave isolated on", "bridge vlan add dev a vid 7 pvid untagged",
      "ip link set dev a type bridge_slave isolated on", "bridge vlan del dev a vid 1"]),
    (record("b", "bridge", data=Bridge(vlan_filtering=True), ports=Bag([BridgePort(name="a", pvid=7, untagged=("1",))])),
     [*JOINED, "bridge vlan add dev a vid 7 pvid untagged", "bridge vlan add dev a vid 1 untagged"]),
    (record("b", "bridge", data=Bridge(vlan_filtering=True, vlan_default_pvid=0), vlans=Vlans(pvid=7)), []),
    (record("t", "tun", Link(up=False, port=PortOptions(locked=True)), Tun(mode="tap")),
     ["ip link set dev t type bridge_slave locked on", "ip link set dev t down"]),
    (record("n", "nic", Link(up=False, txqueuelen=5), Nic(sriov_numvfs=4)),
     ["4 > /sys/class/net/n/device/sriov_numvfs", "ip link set dev n txqueuelen 5"]),
    (record("v", "vlan", Link(link="eth0"), Vlan(id=5, bridge_binding=True)), ["ip link set dev v type vlan bridge_binding on"]),
    (record("v", "vxlan", data=Vxlan(id=5, df="set", gbp=False)), ["ip link set dev v type vxlan df set"]),
]
#: devices that it cannot make
UNMADE = [
    record("v", "vxlan", Link(addresses=Bag(["10.0.0.1/8"])), Vxlan(external=True)), record("i", "ipvlan", Link(link="eth0"), IpVlan()),
    record("i", "ipvtap", Link(link="eth0"), IpVlan()),
]


def at_boot(state, version, records=None):
    """What is left to be done at boot, as lines."""
    entries = nm.at_boot(records or {state.name: state}, version)[state.name]
    assert all((number == 0) == (entry.get("run") == [nm.STARTED]) for number, entry in enumerate(entries))
    return ["; ".join(map(" ".join, entry.get("run", ()))) or f"{entry['write']} > {entry['to']}" for entry in entries[1:]]


@pytest.mark.parametrize(("state", "left"), LEFT)
def test_what_has_no_word_is_done_at_boot(state, left):
    """And left out of the profile."""
    assert at_boot(state, OLD) == left
    assert nm.file(state.name) in nm.profiles({state.name: state}, OLD)[state.name]


@pytest.mark.parametrize("state", UNMADE)
def test_what_cannot_be_made_is_made_by_us(state):
    """With all that it has, and no profile."""
    lines = at_boot(state, OLD)
    assert lines[0].startswith("ip link add ") and f"ip link set dev {state.name} up" in lines
    assert [line for line in lines if "address" in line] == [f"ip address replace {cidr} broadcast + dev {state.name}" for cidr in state.link.addresses or ()]
    assert nm.file(state.name) not in nm.profiles({state.name: state}, OLD)[state.name]


def test_a_port_has_no_addresses():
    """NetworkManager gives a port none, so they are given at boot."""
    bridge, port = record("b", "bridge", data=Bridge(), ports=Bag([BridgePort(name="d")])), record("d", "dummy", Link(addresses=Bag(["10.0.0.1/8"])))
    assert at_boot(port, NEW, {"b": bridge, "d": port}) == ["ip address replace 10.0.0.1/8 broadcast + dev d"]


def test_a_nic_that_is_to_be_down_is_not_brought_up():
    """Another device would not be there at all."""
    down = Link(up=False)
    assert "autoconnect=false" in text_of(record("eth1", "nic", down)) and "autoconnect=true" in text_of(record("d", "dummy", down))


def test_files_beside_the_profiles():
    """udev's, and NetworkManager's own configuration."""
    cable = record("a", "veth", data=Veth(peer="b"))
    bridge = record("br0", "bridge", Link(txqueuelen=7), Bridge(), ports=Bag([BridgePort(name="b"), BridgePort(name="eth1")]))
    records = {"a": cable, "br0": bridge, "eth1": record("eth1", "nic")}
    links = nm.links(records)
    assert sorted(links) == ["a", "br0"]
    assert sections(links["br0"]["00-virtlab-br0.link"]) == {
        "Match": {"OriginalName": "br0"},
        "Link": {"NamePolicy": "keep kernel", "MACAddressPolicy": "none", "Alias": "virtlab:web", "TransmitQueueLength": "7"},
    }
    found = sections(nm.configuration(records))
    assert found["keyfile"]["unmanaged-devices+"].startswith("interface-name:vnet*;interface-name:virbr*;interface-name:macvtap*;except:interface-name:a;")
    assert found["device-virtlab"] == {"match-device": "interface-name:a;interface-name:b;interface-name:br0;interface-name:eth1", "ignore-carrier": "yes"}
    assert found["device-virtlab-cables"] == {"match-device": "interface-name:a;interface-name:b", "managed": "yes"}
    assert list(sections(nm.configuration({}))) == ["keyfile"]
