# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker, ufw and firewalld beside networks: who drops what, held against what packets do, the remedy as it is told, and coexist."""

from __future__ import annotations

import os
import shlex

import pytest

from testbed import guest
from testbed import lab as labs
from tests.packets import answer, asked

NETWORKS = [
    {"name": "lab", "forward": {"mode": "open"}, "bridge": {"name": "testlab"},
     "ips": [{"address": "10.75.0.1/24", "dhcp": {"ranges": [{"start": "10.75.0.10", "end": "10.75.0.20"}]}}]},
    {"name": "natted", "forward": {"mode": "nat"}, "bridge": {"name": "testnatted"},
     "ips": [{"address": "10.76.0.1/24", "dhcp": {"ranges": [{"start": "10.76.0.10", "end": "10.76.0.20"}]}}]},
]
MAC = "52:54:00:75:00:01"
NAT = {"name": "lab", "network": "lab", "forwards": [{"port": "8080", "to": "10.75.0.10"}]}
#: Docker drops what it does not know where it is the one that has the host pass packets on
STARTED = {"docker": "sh -c 'sysctl -q net.ipv4.ip_forward=0; systemctl start docker'", "ufw": "ufw --force enable", "firewalld": "systemctl start firewalld"}
RESTARTED = {"docker": "systemctl restart docker", "ufw": "ufw reload", "firewalld": "systemctl restart firewalld"}
#: what each breaks of the network that libvirt makes no rules for: what its guests begin, what they are asked for by a forward, and leases
BROKEN = {"docker": {"out", "in"}, "ufw": {"out", "in", "lease"}, "firewalld": {"out", "lease"}}
WORDS = {"what its guests begin": "out", "what is forwarded to its guests": "in", "its guests' DHCP": "lease", "its guests' DNS": "lease"}
OTHER = ["nft add table inet other", "nft add chain inet other pass { type filter hook forward priority 0 ; policy accept ; }",
         "nft add rule inet other pass iifname testlab ct state new counter drop"]
IPTABLES = [(program, table) for program in ("iptables", "ip6tables") for table in ("filter", "nat", "mangle")]


@pytest.fixture(scope="module")
def lab(suite):
    """A lab whose host has these programs, none of which runs."""
    with labs.running(f"nb{os.getpid()}", suite=f"{suite}-neighbours") as up:
        yield up


@pytest.fixture(scope="module")
def host(lab):
    """Its host."""
    return lab.hosts["host1"]


@pytest.fixture(scope="module")
def ansible(lab, host, ansible_for):
    """Ansible for that host."""
    return ansible_for(lab, host)


@pytest.fixture(scope="module")
def guests(host, ansible):
    """A guest on each network; what leaves the one whose forward mode is open is translated by virt_nat."""
    lan = {**NETWORKS[0]["ips"][0], "dhcp": {**NETWORKS[0]["ips"][0]["dhcp"], "hosts": [{"mac": MAC, "ip": "10.75.0.10"}]}}
    ansible.module("virt_host", networks=[{**NETWORKS[0], "ips": [lan]}, NETWORKS[1]], nats=[NAT])
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    nics = {"lab": {"network": "lab", "mac": MAC}, "natted": {"network": "natted"}}
    started = {name: guest.start(host, name, nic, kind="lxc") for name, nic in nics.items()}
    for each in started.values():
        each.address()
        answer(each, 8080)
    yield started
    for each in started.values():
        each.stop()
    ansible.module("virt_host", lab="default", prune=True)


@pytest.fixture(autouse=True)
def clean(lab, host, ansible, guests):
    """Nothing of what others did is left, nor of how they are to be lived with."""
    rules = {each: host.run(f"{each[0]}-save", "-t", each[1]).stdout for each in IPTABLES}
    yield
    ansible.module("virt_nat", **NAT)
    host.run("systemctl", "stop", "firewalld.service", "docker.service", "docker.socket", "containerd.service")
    host.run("ufw", "--force", "reset")
    host.run("sh", "-c", "rm -f /etc/firewalld/zones/*")
    for (program, table), text in rules.items():
        host.run(f"{program}-restore", "-T", table, input=text)
    host.run("ip", "link", "delete", "docker0", check=False)
    host.run("nft", "delete", "table", "inet", "other", check=False)
    assert works(lab, guests) == {"out", "in", "lease"}


