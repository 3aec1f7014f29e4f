# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role nat_network with libvirt's firewall and with its own, under guests that run, tried with real connections."""

from __future__ import annotations

import json

import pytest

from testbed import guest
from testbed.bed import until
from tests.packets import answer, asked

HOST, WORLD, GATE = "198.51.100.11", "198.51.100.1", "10.77.0.1"
WEB, MAC, PEER, PEER_MAC = "10.77.0.10", "52:54:00:77:00:10", "10.77.0.11", "52:54:00:77:00:11"
OFFICE = {
    "nat_network_name": "office", "nat_network_lab": "work", "nat_network_bridge": "testrole", "nat_network_address": f"{GATE}/24",
    "nat_network_ranges": [{"start": "10.77.0.100", "end": "10.77.0.199"}],
    "nat_network_leases": [{"mac": MAC, "ip": WEB}, {"mac": PEER_MAC, "ip": PEER}],
}
FORWARDS = {"nat_network_forwards": [{"port": 8080, "to": WEB, "to_port": 80}, {"port": 5353, "to": WEB, "to_port": 53, "protocol": "udp"}]}
OWN, LIBVIRT = {"nat_network_firewall": "own"}, {"nat_network_firewall": "libvirt"}
SPARE = {"nat_network_name": "spare", "nat_network_address": "10.78.0.1/24", "nat_network_ranges": [{"start": "10.78.0.100", "end": "10.78.0.199"}]}
FETCH = ("python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://203.0.113.1/', timeout=5).read().decode())")


class Role:
    """The role, as a play that has nothing else runs it."""

    def __init__(self, ansible):
        self.ansible = ansible
        self.path = ansible.top / "nat_role.yml"
        self.path.write_text("- hosts: all\n  gather_facts: false\n  roles: [virtlab.network.nat_network]\n", encoding="utf-8")

    def __call__(self, *variables, check=False):
        """Run it, which must succeed; (how many tasks changed something, the last one's result)."""
        results, recap = self._run(variables, check)
        assert recap["failures"] == 0, results[-1]
        return recap["changed"], results[-1]

    def refused(self, *variables, check=False):
        """Run it, which must fail; its message."""
        results, recap = self._run(variables, check)
        assert recap["failures"] == 1, results[-1]
        return results[-1]["msg"]

    def _run(self, variables, check):
        return self.ansible.playbook(str(self.path), check=check, **{name: value for each in variables for name, value in each.items()})


@pytest.fixture(scope="module")
def role(ansible):
    """The role, on the host of all tests."""
    return Role(ansible)


@pytest.fixture(scope="module")
def place(lab, host, role):
    """The network as the role makes it where nobody asks for a firewall, and two guests on it that answer; outside knows a way to them."""
    assert role(OFFICE)[0] == 1
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    lab.world("ip", "route", "add", "10.77.0.0/24", "via", HOST)
    guests = []
    for name, mac in (("web", MAC), ("peer", PEER_MAC)):
        guests.append(guest.start(host, name, {"network": "office", "mac": mac}, kind="lxc"))
        guests[-1].address()
        answer(guests[-1], 80, 53)
    yield guests
    lab.world("ip", "route", "del", "10.77.0.0/24")


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
    """What is here is for all tests of this file; the last of them leaves nothing."""


def tables(host):
    """Names of the tables that virt_nat has in the kernel."""
    listed = json.loads(host.run("nft", "-j", "list", "tables").stdout)["nftables"]
    return sorted(each["table"]["name"] for each in listed if "table" in each and each["table"]["name"].startswith("virtlab_nat_"))


def seen(host, name="office"):
    """What there is of a network, and what translates."""
    return [host.run("virsh", "net-dumpxml", *more, name).stdout for more in ((), ("--inactive",))], tables(host)


