# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_firewall: each cell of a policy, tried with real connections, by both versions of IP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from testbed import bed, guest
from tests.packets import answer, asked

HOST, WORLD = "198.51.100.11", "198.51.100.1"
DMZ, DMZ6, MAC = "10.75.0.10", "fd00:75::10", "52:54:00:75:00:10"
TWIN, TWIN_MAC = "10.75.0.11", "52:54:00:75:00:11"
INNER, INNER6, INNER_MAC = "10.76.0.10", "fd00:76::10", "52:54:00:76:00:10"


def network(name, number, *macs):
    """A routed network with guests of known addresses."""
    dhcp = {"ranges": [{"start": f"10.{number}.0.100", "end": f"10.{number}.0.199"}], "hosts": [{"mac": mac, "ip": ip} for mac, ip in macs]}
    return {"name": name, "forward": {"mode": "route"}, "bridge": {"name": f"test{name}"},
            "ips": [{"address": f"10.{number}.0.1/24", "dhcp": dhcp}, {"address": f"fd00:{number}::1/64"}]}


NETWORKS = [network("dmz", 75, (MAC, DMZ), (TWIN_MAC, TWIN)), network("inner", 76, (INNER_MAC, INNER))]
ZONES = [{"name": "dmz", "networks": ["dmz"]}, {"name": "inner", "networks": ["inner"]}, {"name": "lan", "devices": ["eth0"]},
         {"name": "host", "host": True}]
DHCP = {"protocol": "udp", "ports": ["53", "67"]}
POLICIES = [
    {"src": "lan", "dst": "dmz", "rules": [{"protocol": "tcp", "ports": ["80", "8000-8001"]},
                                           {"protocol": "tcp", "ports": ["22"], "saddr": ["203.0.113.0/24"]}]},
    {"src": "lan", "dst": "inner", "default": "reject", "log": "to inner: "},
    {"src": "inner", "dst": "dmz", "default": "accept", "rules": [{"protocol": "tcp", "ports": ["22"], "action": "reject", "comment": "not by ssh; never {"}]},
    {"src": "dmz", "dst": "inner"},
    {"src": "dmz", "dst": "host", "rules": [DHCP, {"protocol": "icmp"}]},
    {"src": "host", "dst": "dmz", "rules": [{"protocol": "tcp", "ports": ["80"]}]},
]
FIREWALL = {"name": "dmz", "zones": ZONES, "policies": POLICIES}
NOBODY = "nobody: no answer"


@pytest.fixture(autouse=True)
def clean():
    """What is here is for all tests of this file."""


