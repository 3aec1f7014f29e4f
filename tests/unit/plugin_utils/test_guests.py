# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests of an inventory: what NICs tell of them, which address wins, and what they are called."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.plugin_utils import guests


def nic(domain="web", network="lab", addresses=(), **more):
    """A NIC as virt_interface_info tells it."""
    told = [{"address": address, "told_by": source, "device": None} for address, source in addresses]
    return {"domain": domain, "uuid": f"uuid-{domain}", "driver": "QEMU", "domain_state": "running", "persistent": True, "mac": "52:54:00:00:00:01",
            "alias": "net0", "target": "vnet0", "type": "network", "model": "virtio", "link": "up", "lab": None, "stored": True, "live": True,
            "config": {"domain": domain, "network": network}, "addresses": told, "unknown": [], **more}


def one(*nics):
    """The guest of some NICs."""
    return guests.guests("host1", "qemu:///system", nics)[0]


def test_nics_make_guests():
    """What a guest is told with each of its NICs is told once; what runs differently counts as it runs."""
    found = guests.guests("host1", "qemu:///system", [
        nic("db", lab="blue"), nic("web", addresses=[("192.0.2.5/24", "lease"), ("192.0.2.5", "arp")]),
        nic("web", "front", running={"network": "back"}, lab="blue"), nic("zoo", config=None)])
    assert [(each["guest"], len(each["nics"]), each["networks"], each["labs"], each["addresses"]) for each in found] == [
        ("db", 1, ["lab"], ["blue"], []), ("web", 2, ["lab", "back"], ["blue"], ["192.0.2.5"]), ("zoo", 1, [], [], [])]
    assert found[0]["hypervisor"] == "host1" and found[0]["uuid"] == "uuid-db" and found[0]["state"] == "running"


ADDRESSES = [("fe80::1/64", "agent"), ("127.0.0.1", "agent"), ("what I like", "agent"), ("192.0.2.7", "arp"), ("2001:db8::5/128", "lease"),
             ("192.0.2.5/24", "lease"), ("192.0.2.6/24", "agent")]


@pytest.mark.parametrize(("options", "wanted"), [
    ({}, "192.0.2.5"),
    ({"families": ["ipv6", "ipv4"]}, "2001:db8::5"),
    ({"sources": ["agent", "lease"]}, "192.0.2.6"),
    ({"sources": ["arp"]}, "192.0.2.7"),
    ({"families": ["ipv6"], "sources": ["agent"]}, None),
    ({"networks": ["back"]}, "198.51.100.1"),
    ({"networks": ["elsewhere", "lab"]}, "192.0.2.5"),
])
def test_the_address_that_wins(options, wanted):
    """By network, family and source, in this order; none of the link alone."""
    guest = one(nic(network="lab", addresses=ADDRESSES), nic(network="back", addresses=[("198.51.100.1", "arp")]))
    assert guests.address(guest, **options) == wanted


def called(*found, wanted=None, taken=()):
    """names() of (name, hypervisor, driver) each."""
    given = [{"guest": name, "hypervisor": hypervisor, "driver": driver, "uuid": f"{number}"} for number, (name, hypervisor, driver) in enumerate(found)]
    return guests.names(given, wanted or [each["guest"] for each in given], taken)


def test_names():
    """Who shares a name has a longer one, whoever came first, and so has whoever would take another's."""
    assert called(("web", "a", "QEMU"), ("db", "b", "QEMU")) == (["web", "db"], [])
    assert called(("web", "a", "QEMU"), ("db", "b", "QEMU"), ("web", "b", "QEMU")) == (["web.a", "db", "web.b"], ["web"])
    assert called(("web", "a", "QEMU"), taken=["web"]) == (["web.a"], ["web"])
    assert called(("web", "a", "QEMU"), ("web", "a", "LXC"), ("web", "b", "LXC")) == (["web.qemu.a", "web.lxc.a", "web.b"], ["web"])
    assert called(("web", "a", "QEMU"), taken=["web", "web.a", "web.qemu.a"]) == (["web.0.a"], ["web"])
    assert called(("web.a", "b", "QEMU"), ("web", "a", "QEMU"), ("web", "b", "QEMU")) == (["web.a", "web.qemu.a", "web.b"], ["web"])
    assert called(("{uuid}", "a", "QEMU"), ("{uuid}", "b", "QEMU")) == (["{uuid}.a", "{uuid}.b"], ["{uuid}"])


def test_a_guest_that_moved():
    """Where it is stored alone it is left out, where it runs elsewhere; two that run are two."""
    stored, runs = {"uuid": "1", "state": "shut off"}, {"uuid": "1", "state": "running"}
    assert guests.present([stored, runs]) == [runs]
    assert guests.present([stored]) == [stored] and guests.present([runs, runs]) == [runs, runs]