def mode(host, name="office"):
    """The forward mode that libvirt has stored."""
    document = host.run("virsh", "net-dumpxml", "--inactive", name).stdout
    return next(word for word in ("nat", "open") if f"mode='{word}'" in document)


def nics(host, ansible):
    """Guests' NICs on the bridge, as the kernel knows them, and the leases in force."""
    ports = [(link["ifname"], link["ifindex"]) for link in json.loads(host.run("ip", "-j", "link", "show", "master", "testrole").stdout)]
    found = ansible.module("virt_network_info", name="office")["networks"][0]
    return sorted(ports), sorted((each["mac"], each["address"], each["hostname"]) for each in found["leases"])


def passing(host):
    """Wait until the bridge passes frames, four seconds after ports are put on it: libvirt's default is STP, of whose two delays the kernel's least is two."""

    def states():
        return {port["state"] for port in json.loads(host.run("bridge", "-j", "link", "show").stdout) if port.get("master") == "testrole"}

    until(lambda: states() == {"forwarding"}, 20, "the bridge to pass frames")


def gets_out(*guests):
    """Hold that guests reach the outside, with the host's address, and that their leases are renewed."""
    passing(guests[0].host)
    for each in guests:
        before = each.address()
        assert each.run(*FETCH).text.strip() == HOST
        assert each.run("busybox", "udhcpc", "-i", "eth0", "-s", "/etc/lease.sh", "-f", "-q", "-n", "-t", "5", "-T", "2").code == 0
        assert each.address() == before and each.run(*FETCH).text.strip() == HOST


def forwarded(lab, host, peer):
    """Hold that the forwards lead to the guest, from outside, from the host, and from a guest beside it."""
    passing(host)
    for kind, port, to in (("tcp", 8080, 80), ("udp", 5353, 53)):
        assert asked(lab, kind, HOST, port) == f"{to} {WORLD}"
        assert asked(host, kind, HOST, port).startswith(f"{to} ")
        assert asked(peer, kind, HOST, port) == f"{to} {GATE}"


def not_forwarded(lab, host, peer):
    """Hold that they lead nowhere."""
    passing(host)
    for each in (lab, host, peer):
        assert asked(each, "tcp", HOST, 8080).startswith("nobody")


def test_libvirts_firewall_lets_nothing_in(lab, host, role, web, peer):
    """It is the one of a new network, and forwards are refused before anything is touched: libvirt would reject them."""
    assert mode(host) == "nat" and tables(host) == [] and role(OFFICE)[0] == role(OFFICE, LIBVIRT)[0] == 0
    gets_out(web, peer)
    assert asked(lab, "tcp", WEB, 80).startswith("nobody")
    before = seen(host)
    changed = {"nat_network_address": "10.77.1.1/24"}
    for more in ({}, LIBVIRT, changed):
        for check in (True, False):
            words = role.refused(OFFICE, FORWARDS, more, check=check)
            assert "rejects whatever comes in" in words and "nat_network_firewall: own" in words
    assert "nat_network_firewall: own" in role.refused(SPARE, {"nat_network_forwards": [{"port": 80, "to": "10.78.0.10"}]})
    assert seen(host) == before and "spare" not in host.run("virsh", "net-list", "--all", "--name").stdout


def test_the_other_firewall_lets_forwards_in(lab, host, ansible, role, web, peer):
    """The change has its price, which check mode tells; guests keep NICs and leases; the second run changes nothing."""
    before, held = seen(host), nics(host, ansible)
    count, check = role(OFFICE, OWN, FORWARDS, check=True)
    assert (count, check["cost"]) == (1, "restart") and {each["domain"] for each in check["affected_guests"]} == {"peer", "web"} and seen(host) == before
    assert {"field": "networks[office].forward.mode", "before": "nat", "after": "open", "cost": "restart"} in check["changes"]
    count, made = role(OFFICE, OWN, FORWARDS)
    assert (count, made["changes"], mode(host), tables(host)) == (1, check["changes"], "open", ["virtlab_nat_office"])
    assert made["after"]["nats"]["office"]["lab"] == "work"
    assert nics(host, ansible) == held and role(OFFICE, OWN, FORWARDS)[0] == role(OFFICE, OWN, FORWARDS, check=True)[0] == 0
    gets_out(web, peer)
    forwarded(lab, host, peer)
    assert asked(lab, "tcp", WEB, 80) == f"80 {WORLD}"


