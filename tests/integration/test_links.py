# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of the host: bridges, TAPs and their kin, with every option, as ip(8) and bridge(8) show them."""

from __future__ import annotations

import itertools
import json

import pytest

from testbed import guest
from testbed.bed import until
from tests.devices import UNREACHABLE, link, links, state_of
from tests.integration.test_restart import nic as nic_of

#: what every kernel has
PLAIN = ("bridge", "port", "tap", "tun", "veth", "macvlan", "macvtap", "vxlan")
BRIDGE = {"name": "test0", "addresses": ["10.77.0.1/24"]}
TAP = {"name": "test1", "controller": "test0"}


@pytest.mark.parametrize("kind", PLAIN)
def test_every_option(host, inside, kind):
    """Checked, set, unchanged the second time, and as ip(8) shows it."""
    *problems, count = inside(host, "links", kind).stdout.splitlines()
    assert problems == [] and int(count.split()[0]) >= 4


def test_a_bridge_and_a_tap_as_by_hand(ansible, host):
    """brctl addbr, ip tuntap add, brctl addif, brctl delif, ip tuntap del, brctl delbr; each again, which changes nothing."""
    tasks = [
        ("virt_bridge", {"name": "tester-bridge"}), ("virt_tap", {"name": "vm-vnic", "mode": "tap"}),
        ("virt_tap", {"name": "vm-vnic", "controller": "tester-bridge"}), ("virt_tap", {"name": "vm-vnic", "controller": ""}),
        ("virt_tap", {"name": "vm-vnic", "state": "absent"}), ("virt_bridge", {"name": "tester-bridge", "state": "absent"}),
    ]
    results = ansible.run(*(task for pair in zip(tasks, tasks) for task in pair))
    assert [result["changed"] for result in results] == [True, False] * len(tasks)
    assert results[4]["after"]["controller"] == "tester-bridge" and results[6]["after"]["controller"] == ""
    assert not {"tester-bridge", "vm-vnic"} & links(host)


