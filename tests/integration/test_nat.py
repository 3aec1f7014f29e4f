# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_nat: who reaches whom, tried with real connections from guests, from the host and from outside, by both versions of IP."""

from __future__ import annotations

import json

import pytest

from testbed import guest
from tests.packets import answer, asked

HOST, HOST6, WORLD, WORLD6 = "198.51.100.11", "2001:db8:100::11", "198.51.100.1", "2001:db8:100::1"
WEB, WEB6, MAC = "10.75.0.10", "fd00:75::10", "52:54:00:75:00:10"
PEER, PEER6, PEER_MAC = "10.75.0.11", "fd00:75::11", "52:54:00:75:00:11"
NETWORK = {
    "name": "lab", "forward": {"mode": "open"}, "bridge": {"name": "testnat"},
    "ips": [{"address": "10.75.0.1/24", "dhcp": {"ranges": [{"start": "10.75.0.100", "end": "10.75.0.199"}],
                                                 "hosts": [{"mac": MAC, "ip": WEB}, {"mac": PEER_MAC, "ip": PEER}]}},
            {"address": "fd00:75::1/64"}],
}
FORWARDS = [
    {"port": "8080", "to": WEB, "to_port": "80", "comment": "the web; a port, not a {set}"},
    {"port": "5353", "to": WEB, "to_port": "53", "protocol": "udp"},
    {"port": "9000-9003", "to": WEB},
    {"port": "7000-7002", "to": WEB, "to_port": "7100-7102"},
    {"port": "6000-6001", "to": WEB, "to_port": "6100", "listen": HOST},
    {"port": "2222", "to": WEB, "to_port": "22", "sources": [f"{WORLD}/32"]},
    {"port": "2222", "to": PEER, "to_port": "22", "sources": ["203.0.113.0/24"]},
    {"port": "8080", "to": WEB6, "to_port": "80"},
    {"port": "9000-9003", "to": WEB6, "protocol": "udp", "sources": ["2001:db8::/32"]},
]
NAT = {"name": "lab", "network": "lab", "ipv6": True, "forwards": FORWARDS}
#: (protocol, port that is asked, port that answers), where everybody may ask
EVERYBODY = [("tcp", 8080, 80), ("udp", 5353, 53), ("tcp", 9000, 9000), ("tcp", 9003, 9003), ("tcp", 7002, 7102), ("tcp", 6001, 6101)]


@pytest.fixture(scope="module")
def place(lab, host, ansible):
    """The network, its translation, and two guests that answer, on a host whose bridged frames do not pass the firewall of IP, as is usual."""
    ansible.module("virt_host", networks=[NETWORK], nats=[NAT])
    bridged(host, 0)
    guests = []
    for name, mac, six in (("web", MAC, WEB6), ("peer", PEER_MAC, PEER6)):
        guests.append(guest.start(host, name, {"network": "lab", "mac": mac}, kind="lxc"))
        guests[-1].address()
        guests[-1].run("sysctl", "net.ipv6.conf.eth0.accept_ra=0")  # datagrams would be answered from an address of its own making
        guests[-1].run("ip", "-6", "address", "flush", "dev", "eth0", "scope", "global")
        guests[-1].run("ip", "address", "add", f"{six}/64", "dev", "eth0", "nodad")
        guests[-1].run("ip", "route", "replace", "default", "via", "fd00:75::1")
        answer(guests[-1], 80, 53, 22, 9000, 9003, 7100, 7102, 6101, 2222)
    yield guests
    for each in guests:
        each.stop()
    ansible.module("virt_host", prune=True, lab="default")


def bridged(host, passes):
    """Have bridged frames pass the firewall of IP (br_netfilter), or not."""
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}={passes}" for each in ("iptables", "ip6tables")))


@pytest.fixture
def web(place):
    """The guest that forwards lead to."""
    return place[0]


@pytest.fixture
def peer(place):
    """A guest beside it."""
    return place[1]


@pytest.fixture(autouse=True)
def clean():
    """What is here is for all tests of this file."""