def start(host, neighbour):
    """Have one of these programs run."""
    host.run(*shlex.split(STARTED[neighbour]))


def works(lab, guests):
    """What works of out (a guest begins), in (it is asked by a forward), and lease."""
    own, found = guests["lab"], set()
    found |= {"out"} if asked(own, "udp", "198.51.100.1", 7).startswith("198.51.100.11") else set()
    found |= {"in"} if asked(lab, "tcp", "198.51.100.11", 8080).startswith("8080") else set()
    offered = own.run("busybox", "udhcpc", "-f", "-n", "-q", "-i", "eth0", "-t", "3", "-T", "1", "-s", "/bin/true")
    return found | ({"lease"} if offered.code == 0 else set())


def gets_out(guests):
    """Names of those whose guests get out."""
    return {name for name, each in guests.items() if asked(each, "udp", "198.51.100.1", 7).startswith("198.51.100.11")}


def told(host, neighbour):
    """What a neighbour has been told of the bridge, and of a device that is somebody else's: after that one was told."""
    words = {"docker": "iptables-save -t filter", "ufw": "ufw show added", "firewalld": "firewall-cmd --list-all-zones"}[neighbour].split()
    more = [] if neighbour != "firewalld" else [words[0], "--permanent", words[1]]
    return [line for each in (words, more) if each for line in host.run(*each).stdout.splitlines() if "testlab" in line or "other0" in line]


def start_with_others(host, neighbour):
    """Start it, and tell it of a device that is somebody else's: what it has been told."""
    start(host, neighbour)
    words = {"docker": "iptables -A DOCKER-USER -i other0 -j DROP", "ufw": "ufw route allow in on other0",
             "firewalld": "firewall-cmd --zone=libvirt-routed --add-interface=other0; firewall-cmd --permanent --zone=libvirt-routed --add-interface=other0"}
    for command in words[neighbour].split("; "):
        host.run(*command.split())
    return told(host, neighbour)


def protected(host, neighbour):
    """Whether libvirt has its own NAT networks pass a neighbour: by iptables(8) it shares chains with Docker and ufw, and firewalld knows its zones."""
    return neighbour == "firewalld" or host.run("nft", "list", "table", "ip", "libvirt_network", check=False).returncode != 0


def test_nothing_is_in_the_way(ansible, guests):
    """Where nobody drops anything."""
    assert ansible.module("virt_neighbour_info")["neighbours"] == [] and gets_out(guests) == {"lab", "natted"}


@pytest.mark.parametrize("neighbour", STARTED)
def test_who_drops_is_named_and_the_remedy_is_one(ansible, lab, host, guests, neighbour):
    """libvirt's own networks have rules of libvirt's, and pass; the others do not until the remedy is carried out, as it is told."""
    start(host, neighbour)
    passing = {"natted"} if protected(host, neighbour) else set()
    assert works(lab, guests) == {"out", "in", "lease"} - BROKEN[neighbour] and gets_out(guests) - {"lab"} == passing
    found = ansible.module("virt_neighbour_info")["neighbours"]
    assert {(each["neighbour"], name) for each in found for name in each["networks"]} == {(neighbour, name) for name in {"lab", "natted"} - passing}
    assert {WORDS[each["what"].partition(" is dropped")[0]] for each in found if "lab" in each["networks"]} == BROKEN[neighbour]
    for command in (command for each in found for command in each["remedy"].split("; ")):
        host.run(*command.split())
    assert works(lab, guests) == {"out", "in", "lease"} and ansible.module("virt_neighbour_info")["neighbours"] == [] and "natted" in gets_out(guests)


def test_a_table_that_drops_is_named(ansible, host, guests):
    """Whoever made it."""
    for command in OTHER:
        host.run(*command.split())
    found, = ansible.module("virt_neighbour_info")["neighbours"]
    assert gets_out(guests) == {"natted"} and (found["neighbour"], found["networks"]) == ("table inet other", ["lab"])
    assert found["remedy"] == "have chain pass of table inet other accept packets by testlab, before it drops"