def test_a_bridge_takes_the_place_of_ifcfg_files(ansible, host):
    """An address, its gateway and a NIC on a bridge, which libvirt's network in mode bridge then uses."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    task = {
        "bridges": [{"name": "test0", "addresses": ["10.10.10.98/24"], "routes": [{"dst": "10.20.0.0/16", "gateway": "10.10.10.1"}],
                     "forward_delay": 0, "ports": [{"name": "test1"}], "persist": "none"}],
        "networks": [{"name": "bridged_network", "forward": {"mode": "bridge"}, "bridge": {"name": "test0"}}],
    }
    made, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert (made["changed"], again["changed"]) == (True, False), (made, again)
    assert link(host, "test1")["master"] == "test0"
    assert "10.20.0.0/16 via 10.10.10.1 dev test0 proto 118" in host.run("ip", "route").stdout
    assert "warnings" not in made


def test_the_life_of_a_device(ansible, host):
    """Check, create, again, update, absent, again; what check mode says is what happens."""
    before = links(host)
    first, second = {**BRIDGE, "mtu": 1400}, {"name": "test0", "stp": True, "addresses": ["10.77.0.2/24"]}
    check = ansible.module("virt_bridge", check=True, **first)
    assert check["changed"] and links(host) == before
    made, again, planned = ansible.module("virt_bridge", **first), ansible.module("virt_bridge", **first), ansible.module("virt_bridge", check=True, **second)
    assert made["changed"] and not again["changed"] and made["changes"] == check["changes"]
    assert link(host, "test0")["mtu"] == 1400 and link(host, "test0")["ifalias"] == "virtlab:default"
    updated = ansible.module("virt_bridge", **second)
    assert updated["changes"] == planned["changes"] and {change["field"] for change in updated["changes"]} == {"stp", "addresses"}
    assert updated["after"]["mtu"] == 1400 and updated["after"]["addresses"] == ["10.77.0.2/24"]
    gone, nothing = ansible.run(*[("virt_bridge", {"name": "test0", "state": "absent"})] * 2)
    assert (gone["changed"], nothing["changed"]) == (True, False) and links(host) == before


def test_devices_of_one_call_are_ordered(ansible, host):
    """Each is made before who refers to it, and goes after; the lab goes as a whole, and nothing else."""
    task = {
        "lab": "web",
        "networks": [{"name": "one", "ips": [{"address": "10.79.0.1/24"}], "bridge": {"name": "test-one"}}],
        "bridges": [{"name": "test0", "ports": [{"name": "test1"}, {"name": "test3"}]}, {"name": "test6"}],
        "taps": [{"name": "test1", "port": {"isolated": True}}, {"name": "test2", "controller": "test-one"}],
        "links": [{"name": "test3", "kind": "macvlan", "link": "test4"}, {"name": "test4", "kind": "veth", "veth": {"peer": "test5"}},
                  {"name": "test7", "kind": "veth", "veth": {"peer": "test8"}, "controller": "test6"}, {"name": "test8", "mtu": 1300},
                  {"name": "test10", "kind": "macvlan", "link": "test-one"}, {"name": "test11", "kind": "veth", "veth": {"peer": "test12"}},
                  {"name": "test12", "kind": "veth", "veth": {"peer": "test11"}, "addresses": ["10.79.1.1/24"]}],
    }
    made, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert (made["changed"], again["changed"]) == (True, False), (made, again)
    masters = {"test1": "test0", "test2": "test-one", "test3": "test0", "test7": "test6"}
    assert {name: link(host, name).get("master") for name in masters} == masters
    assert link(host, "test1")["linkinfo"]["info_slave_data"]["isolated"] is True
    assert link(host, "test8")["mtu"] == 1300 and [each["local"] for each in link(host, "test12")["addr_info"]][0] == "10.79.1.1"
    ansible.module("virt_bridge", name="test9", lab="other")
    gone = ansible.module("virt_host", lab="web", prune=True)
    assert gone["changed"] and [name for name in links(host) if name.startswith("test")] == ["test9"]


def test_guests_taps_are_never_thrown_off(ansible, host):
    """A list of ports that does not name them leaves them; a bridge under them goes by force alone."""
    ansible.module("virt_bridge", **BRIDGE)
    ansible.module("virt_network", name="one", forward={"mode": "bridge"}, bridge={"name": "test0"})
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    ansible.module("virt_bridge", name="test0", ports=[{"name": "test1"}])
    one = guest.start(host, "here", {"network": "one"}, kind="lxc")
    nic = nic_of(host)
    result = ansible.module("virt_bridge", name="test0", ports=[])
    assert result["after"]["unmanaged_ports"] == [nic] and link(host, nic)["master"] == "test0" and "master" not in link(host, "test1")
    assert f"in use by here ({nic})" in ansible.refused("virt_bridge", name="test0", state="absent")
    assert f"in use by here ({nic})" in ansible.refused("virt_bridge", name="test0", up=False)
    forced = ansible.module("virt_bridge", name="test0", state="absent", force=True)
    one.stop()
    assert [each["domain"] for each in forced["affected_guests"]] == ["here"] and "test0" not in links(host)


#: (module, options, what the error says); test0 is a bridge with the ports test1, a cable's end, and test9, a TAP; test8 is another bridge
BAD = [
    ("virt_bridge", {"name": "a-name-of-sixteen"}, "1 to 15 bytes"),
    ("virt_bridge", {"name": "a/b"}, "no slash"),
    ("virt_bridge", {"name": "eth0"}, "name is 'eth0': is a device of kind veth, and not bridge"),
    ("virt_bridge", {"name": "virbr0", "stp": False}, "is the bridge of libvirt's network default"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "test1"}]}, "ports is 'test1': test1 is a port of test0; say steal: true"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "test7"}]}, "ports is 'test7': no such device"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "test0"}]}, "is a bridge itself"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "lo"}]}, "lo is no Ethernet device"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "eth0"}]}, "eth0 has 198.51.100.11/24"),
    ("virt_bridge", {"name": "test8", "ports": [{"name": "test2"}, {"name": "test2"}]}, "ports is 'test2': is there twice"),
    ("virt_bridge", {"name": "test0", "ports": [{"name": "test1", "pvid": 0}]}, "ports[0].pvid is 0: must be from 1 to 4094"),
    ("virt_bridge", {"name": "test0", "ports": [{"name": "test1", "tagged": ["4095"]}]}, "ports[0].tagged[0] is '4095'"),
    ("virt_bridge", {"name": "test0", "ports": [{"name": "test1", "tagged": ["5"], "untagged": ["4-6"]}]}, "is in untagged as well"),
    ("virt_bridge", {"name": "test0", "mtu": 1400}, "mtu is 1400: is below that of port test"),
    ("virt_bridge", {"name": "test0", "addresses": ["198.51.100.11/24"]}, "is eth0's"),
    ("virt_bridge", {"name": "test0", "addresses": ["10.0.0.0.1/24"]}, "must be an address with its prefix"),
    ("virt_bridge", {"name": "test0", "group_fwd_mask": 1}, "the lowest three bits"),
    ("virt_bridge", {"name": "test0", "vlan_stats_per_port": True}, "this host's kernel or iproute2 has no vlan_stats_per_port"),
    ("virt_bridge", {"name": "test0", "vlan_filtering": True}, "Operation not supported"),
    ("virt_tap", {"name": "test7", "owner": "nobody-of-that-name"}, "knows nobody of that name"),
    ("virt_tap", {"name": "test7", "mode": "tun", "controller": "test0"}, "carries IP packets"),
    ("virt_tap", {"name": "test7", "controller": "test6"}, "controller is 'test6': no such device"),
    ("virt_tap", {"name": "test7", "controller": "test1"}, "is a device of kind veth"),
    ("virt_tap", {"name": "test7", "port": {"isolated": True}}, "is no bridge's port"),
    ("virt_link", {"name": "test7"}, "name is 'test7': no such device"),
    ("virt_link", {"name": "test7", "kind": "vlan", "link": "eth0"}, "vlan.id is None"),
    ("virt_link", {"name": "test7", "kind": "vlan", "vlan": {"id": 4095}, "link": "eth0"}, "vlan.id is 4095: must be from 1 to 4094"),
    ("virt_link", {"name": "test7", "kind": "vlan", "vlan": {"id": 5, "ingress_qos_map": ["8:1"]}, "link": "eth0"}, "with FROM from 0 to 7"),
    ("virt_link", {"name": "test7", "kind": "vlan", "vlan": {"id": 5, "egress_qos_map": ["1:8"]}, "link": "eth0"}, "and TO from 0 to 7"),
    ("virt_link", {"name": "test7", "kind": "vlan", "vlan": {"id": 5, "egress_qos_map": [184]}, "link": "eth0"}, "and in quotes"),
    ("virt_link", {"name": "test7", "kind": "vlan", "vlan": {"id": 5, "egress_qos_map": ["1:2", "01:3"]}, "link": "eth0"}, "is there twice"),
    ("virt_link", {"name": "test7", "kind": "macvlan"}, "link is None: a macvlan is on top of another device"),
    ("virt_link", {"name": "test7", "kind": "macvlan", "link": "test6"}, "link is 'test6': no such device"),
    ("virt_link", {"name": "test7", "kind": "macvlan", "link": "test2", "mtu": 9000}, "mtu is 9000: is above that of test2 (1500)"),
    ("virt_link", {"name": "test7", "kind": "bond"}, "this kernel has no bond devices"),
    ("virt_link", {"name": "test7", "kind": "team"}, "no teamd(8): install the package libteam-utils"),
    ("virt_link", {"name": "test7", "kind": "dummy", "vlan": {"id": 5}}, "is not for a device of kind dummy"),
    ("virt_link", {"name": "test7", "kind": "nic"}, "no such device"),
    ("virt_link", {"name": "test7", "kind": "veth", "ports": ["test2"]}, "a device of kind veth has none"),
    ("virt_link", {"name": "lo", "state": "absent"}, "lo is a NIC"),
    ("virt_bridge", {"name": "default"}, "the kernel has settings of that name"),
    ("virt_bridge", {"name": "test0", "addresses": ["10.5.0.7"]}, "must be given with its prefix, such as 10.5.0.7/24"),
    ("virt_bridge", {"name": "test0", "addresses": ["224.0.0.5/24"]}, "must be the address of one device"),
    ("virt_bridge", {"name": "test0", "routes": [{"dst": "10.0.0.0/8", "gateway": "fe80::1"}]}, "is not of IPv4, as 10.0.0.0/8 is"),
    ("virt_bridge", {"name": "test0", "up": False, "routes": UNREACHABLE}, "test0 is down then"),
    ("virt_bridge", {"name": "test0", "mtu": 1000, "ports": [], "addresses": ["fd00::1/64"]}, "is of IPv6, which the kernel has from an mtu of 1280 on"),
    ("virt_link", {"name": "eth0", "nic": {"sriov_numvfs": 1}}, "is not for a device of kind veth"),
    ("virt_link", {"name": "test7", "kind": "veth", "veth": {"peer": "test7"}}, "is the device itself"),
    ("virt_link", {"name": "test7", "kind": "veth", "veth": {"peer": "test2"}}, "veth.peer is 'test2': is there already"),
    ("virt_link", {"name": "test7", "kind": "macvlan", "link": "test1"}, "link is 'test1': is a port of test0"),
    ("virt_link", {"name": "test7", "kind": "vxlan", "vxlan": {"id": 7, "group": "239.1.1.1"}}, "and none is named; give link"),
    ("virt_link", {"name": "test7", "kind": "bond", "bond": {"arp_interval": 100, "mode": "802.3ad"}}, "is not for mode 802.3ad"),
    ("virt_host", {"links": [{"name": f"test{number}", "kind": "vxlan", "vxlan": {"id": 7}} for number in (6, 7)]}, "vxlan.id is 7: with dstport 4789"),
    ("virt_host", {"bridges": [{"name": "test6", "addresses": ["10.6.0.1/24"]}, {"name": "test7", "addresses": ["10.6.0.1/24"]}]}, "is test6's in the"),
    ("virt_host", {"bridges": [{"name": "test0", "ports": [{"name": "test9", "isolated": True}]}], "taps": [{"name": "test9", "port": {"isolated": False}}]},
     "of test9 says so, and ports[test9].isolated of test0 is True"),
    ("virt_host", {"bridges": [{"name": "test0", "ports": []}], "taps": [{"name": "test9", "controller": "test0"}]}, "make the two agree"),
    ("virt_host", {"bridges": [{"name": "test0", "ports": [{"name": "test4"}]}], "links": [{"name": "test4", "kind": "macvlan", "link": "test0"}]},
     "a device would be on top of itself"),
]


def test_bad_input_changes_nothing_and_says_why(ansible, host):
    """Each names the option, its value and what to do."""
    for words in ("test1 type veth peer name test2", "test0 type bridge", "test8 type bridge"):
        host.run("ip", "link", "add", *words.split())
    host.run("ip", "tuntap", "add", "test9", "mode", "tap")
    for port in ("test1", "test9"):
        host.run("ip", "link", "set", port, "master", "test0")
    before = state_of(host)
    results = ansible.run(*((module, options) for module, options, unused in BAD))
    wrong = [(options, result.get("msg")) for (unused, options, words), result in zip(BAD, results) if words not in result.get("msg", "")]
    assert wrong == []
    assert state_of(host) == before


def test_a_port_may_be_taken_from_another_bridge(ansible, host):
    """With steal, or where the same call takes it off there."""
    for words in ("test1 type veth peer name test2", "test0 type bridge", "test8 type bridge"):
        host.run("ip", "link", "add", *words.split())
    results = ansible.run(
        ("virt_bridge", {"name": "test0", "ports": [{"name": "test1"}]}),
        ("virt_bridge", {"name": "test8", "ports": [{"name": "test1"}], "steal": True}),
        ("virt_host", {"bridges": [{"name": "test0", "ports": [{"name": "test1"}]}, {"name": "test8", "ports": []}]}),
    )
    assert all(result["changed"] for result in results), results
    assert link(host, "test1")["master"] == "test0"


def test_a_time_that_stp_shortens_has_not_changed(ansible, host):
    """While the topology changes, when the kernel shows another; when it does not any more; and where another bridge is the root, whose times it shows."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    host.run("ip", "link", "set", "test2", "up")
    task = {"name": "test0", "stp": True, "forward_delay": 200, "max_age": 600, "ageing_time": 6000, "ports": [{"name": "test1"}]}
    ansible.module("virt_bridge", **task)
    until(lambda: link(host, "test0")["linkinfo"]["info_data"]["ageing_time"] == 400, 20, "STP to change the topology")
    assert ansible.module("virt_bridge", **task)["changed"] is False
    assert ansible.module("virt_bridge", **task, txqueuelen=77)["changed"] is True
    until(lambda: link(host, "test0")["linkinfo"]["info_data"]["ageing_time"] == 6000, 30, "STP to be done")
    assert ansible.module("virt_bridge", **task)["changed"] is False
    for words in ("add test8 type bridge stp_state 1 priority 4096 forward_delay 700", "set test2 master test8", "set test8 up"):
        host.run("ip", "link", *words.split())
    until(lambda: link(host, "test0")["linkinfo"]["info_data"]["forward_delay"] == 700, 20, "the root to be heard")
    same = ansible.module("virt_bridge", **task)
    assert same["changed"] is False and "forward_delay cannot be seen while STP" in str(same["warnings"])


