# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a lab: what it comes to on each host, what is proved, and errors that name the key."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError
from ansible_collections.virtlab.network.plugins.module_utils.model.option import declared
from ansible_collections.virtlab.network.plugins.plugin_utils.lab import hosts, proof, reading
from ansible_collections.virtlab.network.plugins.plugin_utils.lab.model import Lab

CHECKOUT = Path(__file__).resolve().parents[3]
#: two hosts: one with a NAT network and a guest, both with a network of their own, and one guest there
OFFICE = {
    "name": "office",
    "hosts": [{"name": "kvm1", "nics": [{"segment": "wan", "device": "eth0"}]}, {"name": "kvm2"}],
    "segments": [{"name": "wan"}],
    "networks": [
        {"name": "web", "mode": "nat", "hosts": ["kvm1"], "nat": {"segment": "wan", "forwards": [{"port": 8080, "to": "192.168.150.10", "to_port": 80}]},
         "ips": [{"address": "192.168.150.1/24", "dhcp": {"ranges": [{"start": "192.168.150.100", "end": "192.168.150.199"}]}}, {"address": "fd00:150::1/64"}]},
        {"name": "quiet", "ips": [{"address": "10.7.0.1/24"}], "autostart": False},
    ],
    "guests": [
        {"name": "vm1", "host": "kvm1", "memory": 128, "interfaces": [{"network": "web", "ips": ["192.168.150.10", "fd00:150::10"]}, {"network": "quiet"}]},
        {"name": "vm2", "host": "kvm2", "interfaces": [{"network": "quiet", "mac": "52:54:00:00:00:02", "ips": ["10.7.0.2"]}]},
    ],
    "places": [{"name": "lan", "subnets": ["198.51.100.0/24"]}, {"name": "internet", "addresses": ["203.0.113.1"]}],
    "policies": [{"src": "lan", "dst": "web", "rules": [{"protocol": "tcp", "ports": ["80"]}]}, {"src": "wan", "dst": "host", "default": "reject"}],
    "reachability": [{"from": "web", "to": ["internet", "host"], "allowed": "icmp"}, {"from": "quiet", "to": "vm1", "refused": "icmp"}],
    "ends": [{"name": "quiet", "addresses": ["10.7.0.9/24"]}],
}


def changed(**changes):
    """The definition with other values at top keys."""
    return {**copy.deepcopy(OFFICE), **changes}


def with_network(**more):
    """The definition with one network alone, and nothing that names others."""
    bare = {name: value for name, value in OFFICE.items() if name in ("name", "hosts", "segments")}
    return {**bare, "networks": [{"name": "web", **more}]}


def test_a_host_gets_what_it_is_named_for():
    """Networks of all hosts and of its own, leases for its guests by both versions of IP, guests with the NICs that the leases are for."""
    found = hosts.of_host(reading.lab(OFFICE), "kvm1")
    web, quiet = found["networks"]
    vm1, = found["guests"]
    mac = vm1["interfaces"][0]["mac"]
    assert web["ips"][0]["dhcp"]["hosts"] == [{"mac": mac, "name": "vm1", "ip": "192.168.150.10"}]
    assert web["ips"][1]["dhcp"]["hosts"] == [{"name": "vm1", "ip": "fd00:150::10"}]
    assert (web["forward"], web["state"], web["autostart"], quiet["autostart"]) == ({"mode": "open"}, "active", True, False)
    assert (quiet.get("forward"), "mode" in web or "nat" in web or "hosts" in web) == (None, False)
    assert vm1 == {"name": "vm1", "memory": 128, "interfaces": [{"network": "web", "mac": mac}, {"network": "quiet", "mac": vm1["interfaces"][1]["mac"]}]}
    assert mac.startswith("52:54:00:") and mac != vm1["interfaces"][1]["mac"]
    forward = {"to": "192.168.150.10", "port": "8080", "to_port": "80"}
    assert found["nats"] == [{"name": "web", "network": "web", "devices": ["eth0"], "forwards": [forward]}]
    assert (found["links"], found["bridges"], found["taps"]) == ([], [], [])


def test_the_other_host_gets_its_own():
    """A network that each host has for itself has the leases of its own guests."""
    found = hosts.of_host(reading.lab(OFFICE), "kvm2")
    quiet, = found["networks"]
    assert quiet["ips"][0]["dhcp"]["hosts"] == [{"mac": "52:54:00:00:00:02", "name": "vm2", "ip": "10.7.0.2"}]
    assert [each["name"] for each in found["guests"]] == ["vm2"] and found["nats"] == []


def test_a_host_that_is_not_named_gets_nothing():
    """Not even what is for all hosts of the lab."""
    assert not any(hosts.of_host(reading.lab(OFFICE), "other").values())


def test_policies_are_of_hosts_that_know_both():
    """A host without the network or the NIC has no rule about it."""
    lab = reading.lab(OFFICE)
    assert hosts.of_host(lab, "kvm1")["firewalls"] == [{
        "name": "office",
        "zones": [{"name": "lan", "subnets": ["198.51.100.0/24"]}, {"name": "web", "networks": ["web"]}, {"name": "wan", "devices": ["eth0"]},
                  {"name": "host", "host": True}],
        "policies": [{"src": "lan", "dst": "web", "rules": [{"protocol": "tcp", "ports": ["80"]}]}, {"src": "wan", "dst": "host", "default": "reject"}],
    }]
    assert hosts.of_host(lab, "kvm2")["firewalls"] == []