@pytest.mark.parametrize("neighbour", STARTED)
def test_coexist_opens_the_doors_and_closes_them_again(ansible, lab, host, guests, neighbour):
    """Check mode tells of what is done; a second run finds nothing to do; without it the neighbour is as it was."""
    before = start_with_others(host, neighbour)
    foretold = ansible.module("virt_nat", check=True, **NAT, coexist=True)
    done = ansible.module("virt_nat", **NAT, coexist=True)
    assert done["changes"] == foretold["changes"] and done["after"] == foretold["after"] and {each["field"] for each in done["changes"]} == {"coexist", "doors"}
    assert works(lab, guests) == {"out", "in", "lease"} and done["cost"] == "live"
    assert asked(guests["lab"], "tcp", guests["natted"].address(), 8080).startswith("nobody")
    again = ansible.module("virt_nat", **NAT, coexist=True)
    assert not again["changed"] and again["after"] == done["after"]
    host.run(*RESTARTED[neighbour].split())
    assert works(lab, guests) == {"out", "in", "lease"} and not ansible.module("virt_nat", check=True, **NAT, coexist=True)["changed"]
    gone = ansible.module("virt_nat", **NAT)
    assert {each["field"] for each in gone["changes"]} == {"coexist", "doors"} and told(host, neighbour) == before != []
    assert works(lab, guests) == {"out", "in", "lease"} - BROKEN[neighbour]


@pytest.mark.parametrize("neighbour", STARTED)
def test_doors_that_somebody_closed_are_opened_again(ansible, lab, host, guests, neighbour):
    """And those of a resource that goes, go with it; also while its neighbour does not run."""
    before = start_with_others(host, neighbour)
    doors = ansible.module("virt_nat", **NAT, coexist=True)["after"]["doors"]
    closing = {"docker": "iptables -D DOCKER-USER 1", "ufw": "ufw route delete allow in on testlab out on eth0",
               "firewalld": "firewall-cmd --zone=libvirt-routed --remove-interface=testlab"}
    host.run(*closing[neighbour].split())
    back = ansible.module("virt_nat", **NAT, coexist=True)
    assert [each["field"] for each in back["changes"]] == ["doors"] and back["after"]["doors"] == doors and works(lab, guests) == {"out", "in", "lease"}
    host.run(*{"docker": "systemctl stop docker docker.socket", "ufw": "ufw disable", "firewalld": "systemctl stop firewalld"}[neighbour].split())
    assert not ansible.module("virt_nat", check=True, **NAT, coexist=True)["changed"]
    ansible.module("virt_nat", name="lab", state="absent")
    start(host, neighbour)
    assert told(host, neighbour) == before


def test_a_policy_has_doors_for_the_bridges_of_its_zones(ansible, lab, host, guests):
    """Those that the policy is about, and of another resource none."""
    start(host, "ufw")
    zones = [{"name": "guests", "networks": ["lab"]}, {"name": "lan", "devices": ["eth0"]}]
    policies = [{"src": "guests", "dst": "lan", "default": "accept"}]
    done = ansible.module("virt_firewall", name="guests", zones=zones, policies=policies, coexist=True)
    assert works(lab, guests) == {"out", "in", "lease"} and all("testlab" in each for each in done["after"]["doors"])
    assert not ansible.module("virt_firewall", name="guests", zones=zones, policies=policies, coexist=True)["changed"]
    ansible.module("virt_firewall", name="guests", state="absent")
    assert "testlab" not in host.run("ufw", "show", "added").stdout


@pytest.mark.parametrize("neighbour", STARTED)
def test_what_two_resources_need_is_there_until_the_second_goes(ansible, lab, host, guests, neighbour):
    """Whichever of them opened it."""
    before = start_with_others(host, neighbour)
    ansible.module("virt_nat", **NAT, coexist=True)
    zones = [{"name": "guests", "networks": ["lab"]}]
    ansible.module("virt_firewall", name="guests", zones=zones, coexist=True)
    ansible.module("virt_nat", **NAT)
    assert works(lab, guests) == {"out", "in", "lease"}
    ansible.module("virt_firewall", name="guests", state="absent")
    assert told(host, neighbour) == before and works(lab, guests) == {"out", "in", "lease"} - BROKEN[neighbour]


def test_a_rule_that_somebody_gave_ufw_stays(ansible, host, guests):
    """ufw would put ours in its place."""
    start(host, "ufw")
    host.run("ufw", "deny", "in", "on", "testlab", "to", "any", "port", "53")
    said = ansible.refused("virt_nat", **NAT, coexist=True)
    assert "ufw deny in on testlab to any port 53" in said and "deny in on testlab" in host.run("ufw", "show", "added").stdout