def test_an_address_moves_in_one_call(ansible, host):
    """From a cable's end to the bridge that takes it as a port."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    host.run("ip", "address", "add", "10.77.0.5/24", "dev", "test1")
    task = {"bridges": [{"name": "test0", "addresses": ["10.77.0.5/24"], "ports": [{"name": "test1"}]}], "links": [{"name": "test1", "addresses": []}]}
    moved, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert (moved["changed"], again["changed"]) == (True, False), (moved, again)
    assert link(host, "test1")["addr_info"] == [] and link(host, "test0")["addr_info"][0]["local"] == "10.77.0.5"


def test_what_fails_is_put_back(ansible, host):
    """With what was there: attributes, addresses, routes and ports; a device that was made goes."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    ansible.module("virt_bridge", **BRIDGE, ports=[{"name": "test1", "cost": 9}], routes=[{"dst": "10.78.0.0/16", "gateway": "10.77.0.9"}])
    ansible.module("virt_tap", name="test3", multi_queue=True, controller="test0")
    before = state_of(host)
    result = ansible.refused("virt_bridge", name="test0", mtu=1600, addresses=["10.77.0.2/24"], ports=[], routes=UNREACHABLE)
    assert "ip route add to 10.99.0.0/16" in result and "what was there before is back" in result
    assert state_of(host) == before
    assert link(host, "test1")["linkinfo"]["info_slave_data"]["cost"] == 9 and link(host, "test3")["master"] == "test0"
    result = ansible.refused("virt_tap", name="test4", routes=UNREACHABLE)
    assert "nothing of it was left behind" in result and "test4" not in links(host)


