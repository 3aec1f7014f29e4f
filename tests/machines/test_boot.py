# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that come back at boot, by networkd, by NetworkManager, and by what these have no word for; and those that ifupdown had."""

from __future__ import annotations

import time

import pytest

from tests.devices import link, links, picture

#: the uplink, and a NIC on a segment of its own
NICS = {"eth0": "lan", "eth1": "other"}
#: a lab's devices, of every kind that networkd knows
KEPT = {
    "lab": "kept",
    "bridges": [{"name": "test0", "stp": True, "forward_delay": 400, "vlan_filtering": True,
                 "mcast_hash_max": 512, "txqueuelen": 700, "addresses": ["10.5.0.1/24", "fd00:5::1/64"],
                 "routes": [{"dst": "10.6.0.0/16", "gateway": "10.5.0.9", "metric": 50}], "vlans": {"pvid": 7, "tagged": ["9"]},
                 "ports": [{"name": "test1", "pvid": 7, "tagged": ["20-30"], "cost": 55, "isolated": True},
                           {"name": "test4", "untagged": ["7"], "pvid": 7, "bcast_flood": False, "cost": 100}]}],
    "taps": [{"name": "test4", "owner": "nobody", "multi_queue": True}],
    "links": [
        {"name": "test1", "kind": "bond", "bond": {"mode": "active-backup", "miimon": 150, "primary": "test2"}, "ports": ["test2", "test3"]},
        {"name": "test2", "kind": "dummy"}, {"name": "test3", "kind": "dummy"},
        {"name": "test5", "kind": "vlan", "link": "eth0", "vlan": {"id": 5}, "addresses": ["10.8.0.1/24"]},
        {"name": "test6", "kind": "vlan", "link": "test1", "vlan": {"id": 6, "protocol": "802.1ad"}},
        {"name": "test7", "kind": "macvlan", "link": "eth0", "macvlan": {"mode": "bridge"}},
        {"name": "test8", "kind": "vxlan", "vxlan": {"id": 9, "local": "198.51.100.11", "remote": "198.51.100.99"}},
        {"name": "test9", "kind": "veth", "veth": {"peer": "test9b"}, "mtu": 1400},
        {"name": "test11", "kind": "team", "team": {"runner": "activebackup"}, "ports": ["test12"], "addresses": ["10.9.1.1/24"]},
        {"name": "test12", "kind": "dummy"},
        {"name": "test10", "kind": "vxlan", "vxlan": {"external": True, "dstport": 4790}, "addresses": ["10.9.0.1/24"]},
    ],
}


@pytest.fixture(scope="module")
def networkd(lab_of, suite):
    """A lab whose machine has networkd bring up its network."""
    return lab_of(host={"suite": suite, "nics": NICS})


def calm(one):
    """What there is once that stays so for two seconds: the last devices may just have got their carriers, and addresses with these."""
    before, now = None, picture(one)
    while before != now:
        time.sleep(2)
        before, now = now, picture(one)
    return now


def rebooted(one, ansible, by):
    """Make KEPT, which comes back at boot by whom the machine has; reboot, and compare."""
    made, again = ansible.run(("virt_host", KEPT), ("virt_host", KEPT))
    assert (made["changed"], again["changed"]) == (True, False), (made, again)
    assert made["after"]["bridges"]["test0"]["persist"] == by and "warnings" not in made
    seen = calm(one)
    one.reboot()
    boot = time.monotonic()
    while (now := picture(one)) != seen and time.monotonic() < boot + 120:  # it takes commands before all devices are done
        time.sleep(1)
    for was, became in zip(seen, now):
        assert {name: (was.get(name), became.get(name)) for name in {**was, **became} if was.get(name) != became.get(name)} == {}
    assert ansible.module("virt_host", **KEPT)["changed"] is False