def reached(lab, host, web, peer, itself=True):
    """Hold every forward against what it says, from each side; with ``itself`` also from the guest that it leads to."""
    for kind, port, to in EVERYBODY:
        assert asked(lab, kind, HOST, port) == f"{to} {WORLD}", (kind, port)
        assert asked(host, kind, HOST, port).startswith(f"{to} "), (kind, port)
        assert asked(peer, kind, HOST, port) == f"{to} 10.75.0.1", (kind, port)
        assert not itself or asked(web, kind, HOST, port) == f"{to} 10.75.0.1", (kind, port)
    assert asked(lab, "tcp", HOST, 2222) == f"22 {WORLD}" and asked(peer, "tcp", HOST, 2222).startswith("nobody")
    assert asked(lab, "tcp", HOST, 2222, "203.0.113.1") == "22 203.0.113.1"
    assert asked(lab, "tcp", HOST6, 8080) == f"80 {WORLD6}" and asked(lab, "udp", HOST6, 9003) == f"9003 {WORLD6}"
    assert asked(peer, "tcp", HOST6, 8080) == "80 fd00:75::1" and asked(host, "tcp", HOST6, 8080).startswith("80 ")
    assert asked(lab, "tcp", HOST, 9004).startswith("nobody") and asked(lab, "udp", HOST, 8080).startswith("nobody")


def test_forwards_reach_their_guests(lab, host, web, peer):
    """Others, guests beside it, itself and the host, by an address of the host's."""
    reached(lab, host, web, peer)


def test_where_bridged_frames_pass_the_firewall(lab, host, web, peer):
    """As with Docker: a guest does not reach itself, whose frames its bridge would have to send back."""
    bridged(host, 1)
    reached(lab, host, web, peer, itself=False)
    assert asked(web, "tcp", HOST, 8080).startswith("nobody")
    bridged(host, 0)


def test_what_leaves_has_the_hosts_address(web):
    """And what stays inside has its own."""
    fetch = ("python3", "-c", "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())")
    assert web.run(*fetch, "http://203.0.113.1/").text.strip() == HOST
    assert web.run(*fetch, "http://[2001:db8:203::1]/").text.strip() == HOST6
    assert asked(web, "tcp", PEER, 80) == f"80 {WEB}" and asked(web, "tcp", PEER6, 80) == f"80 {WEB6}"


def test_it_is_as_it_says(ansible, host, web):
    """A second run, check mode, and what nft(8) lists."""
    assert ansible.module("virt_nat", **NAT)["changed"] is False
    assert ansible.module("virt_host", networks=[NETWORK], nats=[NAT])["changed"] is False
    changed = {**NAT, "masquerade": False, "ipv6": None, "forwards": FORWARDS[:1]}
    check, same = ansible.run(("virt_nat", changed), ("virt_nat", NAT), check=True)
    assert (check["changed"], same["changed"]) == (True, False) and 'comment "virtlab:default"' in "\n".join(check["after"]["rules"])
    assert {each["field"] for each in check["changes"]} == {"masquerade", "ipv6", "forwards"} and check["cost"] == "live"
    before = host.run("nft", "list", "table", "inet", "virtlab_nat_lab").stdout
    made = ansible.module("virt_nat", **changed)
    assert made["changes"] == check["changes"] and made["after"] == check["after"]
    assert asked(host, "tcp", HOST, 8080).startswith("80 ") and asked(host, "tcp", HOST, 9000).startswith("nobody")
    ansible.module("virt_nat", **NAT)
    after = host.run("nft", "list", "table", "inet", "virtlab_nat_lab").stdout
    assert sorted(before.split()) == sorted(after.split())


@pytest.mark.parametrize("words", [("systemctl", "restart", "nftables"), ("systemctl", "reload", "nftables"), ("systemctl", "restart", "libvirtd")],
                         ids=" ".join)
def test_services_come_and_go(lab, host, web, peer, ansible, words):
    """It is there again without anybody's help."""
    host.run("systemctl", "start", "nftables")
    host.run(*words)
    reached(lab, host, web, peer)
    assert ansible.module("virt_nat", **NAT)["changed"] is False