def test_a_neighbour_that_was_removed_is_no_obstacle(ansible, host, guests):
    """Its doors are gone with it."""
    start(host, "ufw")
    ansible.module("virt_nat", **NAT, coexist=True)
    host.run("ufw", "disable")
    host.run("mv", "/usr/sbin/ufw", "/root/ufw")
    try:
        assert "doors" not in ansible.module("virt_nat", **NAT)["after"]
    finally:
        host.run("mv", "/root/ufw", "/usr/sbin/ufw")


@pytest.mark.parametrize("neighbour", STARTED)
def test_guests_of_libvirts_own_nat_have_doors_where_they_need_any(ansible, host, guests, neighbour):
    """By a firewall that decides nothing itself; and nobody comes in by them."""
    start(host, neighbour)
    zones = [{"name": "guests", "networks": ["natted"]}]
    done = ansible.module("virt_firewall", name="natted", zones=zones, coexist=True)
    assert (done["after"]["doors"] == []) == protected(host, neighbour) and "natted" in gets_out(guests)
    assert not ansible.module("virt_firewall", name="natted", zones=zones, coexist=True)["changed"]
    ansible.module("virt_firewall", name="natted", state="absent")
    assert ("natted" in gets_out(guests)) == protected(host, neighbour)


def test_the_role_opens_doors_for_its_network_and_closes_them(ansible, host):
    """By a variable; a second run changes nothing, and without the variable they are closed."""
    start(host, "ufw")
    play = ansible.top / "role.yml"
    play.write_text("- hosts: all\n  gather_facts: false\n  roles: [virtlab.network.nat_network]\n", encoding="utf-8")
    variables = {"nat_network_name": "office", "nat_network_bridge": "testoffice", "nat_network_address": "10.77.0.1/24", "nat_network_firewall": "own",
                 "nat_network_ranges": [{"start": "10.77.0.10", "end": "10.77.0.20"}]}
    seen = []
    for given in ({}, {"nat_network_coexist": True}, {"nat_network_coexist": True}, {}, {"nat_network_state": "absent"}):
        results, recap = ansible.playbook(str(play), **variables, **given)
        assert recap["failures"] == 0, results[-1]
        seen.append((recap["changed"], "testoffice" in host.run("ufw", "show", "added").stdout))
    assert seen == [(1, False), (1, True), (0, True), (1, False), (1, False)]


@pytest.mark.parametrize("zone", ["work", "libvirt"])
def test_a_bridge_that_somebody_gave_a_zone_stays_in_it(ansible, host, guests, zone):
    """And the error tells which."""
    start(host, "firewalld")
    host.run("firewall-cmd", "--zone=libvirt", "--set-target=DROP", "--permanent")
    host.run("firewall-cmd", "--reload")
    host.run("firewall-cmd", f"--zone={zone}", "--add-interface=testlab")
    said = ansible.refused("virt_nat", check=True, **NAT, coexist=True)
    assert f"firewalld has testlab in zone {zone}," in said and "testlab" in host.run("firewall-cmd", f"--zone={zone}", "--list-interfaces").stdout
    assert ansible.module("virt_nat", check=True, **NAT)["changed"] is False


def test_bridged_frames_that_pass_the_firewall_are_told_of(ansible, host, guests):
    """And that they are dropped there, where they are."""
    host.run("sysctl", "net.bridge.bridge-nf-call-iptables=1", "net.ipv4.conf.eth0.rp_filter=1")
    start(host, "docker")
    found = {(each["neighbour"], each["what"].partition(" is dropped")[0]): each["networks"] for each in ansible.module("virt_neighbour_info")["neighbours"]}
    host.run("sysctl", "net.bridge.bridge-nf-call-iptables=0", "net.ipv4.conf.eth0.rp_filter=0")
    assert found["docker", "what its guests begin among themselves"] == ["lab"]
    assert [set(networks) for (neighbour, unused), networks in found.items() if neighbour == "br_netfilter"] == [{"lab", "natted"}]
    assert any("eth0" in what for neighbour, what in found if neighbour == "rp_filter")