def test_the_proof_is_of_what_is_named():
    """Networks with their hosts, guests on theirs, places by their addresses, and what is said of ends beside that."""
    assert proof.proof(reading.lab(OFFICE)) == {
        "ends": {
            "quiet": {"network": "quiet", "local": True, "addresses": ["10.7.0.9/24"]}, "web": {"network": "web", "hosts": ["kvm1"], "local": True},
            "internet": {"address": ["203.0.113.1"]}, "host": {"host": True, "local": True}, "vm1": {"guest": "vm1", "hosts": ["kvm1"]},
        },
        "table": OFFICE["reachability"], "default": "refused",
    }


WRONG = {
    "no mapping": ("office", "lab_definition is 'office': must be a mapping"),
    "a key": (changed(netwoks=[]), "lab_definition: netwoks. Supported parameters include"),
    "a key of a network": (with_network(adress=1), "lab_definition: networks.adress. Supported"),
    "a mode": (with_network(mode="natt"), "value of mode must be one of: "),
    "no host": (changed(hosts=[]), "lab_definition.hosts is []: must name a host"),
    "a host twice": (changed(hosts=[{"name": "kvm1"}, {"name": "kvm1"}]), "lab_definition.hosts is 'kvm1': is there twice"),
    "a host of a network": (with_network(hosts=["kvm3"]), "lab_definition.networks[web].hosts is 'kvm3': is none of the lab's hosts, which are kvm1, kvm2"),
    "a segment of a NIC": (changed(segments=[{"name": "lan2"}]), "lab_definition.hosts[kvm1].nics.segment is 'wan': is none of the lab's seg"),
    "a segment of a mode": (with_network(mode="nat", nat={"segment": "lan"}), "lab_definition.networks[web].nat.segment is 'lan': is none of the lab's seg"),
    "a mode's options": (with_network(nat={"ipv6": True}), "lab_definition.networks[web].nat is {'ipv6': True}: is for mode nat, and this network's is None"),
    "a forward and a mode": (with_network(mode="nat", forward={"mode": "route"}), "lab_definition.networks[web].forward is {'mode': 'route'}: follows from"),
    "an address": (with_network(ips=[{"address": "10.0.0.1/99"}]), "lab_definition.networks[0].ips[0].address is '10.0.0.1/99': must be an address"),
    "a name of two": (changed(places=[{"name": "web"}]), "lab_definition.places is 'web': is the name of one of its networks, too"),
    "a name that is taken": (changed(places=[{"name": "host"}]), "lab_definition.places is 'host': means the host itself"),
    "a guest without a host": (changed(guests=[{"name": "vm1"}]), "lab_definition.guests[vm1].host is None: must be one of kvm1, kvm2"),
    "a guest elsewhere": (changed(guests=[{"name": "vm1", "host": "kvm2", "interfaces": [{"network": "web"}]}]),
                          "lab_definition.guests[vm1].interfaces[0].network is 'web': is not on host kvm2"),
    "an address of another subnet": (changed(guests=[{"name": "vm1", "host": "kvm1", "interfaces": [{"network": "web", "ips": ["10.1.1.1"]}]}]),
                                     "lab_definition.guests[vm1].interfaces[0].ips is '10.1.1.1': is of none of network web's subnets"),
    "a policy": (changed(policies=[{"src": "lan", "dst": "dmz"}]), "lab_definition.policies[0].dst is 'dmz': is none of the lab's networks"),
    "a place without subnets": (changed(policies=[{"src": "internet", "dst": "web"}]), "lab_definition.places[internet].subnets is []: policies name it"),
    "a row": (changed(reachability=[{"from": "web", "to": "dmz", "allowed": "icmp"}]), "lab_definition.reachability[0].to is 'dmz': is none of the ends"),
    "a port": (changed(reachability=[{"from": "web", "to": "web", "allowed": "http"}]), "lab_definition.reachability[0].allowed is 'http': must be icmp"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=list(WRONG))
def test_an_error_names_the_key(given, said):
    """Before any host is touched."""
    with pytest.raises(VirtNetError) as err:
        reading.lab(given)
    assert said in str(err.value)


def test_the_schema_that_is_shipped_is_that_of_the_models():
    """``make schema`` writes it."""
    spec = importlib.util.spec_from_file_location("lab_schema", CHECKOUT / "tools/lab_schema.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert json.loads((CHECKOUT / "schemas/lab.json").read_text(encoding="utf-8")) == tool.schema(Lab, declared)


class Lazy(dict):
    """As Ansible's own, whose templates are rendered as they are looked at."""

    def __deepcopy__(self, memo):
        raise TypeError("it brings along what renders it")


def test_a_definition_may_have_templates():
    """Containers that are Ansible's own are read once, and not copied."""
    networks = [Lazy(each) for each in OFFICE["networks"]]
    lab = reading.lab(Lazy({**OFFICE, "networks": networks}))
    assert hosts.of_host(lab, "kvm1") == hosts.of_host(reading.lab(OFFICE), "kvm1")