def test_what_a_device_cannot_keep_is_told_by_check_mode(ansible, host):
    """Another kind of TAP has no MAC address, what is down no routes, and IPv6 wants an MTU; of addresses the kernel may take the second with the first."""
    host.run("ip", "link", "add", "test5", "type", "veth", "peer", "name", "test6")
    first = {**BRIDGE, "addresses": ["10.77.0.1/24", "10.77.0.2/24", "fd00:77::1/64"], "hello_time": 101, "max_age": 601,
             "routes": [{"dst": "10.78.0.0/16", "gateway": "10.77.0.9"}]}
    macvlan = {"name": "test3", "kind": "macvlan", "link": "test5", "macvlan": {"mode": "passthru"}}
    ansible.run(("virt_bridge", first), ("virt_tap", TAP), ("virt_tap", {"name": "test4"}), ("virt_link", macvlan))
    for task in (
        ("virt_bridge", {"name": "test0", "up": False}), ("virt_tap", {**TAP, "controller": ""}), ("virt_bridge", {"name": "test0", "mtu": 1000}),
        ("virt_bridge", {"name": "test0", "addresses": ["10.77.0.2/24", "10.77.0.3/24"], "mtu": 1500}), ("virt_tap", {"name": "test4", "mode": "tun"}),
        ("virt_link", {**macvlan, "macvlan": {"mode": "bridge"}}),
    ):
        check, made, again = ansible.run(task, check=True)[0], *ansible.run(task, task)
        assert check["changed"] and made["changed"] and again["changed"] is False, (task, check, made, again)
        assert {name: made["after"].get(name) for name in check["after"]} == check["after"] and "port" not in made["after"], (task, check, made)
        assert check["changes"] == made["changes"]