def test_stopped_and_started(lab, host, web, peer):
    """As the first, in two steps."""
    host.run("systemctl", "stop", "nftables")
    assert asked(lab, "tcp", HOST, 8080).startswith("nobody")
    host.run("systemctl", "start", "nftables")
    reached(lab, host, web, peer)


@pytest.mark.parametrize(("words", "said"), [
    (("flush", "ruleset"), "missing"), (("delete", "table", "inet", "virtlab_nat_lab"), "missing"),
    (("add", "rule", "inet", "virtlab_nat_lab", "postrouting", "accept"), "altered"),
    (("delete", "element", "inet", "virtlab_nat_lab", "to_ipv4", "{ tcp . 8080 }"), "altered"),
])
def test_what_somebody_breaks_is_mended(lab, host, web, peer, ansible, words, said):
    """By the next run, which tells."""
    host.run("nft", *words)
    assert ansible.module("virt_nat", check=True, **NAT)["changes"] == [{"field": "kernel", "before": said, "after": "in place", "cost": "live"}]
    assert ansible.module("virt_nat", **NAT)["changed"] is True and ansible.module("virt_nat", **NAT)["changed"] is False
    reached(lab, host, web, peer)


def test_a_fixed_address_and_one_to_one(lab, host, web, peer, ansible):
    """What leaves has the address that is asked for, and what comes to one of the addresses outside is led to its own inside."""
    host.run("ip", "address", "add", "198.51.100.77/24", "dev", "eth0")
    ansible.module("virt_nat", **{**NAT, "snat": ["198.51.100.77"], "ports": "30000-30100", "ipv6": None, "random": "fully-random"})
    fetch = ("python3", "-c", "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())")
    assert web.run(*fetch, "http://203.0.113.1/").text.strip() == "198.51.100.77"
    host.run("ip", "address", "del", "198.51.100.77/24", "dev", "eth0")
    lab.world("ip", "route", "add", "192.0.2.64/29", "via", HOST)
    pairs = [{"inside": "10.75.0.8/29", "outside": "192.0.2.64/29"}]
    ansible.module("virt_nat", name="lab", network="lab", devices=["eth0"], netmap=pairs)
    assert asked(lab, "tcp", "192.0.2.66", 80) == f"80 {WORLD}" and asked(host, "tcp", "192.0.2.67", 80).startswith("80 ")
    assert web.run(*fetch, "http://203.0.113.1/").text.strip() == "192.0.2.66"
    lab.world("ip", "route", "del", "192.0.2.64/29")
    ansible.module("virt_nat", **NAT)


def test_what_libvirt_translates_is_left_to_it(ansible):
    """Its nat mode rejects what comes in, which would look like a forward that does nothing."""
    natted = {"name": "natted", "forward": {"mode": "nat"}, "ips": [{"address": "10.76.0.1/24"}]}
    for task in ({"network": "natted"}, {"subnets": ["10.76.0.0/24"], "forwards": [{"port": "80", "to": "10.76.0.10"}]}):
        words = ansible.refused("virt_host", networks=[natted], nats=[{"name": "other", **task}])
        assert "forward mode is nat" in words and "open" in words
    words = ansible.refused("virt_nat", name="twin", subnets=["10.77.0.0/24"], forwards=[{"port": "8080", "to": "10.77.0.10"}])
    assert "nat lab has tcp 8080 lead to 10.75.0.10" in words
    assert "overlaps 10.75.0.0/24 of nat lab" in ansible.refused("virt_nat", name="twin", subnets=["10.75.0.0/16"])


def test_nothing_is_left_of_it(ansible, host):
    """No table, no file, no service."""
    ansible.module("virt_nat", name="lab", state="absent")
    tables = json.loads(host.run("nft", "-j", "list", "tables").stdout)["nftables"]
    assert "virtlab_nat_lab" not in [each["table"]["name"] for each in tables if "table" in each]
    found = host.run("find", "/etc/systemd/system", "/etc/sysctl.d", "/var/lib/virtlab.network", "-name", "*rules*", check=False).stdout.split()
    assert found in ([], ["/var/lib/virtlab.network/rules"])
    assert ansible.module("virt_nat", name="lab", state="absent")["changed"] is False
    ansible.module("virt_nat", **NAT)