def test_a_reboot_brings_everything_back_by_networkmanager(lab_of, ansible_for, suite):
    """As by networkd: profiles, and what they have no word for. A NIC goes back to its own profile, and what stays is left alone."""
    lab = lab_of(host={"suite": suite, "manager": "networkmanager", "nics": NICS})
    one = lab.hosts["host"]
    ansible = ansible_for(lab, one)
    before = one.run("ls", "-R", "/etc/systemd", "/etc/NetworkManager").stdout
    rebooted(one, ansible, "networkmanager")
    altered = ansible.run(("virt_bridge", {"name": "test0", "priority": 4096}), ("virt_link", {"name": "test5", "addresses": ["10.8.0.2/24"]}))
    assert [result["changed"] for result in altered] == [True, True], altered
    assert "priority=4096" in one.run("cat", "/etc/NetworkManager/system-connections/virtlab-test0.nmconnection").stdout
    assert "eth0" in ansible.refused("virt_link", name="eth0", mtu=1400, persist="networkmanager")
    ansible.module("virt_link", name="test9", persist="none")
    ansible.run(("virt_link", {"name": "test13", "kind": "bond", "ports": ["eth1"], "takeover": True}), ("virt_link", {"name": "test13", "state": "absent"}))
    shown = one.run("nmcli", "-t", "-f", "DEVICE,STATE,CONNECTION", "device").stdout.splitlines()
    assert "test9:unmanaged:" in shown and "eth1:connected:eth1" in shown, shown
    ansible.module("virt_host", lab="kept", prune=True)
    assert not [each for each in links(one) if each.startswith("test")]
    assert one.run("ls", "-R", "/etc/systemd", "/etc/NetworkManager").stdout == before


def test_a_reboot_brings_everything_back(networkd, ansible_for):
    """Every address, VLAN, port and bond, as networkd's units say; the next run changes nothing; and all goes without a trace."""
    one = networkd.hosts["host"]
    ansible = ansible_for(networkd, one)
    before = one.run("ls", "-R", "/etc/systemd").stdout
    rebooted(one, ansible, "networkd")
    altered = ansible.run(("virt_bridge", {"name": "test0", "priority": 4096}), ("virt_link", {"name": "test5", "addresses": ["10.8.0.2/24"]}))
    assert [result["changed"] for result in altered] == [True, True], altered
    text = one.run("cat", "/etc/systemd/network/00-virtlab-test0.netdev").stdout
    assert "Priority=4096" in text and "ForwardDelaySec=4000ms" in text
    one.run("tee", "-a", "/etc/systemd/network/00-virtlab-test0.network", input="# by hand\n")
    assert [change["field"] for change in ansible.module("virt_bridge", name="test0")["changes"]] == ["persist"]
    one.run("ip", "link", "delete", "test8")
    ansible.module("virt_host", lab="kept", prune=True)
    assert not [each for each in links(one) if each.startswith("test")]
    assert one.run("ls", "-R", "/etc/systemd").stdout == before


def test_a_nic_is_taken_over_from_ifupdown_and_given_back(networkd, ansible_for):
    """Its stanza is commented out, with a copy, and counts again once nothing is kept any more."""
    one, name = networkd.hosts["host"], "eth1"
    ansible = ansible_for(networkd, one)
    one.run("rm", f"/etc/systemd/network/20-{name}.network")
    one.run("tee", "/etc/network/interfaces", input=f"auto lo {name}\niface lo inet loopback\niface {name} inet static\n  address 10.99.0.5/24\n")
    one.reboot()
    assert link(one, name)["addr_info"][0]["local"] == "10.99.0.5"
    file = one.run("cat", "/etc/network/interfaces").stdout
    task = {"name": name, "mtu": 1400, "addresses": ["10.99.0.5/24"], "persist": "networkd"}
    assert f"/etc/network/interfaces of ifupdown configures {name}" in ansible.refused("virt_link", **task)
    assert one.run("cat", "/etc/network/interfaces").stdout == file and link(one, name)["mtu"] == 1500
    assert ansible.module("virt_link", **task, takeover=True)["changed"] is True
    assert one.run("cat", f"/var/lib/virtlab.network/ifupdown/{name}/interfaces").stdout == file
    one.reboot()
    assert [address["local"] for address in link(one, name)["addr_info"] if address["family"] == "inet"] == ["10.99.0.5"]
    assert link(one, name)["mtu"] == 1400
    assert ansible.module("virt_link", **task)["changed"] is False
    assert ansible.module("virt_link", name=name, persist="none")["changed"] is True
    assert one.run("cat", "/etc/network/interfaces").stdout == file.replace(f"auto lo {name}", f"auto lo\nauto {name}")
