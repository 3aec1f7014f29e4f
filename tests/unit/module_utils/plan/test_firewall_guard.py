# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a policy's plan would let no new connection in such as that which the task came by, and what would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.access import Access
from ansible_collections.virtlab.network.plugins.module_utils.model.table import ALTERED, MISSING, WantedTable
from ansible_collections.virtlab.network.plugins.module_utils.plan import firewall_guard, guard

from .plans import active, ips, network
from .test_firewall import firewalls, plan

FOUR = Access("198.51.100.1", "198.51.100.11", ("eth0",), "198.51.100.0/24", port=22)
SIX = Access("2001:db8::1", "2001:db8::11", ("eth0",), "2001:db8::/64", port=22)
#: by a bridge, on a VLAN, on a NIC
BELOW = FOUR._replace(devices=("br0", "eth0.5", "eth0"))
NETWORKS = {"front": active(network("front", forward={"mode": "bridge"}, bridge={"name": "br0"})),
            "back": active(network("back", bridge={"name": "virbr1"}, **ips("10.0.0.1/24")))}
LAN = {"devices": ["eth0"]}
HOST = {"host": True}


def item_of(src=None, *policies, state=None, **options):
    """The plan's Item of a firewall with a policy from a zone ``src`` to the host, and others."""
    wanted = firewalls({"lan": src or LAN, "other": {"devices": ["eth7"]}, "h": HOST}, {"src": "lan", "dst": "h", **options}, *policies)
    return plan(wanted, networks=NETWORKS, observed={("firewall", "f"): state})[0]


def clauses(src=None, *policies, access=FOUR, **more):
    """What the guard says of it."""
    return list(firewall_guard.cuts(item_of(src, *policies, **more), access))


def said(verdict, access=FOUR):
    """What it says of a policy that is not accept."""
    return [f"policy lan to h would {verdict} new connections from {access.client} to {access.server} port 22"]


@pytest.mark.parametrize("access", [FOUR, SIX], ids=["four", "six"])
@pytest.mark.parametrize("default", ["accept", "drop", "reject"])
def test_by_default(access, default):
    """Whatever is not accepted is said, with what is done to it."""
    expected = [] if default == "accept" else said(default, access)
    assert clauses(default=default, access=access) == expected
    assert guard.clauses([item_of(default=default)], access) == [f"firewall f: {each}" for each in expected]


SSH = {"protocol": "tcp", "ports": ["22"]}


@pytest.mark.parametrize(("rules", "verdict"), [
    ([SSH], "accept"), ([{"protocol": "tcp"}], "accept"), ([{}], "accept"), ([{"protocol": "tcp", "ports": ["80", "20-30"]}], "accept"),
    ([{"protocol": "tcp", "ports": ["80", "23-30", "1-21"]}], "drop"), ([{"protocol": "udp", "ports": ["22"]}], "drop"), ([{"protocol": "icmp"}], "drop"),
    ([{**SSH, "saddr": ["198.51.100.0/24", "2001:db8::/32"]}], "accept"), ([{**SSH, "saddr": ["198.51.100.2", "2001:db8::2"]}], "drop"),
    ([{**SSH, "daddr": ["198.51.100.11", "2001:db8::11"]}], "accept"), ([{**SSH, "daddr": ["198.51.100.12", "2001:db8::12"]}], "drop"),
    ([{**SSH, "action": "reject"}, {}], "reject"), ([{"action": "drop", "saddr": ["198.51.100.0/28", "2001:db8::/112"]}, SSH], "drop"),
    ([SSH, {"action": "drop"}], "accept"), ([{"action": "drop", "protocol": "udp"}, {"action": "reject", "saddr": ["203.0.113.0/24"]}, SSH], "accept"),
    ([{**SSH, "saddr": ["203.0.113.0/24"]}, {"protocol": "tcp", "action": "reject"}], "reject"), ([{**SSH, "limit": "10/minute"}], "accept"),
])
@pytest.mark.parametrize("access", [FOUR, SIX], ids=["four", "six"])
def test_the_first_rule_that_fits_counts(rules, verdict, access):
    """By protocol, port and addresses."""
    assert clauses(rules=rules, access=access) == ([] if verdict == "accept" else said(verdict, access))