def test_a_firewall_is_kept_until_another_is_asked_for(lab, host, role, web, peer):
    """Nobody's firewall flips because a variable is missing; forwards are a list as any other, and those that are not listed go."""
    before = seen(host)
    assert role(OFFICE, FORWARDS)[0] == role(OFFICE, FORWARDS, check=True)[0] == 0 and seen(host) == before
    forwarded(lab, host, peer)
    count, made = role(OFFICE)
    assert (count, made["cost"], mode(host), tables(host)) == (1, "live", "open", ["virtlab_nat_office"])
    not_forwarded(lab, host, peer)
    gets_out(web)
    assert role(OFFICE, FORWARDS, {"nat_network_dev": "eth0"})[1]["cost"] == "live" and mode(host) == "open"
    assert 'oifname "eth0"' in host.run("nft", "list", "table", "inet", "virtlab_nat_office").stdout
    gets_out(web)
    assert "in use by" in role.refused(OFFICE, FORWARDS, {"nat_network_state": "inactive"})
    assert role(OFFICE, FORWARDS)[0] == 1
    forwarded(lab, host, peer)


def test_what_somebody_takes_away_comes_back(lab, host, role, peer):
    """Without the variable, too: what is written down of the firewall tells whose it is, not the kernel."""
    host.run("nft", "delete", "table", "inet", "virtlab_nat_office")
    assert role(OFFICE, FORWARDS)[0] == 1 and role(OFFICE, FORWARDS)[0] == 0
    forwarded(lab, host, peer)


def test_back_to_libvirt(lab, host, ansible, role, web, peer):
    """Its table and the forwards are gone, guests keep what they have; and there again, by one plan each."""
    held = nics(host, ansible)
    count, check = role(OFFICE, LIBVIRT, check=True)
    assert (count, check["cost"]) == (1, "restart") and tables(host) == ["virtlab_nat_office"]
    assert role(OFFICE, LIBVIRT)[1]["changes"] == check["changes"]
    assert (mode(host), tables(host), nics(host, ansible)) == ("nat", [], held)
    assert role(OFFICE)[0] == role(OFFICE, LIBVIRT)[0] == 0
    not_forwarded(lab, host, peer)
    gets_out(web, peer)
    assert asked(lab, "tcp", WEB, 80).startswith("nobody")
    role(OFFICE, OWN, FORWARDS)
    forwarded(lab, host, peer)


#: in nft(8)'s place: takes away what it is asked to, and loads nothing that would be in force
NO_NFT = """#!/bin/sh
[ "$*" = "-f -" ] && [ "$(readlink /proc/self/ns/net)" = "$(readlink /proc/1/ns/net)" ] || exec /usr/sbin/nft "$@"
text=$(cat)
case $text in *chain*) echo "Error: on strike" >&2; exit 1;; esac
echo "$text" | /usr/sbin/nft -f -
"""
#: a hook of libvirt's: networks whose forward mode is nat do not start
NO_NAT = """#!/bin/sh
! grep -q "forward.* mode='nat'" || [ "$2" != start ]
"""