@pytest.fixture(scope="module")
def place(lab, host, ansible):
    """Two networks, the policy between them, and three guests that answer."""
    ansible.module("virt_host", networks=NETWORKS, firewalls=[FIREWALL])
    host.run("sysctl", "net.ipv4.ip_forward=1", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    for subnet in ("10.75.0.0/24", "10.76.0.0/24", "fd00:75::/64", "fd00:76::/64"):
        lab.world("ip", "route", "add", subnet, "via", "2001:db8:100::11" if ":" in subnet else HOST)
    guests = []
    for name, where, mac, six in (("dmz", "dmz", MAC, DMZ6), ("twin", "dmz", TWIN_MAC, "fd00:75::11"), ("inner", "inner", INNER_MAC, INNER6)):
        guests.append(guest.start(host, name, {"network": where, "mac": mac}, kind="lxc"))
        guests[-1].address()
        guests[-1].run("sysctl", "net.ipv6.conf.eth0.accept_ra=0")
        guests[-1].run("ip", "-6", "address", "flush", "dev", "eth0", "scope", "global")
        guests[-1].run("ip", "address", "add", f"{six}/64", "dev", "eth0", "nodad")
        guests[-1].run("ip", "route", "replace", "default", "via", f"{six.rpartition('::')[0]}::1")
        answer(guests[-1], 80, 22, 8000, 9000)
    yield guests
    for each in guests:
        each.stop()
    ansible.module("virt_host", prune=True, lab="default")


def decided(lab, host, place):
    """Hold every cell of the policy against what it says: {what: (what was seen, what is to be)}, where these differ."""
    dmz, twin, inner = place
    rejected = "nobody: refused"
    cells = {
        "lan to dmz 80": (lab, "tcp", DMZ, 80, f"80 {WORLD}"), "lan to dmz 80 by IPv6": (lab, "tcp", DMZ6, 80, "80 2001:db8:100::1"),
        "lan to dmz 8000": (lab, "tcp", DMZ, 8000, f"8000 {WORLD}"), "lan to dmz 9000": (lab, "tcp", DMZ, 9000, NOBODY),
        "lan to dmz 80 by UDP": (lab, "udp", DMZ, 80, NOBODY), "lan to dmz 22": (lab, "tcp", DMZ, 22, NOBODY),
        "admins to dmz 22": (lab, "tcp", DMZ, 22, "203.0.113.1", "22 203.0.113.1"),
        "lan to inner": (lab, "tcp", INNER, 80, rejected), "lan to inner by IPv6": (lab, "tcp", INNER6, 80, rejected),
        "inner to dmz 9000": (inner, "udp", DMZ, 9000, f"9000 {INNER}"), "inner to dmz 22": (inner, "tcp", DMZ, 22, rejected),
        "inner to dmz by IPv6": (inner, "tcp", DMZ6, 9000, f"9000 {INNER6}"), "dmz to inner": (dmz, "tcp", INNER, 80, NOBODY),
        "dmz to host": (dmz, "tcp", "10.75.0.1", 22, NOBODY), "dmz to the host's other address": (dmz, "udp", HOST, 9, NOBODY),
        "dmz to host 53": (dmz, "tcp", "10.75.0.1", 53, NOBODY), "host to dmz 80": (host, "tcp", DMZ, 80, "80 10.75.0.1"),
        "host to dmz 9000": (host, "tcp", DMZ, 9000, NOBODY), "dmz to its twin 80": (dmz, "tcp", TWIN, 80, f"80 {DMZ}"),
        "twin to dmz 22": (twin, "tcp", DMZ, 22, f"22 {TWIN}"), "dmz to the world": (dmz, "udp", WORLD, 7, DMZ),
        "inner to the host": (inner, "tcp", "10.76.0.1", 9, rejected),
    }
    with ThreadPoolExecutor(6) as pool:
        seen = dict(zip(cells, pool.map(lambda cell: asked(*cell[:-1]), cells.values())))
    pings = {"dmz": dmz.run("ping", "-c1", "-W3", "10.75.0.1").code, "inner": inner.run("ping", "-c1", "-W3", "10.76.0.1").code}
    wrong = {what: (seen[what], cell[-1]) for what, cell in cells.items() if seen[what] != cell[-1]}
    return {**wrong, **{f"ping of {name}": code for name, code in pings.items() if code}}


def test_every_cell_is_as_it_says(lab, host, place):
    """From each zone to each, by name, port and address; what no policy is about passes."""
    assert decided(lab, host, place) == {}


def test_it_is_as_it_says(ansible):
    """A second run, check mode, and what it would load."""
    assert ansible.module("virt_firewall", **FIREWALL)["changed"] is False
    changed = {**FIREWALL, "policies": [{**POLICIES[0], "default": "accept"}, *POLICIES[1:]]}
    check, same = ansible.run(("virt_firewall", changed), ("virt_firewall", FIREWALL), check=True)
    assert (check["changed"], same["changed"], check["cost"]) == (True, False, "live")
    assert [(each["field"], each["before"], each["after"]) for each in check["changes"]] == [("policies[lan dmz].default", None, "accept")]
    assert "  chain lan-to-dmz {" in check["after"]["rules"] and "  chain lan-to-dmz {" in check["diff"]["after"]


@pytest.mark.parametrize("words", [("systemctl", "restart", "nftables"), ("systemctl", "reload", "nftables"), ("systemctl", "restart", "libvirtd")],
                         ids=" ".join)
def test_services_come_and_go(lab, host, place, ansible, words):
    """It is there again without anybody's help; libvirt goes on to put its own rules back for a moment."""
    host.run("systemctl", "start", "nftables")
    host.run(*words)
    bed.until(lambda: decided(lab, host, place) == {}, 30, "all cells to be as they were")
    assert ansible.module("virt_firewall", **FIREWALL)["changed"] is False


def test_a_flushed_policy_is_mended(lab, host, place, ansible):
    """By the next run."""
    for words in (("flush", "ruleset"), ("delete", "table", "inet", "virtlab_firewall_dmz"), ("flush", "chain", "inet", "virtlab_firewall_dmz", "forward")):
        host.run("nft", *words)
        assert [each["field"] for each in ansible.module("virt_firewall", **FIREWALL)["changes"]] == ["kernel"]
    assert ansible.module("virt_firewall", **FIREWALL)["changed"] is False
    ansible.module("virt_network", **NETWORKS[0])  # libvirt's own rules were flushed as well
    assert decided(lab, host, place) == {}


def test_another_lab_is_left_alone(lab, host, place, ansible):
    """Two resources decide about zones of their own, and not twice about the same."""
    other = {"name": "other", "zones": [{"name": "wan", "devices": ["eth0"]}, {"name": "mine", "subnets": ["10.99.0.0/24"]}], "lab": "other"}
    ansible.module("virt_firewall", **other, policies=[{"src": "wan", "dst": "mine"}, {"src": "mine", "dst": "wan"}])
    assert decided(lab, host, place) == {}
    words = ansible.refused("virt_firewall", name="third", zones=[{"name": "all", "devices": ["eth0"]}, {"name": "front", "devices": ["testdmz"]}],
                            policies=[{"src": "all", "dst": "front"}])
    assert "firewall dmz decides already about what eth0 begins towards testdmz" in words
    ansible.module("virt_host", lab="other", prune=True)
    assert decided(lab, host, place) == {}


def test_nothing_is_left_of_it(ansible, host, place):
    """No table, no file, no service."""
    ansible.module("virt_firewall", name="dmz", state="absent")
    tables = json.loads(host.run("nft", "-j", "list", "tables").stdout)["nftables"]
    assert not [each for each in tables if "virtlab" in json.dumps(each)]
    assert host.run("find", "/etc/systemd/system", "/etc/sysctl.d", "/var/lib/virtlab.network", "-name", "*rules*", "-type", "f").stdout == ""
    ansible.module("virt_firewall", **FIREWALL)