def test_a_port_that_is_not_known_is_no_other():
    """So a rule for some ports lets nobody in."""
    access = FOUR._replace(port=None)
    assert clauses(rules=[SSH], access=access) and not clauses(rules=[{"protocol": "tcp"}], access=access)


@pytest.mark.parametrize(("zone", "access", "cut"), [
    (LAN, FOUR, True), ({"devices": ["eth1"]}, FOUR, False), (LAN, BELOW, True), ({"devices": ["eth0.5"]}, BELOW, True), ({"devices": ["br0"]}, BELOW, True),
    ({"networks": ["front"]}, BELOW, True), ({"networks": ["front"]}, FOUR, False), ({"networks": ["back"]}, BELOW, False),
    ({"subnets": ["198.51.100.0/25"]}, FOUR, True), ({"subnets": ["198.51.100.128/25"]}, FOUR, False), ({"subnets": ["198.51.100.1"]}, BELOW, True),
    ({"subnets": ["0.0.0.0/0"]}, FOUR, True), ({"subnets": ["0.0.0.0/0"]}, SIX, False), ({"subnets": ["0.0.0.0/0", "::/0"]}, SIX, True),
    ({"subnets": ["198.51.100.11"]}, FOUR, False), ({"devices": ["eth1"], "subnets": ["2001:db8::/64"]}, SIX, True),
])
def test_zones_that_the_client_is_in(zone, access, cut):
    """By devices of the connection and below it, by a network's bridge, and by its own address, not the host's."""
    assert clauses(zone, access=access) == (said("drop", access) if cut else [])


def test_the_zone_of_its_device_goes_before_that_of_its_address():
    """As in the kernel: where that is asked first, the other has no say."""
    zones = {"lan": LAN, "world": {"subnets": ["0.0.0.0/0", "::/0"]}, "h": HOST}
    opened, closed = {"default": "accept"}, {"default": "drop"}
    for lan, world, words in ((opened, closed, []), (closed, opened, said("drop"))):
        wanted = firewalls(zones, {"src": "world", "dst": "h", **world}, {"src": "lan", "dst": "h", **lan})
        assert list(firewall_guard.cuts(plan(wanted)[0], FOUR)) == words
        assert bool(list(firewall_guard.cuts(plan(wanted)[0], FOUR._replace(devices=("eth9",))))) == (world is closed)


def test_policies_about_others_say_nothing():
    """Nor does what leaves the host, or passes by."""
    for policy in (("h", "lan"), ("lan", "other"), ("other", "h"), ("lan", "lan")):
        assert clauses(LAN, policy, default="accept") == []


def test_what_was_decided_before_is_not_said_again():
    """As long as it is the same policy about the same zone, and in force."""
    before = item_of().target
    assert clauses(LAN, ("other", "h"), state=before) == []
    assert clauses({"devices": ["eth0", "eth1"]}, state=before) == said("drop")
    assert clauses(rules=[SSH, {"action": "reject"}], state=before) == []
    assert clauses(default="reject", state=before) == said("reject")
    assert clauses(rules=[{"protocol": "udp"}], state=before) == said("drop")
    for live in (MISSING, ALTERED):
        assert clauses(state=replace(before, live=live)) == said("drop")


def test_what_comes_to_another_policy_is_said():
    """The same policy for everybody is there as before, and now it is the one that this connection comes to."""
    zones = {"lan": LAN, "world": {"subnets": ["0.0.0.0/0"]}, "h": HOST}
    before, = plan(firewalls(zones, {"src": "lan", "dst": "h", "default": "accept"}, ("world", "h")))
    after, = plan(firewalls(zones, ("world", "h")), observed={("firewall", "f"): before.target})
    assert list(firewall_guard.cuts(after, FOUR)) == [said("drop")[0].replace("lan to h", "world to h")]


def test_what_goes_cuts_nothing():
    """And the host talks to itself whatever is decided."""
    gone, = plan(WantedTable("firewall", "f", state="absent"), observed={("firewall", "f"): item_of().target})
    assert list(firewall_guard.cuts(gone, FOUR)) == []
    assert clauses({"subnets": ["0.0.0.0/0"]}, access=Access("127.0.0.1", "127.0.0.1", ("lo",), "127.0.0.0/8", port=22)) == []