def test_routes_of_others_stay(ansible, host):
    """Where the last address goes and another comes, in all tables, with all that they had; and where the task fails."""
    host.run("ip", "link", "add", "test1", "up", "type", "veth", "peer", "name", "test2")
    ansible.module("virt_link", name="test1", addresses=["10.77.0.1/24"])
    for words in ("10.81.0.0/16 via 10.77.0.9 proto 99 metric 5 mtu 1400", "10.82.0.0/16 dev test1 table 77", "10.83.0.0/16 via 10.82.0.1 dev test1 onlink",
                  "10.84.0.0/16 via 10.77.0.9 src 10.77.0.1", "fd08::/32 via fe80::9 dev test1 pref high"):
        host.run("ip", "route", "add", *words.split())
    shown = [("ip", each, "route", "show", "table", "all", "dev", "test1", "proto", proto) for each in ("-4", "-6") for proto in ("99", "boot")]
    before = [host.run(*command).stdout for command in shown]
    moved = ansible.module("virt_link", name="test1", addresses=["10.77.0.2/24"])
    assert "routes of others that go with this: 10.84.0.0/16 via 10.77.0.9" in str(moved["warnings"])
    after = [host.run(*command).stdout for command in shown]
    assert after == [text.replace("10.84.0.0/16 via 10.77.0.9 src 10.77.0.1 linkdown \n", "") for text in before] != before
    ansible.refused("virt_host", links=[{"name": "test1", "addresses": [], "up": False}], taps=[{"name": "test4", "routes": UNREACHABLE}])
    assert [host.run(*command).stdout for command in shown] == after


