# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_probe where it takes a kernel of one's own: VLANs of a bridge, a bridge that is told MAC addresses, and devices that guests share."""

from __future__ import annotations

import pytest

#: a bridge that filters VLANs, with somebody in VLAN 42
FILTERING = (
    "ip link add testvlans type bridge vlan_filtering 1", "ip link set testvlans up", "ip netns add here",
    "ip link add here0 type veth peer name eth0 netns here", "ip link set here0 master testvlans up",
    "ip -n here link set eth0 up", "ip -n here address add 10.81.42.9/24 dev eth0",
    "bridge vlan del dev here0 vid 1", "bridge vlan add dev here0 vid 42 pvid untagged",
)
#: guests in VLANs of it, by portgroup
VLANS = {"name": "vlans", "forward": {"mode": "bridge"}, "bridge": {"name": "testvlans"}, "portgroups": [
    {"name": "here", "vlan": {"tags": [{"id": 42}]}}, {"name": "there", "vlan": {"tags": [{"id": 43}]}},
    {"name": "both", "vlan": {"trunk": True, "tags": [{"id": 42}, {"id": 43}]}}]}
TOLD = {"name": "told", "bridge": {"name": "testtold", "mac_table_manager": "libvirt", "stp": False}, "ips": [{"address": "10.82.0.1/24"}]}
SHARED = [{"name": mode, "forward": {"mode": mode, "interfaces": [{"dev": "eth0"}]}} for mode in ("bridge", "private")]


@pytest.fixture(scope="module")
def lab(lab_of):
    """A lab with a machine of Debian 13, whose libvirt has VLANs on bridges of the kernel's, and with the networks on it."""
    running = lab_of(new={"suite": "trixie", "nics": {"eth0": {"segment": "lan", "dhcp": True}}})
    for words in FILTERING:
        running.hosts["new"].run(*words.split())
    return running


@pytest.fixture(scope="module")
def machine(lab):
    """The machine."""
    return lab.hosts["new"]


@pytest.fixture(scope="module")
def ansible(lab, machine, ansible_for):
    """Ansible for it."""
    there = ansible_for(lab, machine)
    there.module("virt_host", networks=[VLANS, TOLD, *SHARED])
    return there


@pytest.fixture(autouse=True)
def unmarked(machine):
    """Nothing of a probe is left by any test."""
    before = machine.run("ip", "-br", "link").stdout
    yield
    assert machine.run("ip", "-br", "link").stdout == before


@pytest.mark.parametrize(("where", "expect"), [
    ({"bridge": "testvlans", "vlan": 42}, "allowed"), ({"bridge": "testvlans", "vlan": 43}, "silent"), ({"bridge": "testvlans"}, "silent"),
    ({"network": "vlans", "portgroup": "here"}, "allowed"), ({"network": "vlans", "portgroup": "there"}, "silent"),
    ({"network": "vlans", "portgroup": "both", "vlan": 42}, "allowed"),
])
def test_vlans_of_a_bridge(ansible, where, expect):
    """A probe is in the VLAN that it is told, or that guests of a portgroup are in, and in no other."""
    check = {"ping": "10.81.42.9", "expect": [expect]}
    result = ansible.module("virt_probe", addresses=["10.81.42.1/24"], checks=[check], **where)
    assert result["plugged"].get("vlan") == where.get("vlan", {"here": 42, "there": 43}.get(where.get("portgroup")))


def test_several_vlans_take_a_word(ansible):
    """Guests of that portgroup have two, with tags."""
    assert "several, 42, 43, with tags; say which" in ansible.refused("virt_probe", network="vlans", portgroup="both", addresses=["10.81.42.1/24"])


def test_a_bridge_that_is_told_addresses(ansible, machine):
    """libvirt tells it those of guests; what nobody tells it of gets no frame."""
    result = ansible.module("virt_probe", network="told", addresses=["10.82.0.5/24"], checks=[{"ping": "10.82.0.1"}])
    assert result["plugged"]["device"] == "testtold"
    machine.run("ip", "link", "add", "here1", "type", "veth", "peer", "name", "eth1", "netns", "here")
    try:
        for words in ("link set here1 master testtold up", "link set here1 type bridge_slave learning off flood off", "-n here link set eth1 up",
                      "-n here address add 10.82.0.6/24 dev eth1"):
            machine.run("ip", *words.split())
        alone = machine.run("ip", "netns", "exec", "here", "ping", "-c", "2", "-W", "2", "10.82.0.1", check=False)
        assert alone.returncode == 1 and "0 received" in alone.stdout
    finally:
        machine.run("ip", "link", "delete", "here1")


@pytest.mark.parametrize("mode", ["bridge", "private"])
def test_a_device_that_guests_share(ansible, lab, machine, mode):
    """A probe is a macvlan there: it reaches the segment, and not the host whose device it is; in private mode no other guest either."""
    machine.run("ip", "link", "add", "link", "eth0", "name", "here2", "netns", "here", "type", "macvlan", "mode", mode)
    try:
        for words in ("link set here2 up", "address add 198.51.100.208/24 dev here2"):
            machine.run("ip", "-n", "here", *words.split())
        checks = [{"ping": "198.51.100.1"}, {"ping": lab.inventory("eth0")["all"]["hosts"]["new"]["ansible_host"], "expect": ["silent"]},
                  {"ping": "198.51.100.208", "expect": ["allowed" if mode == "bridge" else "silent"]}]
        result = ansible.module("virt_probe", network=mode, addresses=["198.51.100.207/24"], checks=checks)
        assert result["plugged"]["switch"] == "macvlan" and result["plugged"]["device"] == "eth0"
    finally:
        machine.run("ip", "-n", "here", "link", "delete", "here2")


def test_a_lease_of_the_segment(ansible):
    """By a MAC address of its own, from the router's server, which is told who has it."""
    result = ansible.module("virt_probe", network="bridge", dhcp=["ipv4"], checks=[{"ping": "gateway"}, {"ping": "203.0.113.1"}])
    lease, = result["leases"]
    assert lease["server"] == "198.51.100.1" and lease["released"]
    assert lease["address"].startswith("198.51.100.1") and result["ok"]