@pytest.mark.parametrize(("path", "text", "before", "after"), [
    ("/usr/local/sbin/nft", NO_NFT, (LIBVIRT,), (OWN, FORWARDS)), ("/etc/libvirt/hooks/network", NO_NAT, (OWN, FORWARDS), (LIBVIRT,)),
], ids=["nft fails", "libvirt fails"])
def test_half_a_change_is_taken_back(lab, host, ansible, role, web, peer, path, text, before, after):
    """Whichever of the two fails, the network, its translation and its guests have what they had."""
    role(OFFICE, *before)
    held = nics(host, ansible), mode(host), tables(host)
    host.run("install", "-D", "-m", "755", "/dev/stdin", path, input=text)
    host.run("systemctl", "restart", "libvirtd")
    words = role.refused(OFFICE, *after)
    host.run("rm", path)
    host.run("systemctl", "restart", "libvirtd")
    assert (nics(host, ansible), mode(host), tables(host)) == held and "failed too" not in words and "kept" not in words, words
    assert role(OFFICE, *before)[0] == 0
    gets_out(web, peer)
    (forwarded if FORWARDS in before else not_forwarded)(lab, host, peer)
    role(OFFICE, OWN, FORWARDS)


def test_it_goes_with_its_network(host, ansible, role):
    """A network that does not run keeps its translation, and one that is gone has none; what is of others stays, whatever its name."""
    assert role(SPARE, OWN)[0] == 1 and "virtlab_nat_spare" in tables(host)
    assert role(SPARE, {"nat_network_state": "inactive"})[0] == 1 and "virtlab_nat_spare" in tables(host) and mode(host, "spare") == "open"
    assert role(SPARE, {"nat_network_state": "inactive"})[0] == role(SPARE, {"nat_network_state": "present"})[0] == 0
    document = host.run("virsh", "net-dumpxml", "--inactive", "spare").stdout  # of what options cannot say the forward mode is not told
    host.run("virsh", "net-define", "/dev/stdin", input=document.replace("</dhcp>", "<host mac='52:54:00:78:00:10' ip='10.99.0.10'/></dhcp>"))
    assert list(ansible.module("virt_network_info", name="spare")["networks"][0]["config"]) == ["xml"]
    assert role(SPARE)[0] == 1 and mode(host, "spare") == "open"
    assert role(SPARE, {"nat_network_state": "absent"}, FORWARDS)[0] == 1 and "virtlab_nat_spare" not in tables(host)
    assert role(SPARE, {"nat_network_state": "absent"})[0] == 0


def test_what_is_of_others_stays(host, ansible, role):
    """A translation of the network's name that is for something else, and a network that is open and is nobody's."""
    ansible.module("virt_nat", name="spare", subnets=["10.79.0.0/24"])
    assert role(SPARE)[0] == 1 and role(SPARE, LIBVIRT)[0] == 0 and mode(host, "spare") == "nat"
    assert role(SPARE, OWN, {"nat_network_state": "absent"})[0] == 1 and "virtlab_nat_spare" in tables(host)
    ansible.module("virt_nat", name="spare", state="absent")
    odd = {**SPARE, "nat_network_name": "a.network.with_a_name_that_is_long"}
    assert [role(odd)[0], role(odd)[0], role(odd, {"nat_network_state": "absent"})[0]] == [1, 0, 1]


def test_nothing_is_left_of_it(host, role, place):
    """Guests that run are not cut off. Without them the network goes, and what translates for it."""
    assert "in use by" in role.refused(OFFICE, {"nat_network_state": "absent"}) and tables(host) == ["virtlab_nat_office"]
    for each in place:
        each.stop()
    assert role(OFFICE, OWN, FORWARDS, {"nat_network_state": "absent"}, check=True)[0] == 1 and mode(host) == "open"
    assert [role(OFFICE, {"nat_network_state": "absent"})[0] for unused in range(2)] == [1, 0]
    assert tables(host) == [] and host.run("virsh", "net-list", "--all", "--name").stdout.split() == ["default"]
    found = host.run("find", "/etc/systemd/system", "/etc/sysctl.d", "/var/lib/virtlab.network", "-name", "*rules*", check=False).stdout.split()
    assert found in ([], ["/var/lib/virtlab.network/rules"])