def test_a_port_that_was_taken_is_given_back(ansible, host):
    """To the bridge that had it, with what that knew of it; one that was free is so again, and down."""
    for words in ("test1 type veth peer name test2", "test3 type veth peer name test4"):
        host.run("ip", "link", "add", *words.split())
    for state in ("up", "down"):  # it has a queue from then on
        host.run("ip", "link", "set", "test3", state)
    ansible.module("virt_bridge", **BRIDGE, ports=[{"name": "test1", "cost": 9, "isolated": True}])
    before = state_of(host)
    result = ansible.refused("virt_bridge", name="test8", ports=[{"name": "test1"}, {"name": "test3"}], steal=True, routes=UNREACHABLE)
    assert "link test1: what was there before is back" in result and state_of(host) == before
    assert link(host, "test1")["linkinfo"]["info_slave_data"]["cost"] == 9


def test_what_a_killed_run_left_the_next_one_finishes(ansible, host, inside):
    """Killed before each command that it gives."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    asked = {"name": "test0", "stp": True, "mtu": 1500, "addresses": ["10.77.0.1/24", "fd00:77::1/64"],
             "ports": [{"name": "test1", "cost": 9, "isolated": True}], "routes": [{"dst": "10.78.0.0/16", "gateway": "10.77.0.9"}]}
    for way in ([asked], [{"name": "test0"}, asked], [asked, {"name": "test0", "state": "absent"}]):
        for number in itertools.count():
            for options in way[:-1]:
                inside(host, "link_faults", json.dumps(options), "99")
            done = inside(host, "link_faults", json.dumps(way[-1]), str(number), check=False)
            if done.returncode == 3:
                break
            assert done.returncode == 9, done
            finished, again = (json.loads(inside(host, "link_faults", json.dumps(way[-1]), "99", check=False).stdout) for unused in range(2))
            assert "error" not in finished and again["changed"] is False, (number, finished, again)
            host.run("ip", "link", "delete", "test0", check=False)
        assert number >= 1
        host.run("ip", "link", "delete", "test0", check=False)


def test_a_run_that_is_told_to_end_goes_back(host, inside):
    """Before each command that it gives."""
    host.run("ip", "link", "add", "test1", "type", "veth", "peer", "name", "test2")
    inside(host, "link_faults", json.dumps({"name": "test0", "mac": "52:54:00:00:00:01", "addresses": ["10.77.0.2/24"]}), "99")
    before = state_of(host)
    asked = {"name": "test0", "mtu": 1500, "txqueuelen": 77, "addresses": ["10.77.0.1/24"], "ports": [{"name": "test1", "cost": 9}]}
    for number in range(3):
        done = inside(host, "link_faults", json.dumps(asked), str(number), ("SIGTERM", "SIGINT", "SIGHUP")[number])
        assert "put an end to it; bridge test0: what was there before is back" in done.stdout, done
        assert state_of(host) == before, number


def test_what_there_is_is_told(ansible, host):
    """In the modules' own shape: pasted back it changes nothing; with ports' states, learned MAC addresses and counters."""
    ansible.module("virt_host", bridges=[{**BRIDGE, "ports": [{"name": "test1"}], "up": True}], taps=[{"name": "test1"}],
                   links=[{"name": "test2", "kind": "vxlan", "vxlan": {"id": 7, "local": "10.77.0.1"}}])
    host.run("bridge", "fdb", "add", "52:54:00:00:00:07", "dev", "test1", "master", "static")
    bridges, taps, others = ansible.run(("virt_bridge_info", {"name": "test0"}), ("virt_link_info", {"name": "test1"}), ("virt_link_info", {"kind": "vxlan"}))
    found = bridges["bridges"][0]
    assert {"mac": "52:54:00:00:00:07", "state": "static"}.items() <= next(each for each in found["ports"][0]["macs"] if each["state"] == "static").items()
    assert found["ports"][0]["state"] == "disabled" and set(found["counters"]) == {"rx", "tx"}
    assert found["config"]["addresses"] == BRIDGE["addresses"]
    tasks = [("virt_bridge", found["config"]), ("virt_tap", taps["links"][0]["config"]), ("virt_link", others["links"][0]["config"])]
    assert [result.get("changed", result) for result in ansible.run(*tasks)] == [False] * 3
