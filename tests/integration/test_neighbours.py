# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_neighbour_info: who drops what, held against what packets do, and the remedy, carried out as it is told."""

from __future__ import annotations

import pytest

from testbed import guest
from tests.packets import asked

NETWORKS = [
    {"name": "lab", "forward": {"mode": "open"}, "bridge": {"name": "testlab"},
     "ips": [{"address": "10.75.0.1/24", "dhcp": {"ranges": [{"start": "10.75.0.10", "end": "10.75.0.20"}]}}]},
    {"name": "natted", "forward": {"mode": "nat"}, "bridge": {"name": "testnatted"},
     "ips": [{"address": "10.76.0.1/24", "dhcp": {"ranges": [{"start": "10.76.0.10", "end": "10.76.0.20"}]}}]},
]
#: what others do to the packets that a host passes on, by who it looks like: commands that do so, and that undo it
DOCKER = ["iptables -N DOCKER-USER", "iptables -A DOCKER-USER -j RETURN", "iptables -A FORWARD -j DOCKER-USER", "iptables -P FORWARD DROP",
          "iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
UFW = ["iptables -N ufw-before-forward", "iptables -A FORWARD -j ufw-before-forward", "iptables -P FORWARD DROP",
       "iptables -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
OTHER = ["nft add table inet other", "nft add chain inet other pass { type filter hook forward priority 0 ; policy accept ; }",
         "nft add rule inet other pass iifname testlab ct state new counter drop"]


@pytest.fixture(scope="module")
def guests(lab, host, ansible):
    """A guest on each network; what leaves the one whose forward mode is open is translated by virt_nat."""
    ansible.module("virt_host", networks=NETWORKS, nats=[{"name": "lab", "network": "lab"}])
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    started = {each["name"]: guest.start(host, each["name"], {"network": each["name"]}, kind="lxc") for each in NETWORKS}
    for each in started.values():
        each.address()
    yield started
    for each in started.values():
        each.stop()
    ansible.module("virt_host", lab="default", prune=True)


@pytest.fixture(autouse=True)
def clean(host):
    """Nothing of what others did is left."""
    yield
    host.run("iptables", "-P", "FORWARD", "ACCEPT")
    for words in ("-D FORWARD -j DOCKER-USER", "-F DOCKER-USER", "-X DOCKER-USER", "-D FORWARD -j ufw-before-forward", "-F ufw-before-forward",
                  "-X ufw-before-forward", "-D FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"):
        host.run("iptables", *words.split(), check=False)
    host.run("nft", "delete", "table", "inet", "other", check=False)


def gets_out(guests):
    """Names of those whose guests get out."""
    return {name for name, each in guests.items() if asked(each, "udp", "198.51.100.1", 7).startswith("198.51.100.11")}


def test_nothing_is_in_the_way(ansible, guests):
    """Where nobody drops anything."""
    assert ansible.module("virt_neighbour_info")["neighbours"] == [] and gets_out(guests) == {"lab", "natted"}


@pytest.mark.parametrize(("maker", "commands"), [("docker", DOCKER), ("ufw", UFW), ("table inet other", OTHER)], ids=["docker", "ufw", "other"])
def test_who_drops_is_named(ansible, host, guests, maker, commands):
    """libvirt's own networks have rules of libvirt's in the same chain, and pass; the others do not."""
    for command in commands:
        host.run(*command.split())
    found = ansible.module("virt_neighbour_info")["neighbours"]
    assert gets_out(guests) == {"natted"}
    assert {(each["neighbour"], *each["networks"]) for each in found} == {(maker, "lab")}
    assert "what its guests begin is dropped by chain" in found[0]["what"]


def test_the_remedy_is_one(ansible, host, guests):
    """As it is told."""
    for command in DOCKER:
        host.run(*command.split())
    for command in ansible.module("virt_neighbour_info")["neighbours"][0]["remedy"].split("; "):
        host.run(*command.split())
    assert ansible.module("virt_neighbour_info")["neighbours"] == [] and gets_out(guests) == {"lab", "natted"}


def test_bridged_frames_that_pass_the_firewall_are_told_of(ansible, host, guests):
    """And that they are dropped there, where they are."""
    host.run("sysctl", "net.bridge.bridge-nf-call-iptables=1", "net.ipv4.conf.eth0.rp_filter=1")
    for command in DOCKER:
        host.run(*command.split())
    found = {(each["neighbour"], each["what"].partition(" is dropped")[0]): each["networks"] for each in ansible.module("virt_neighbour_info")["neighbours"]}
    assert found["docker", "what its guests begin among themselves"] == ["lab"]
    assert [set(networks) for (neighbour, unused), networks in found.items() if neighbour == "br_netfilter"] == [{"lab", "natted"}]
    assert any("eth0" in what for neighbour, what in found if neighbour == "rp_filter")
    host.run("sysctl", "net.bridge.bridge-nf-call-iptables=0", "net.ipv4.conf.eth0.rp_filter=0")
