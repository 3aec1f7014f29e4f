# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of neighbours: which are needed, and the steps that open and close them, whenever a run is killed."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import iptables_save, table_record
from ansible_collections.virtlab.network.plugins.module_utils.model.door import IN, OUT, Door
from ansible_collections.virtlab.network.plugins.module_utils.model.table import MISSING, TableState, report
from ansible_collections.virtlab.network.plugins.module_utils.plan import table_steps
from ansible_collections.virtlab.network.plugins.module_utils.plan.nat import items_of
from ansible_collections.virtlab.network.plugins.module_utils.plan.neighbours import Bridged, findings

from .plans import active, network
from .tables import IP4, Host, wanted

DOCKER = "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n{}-A DOCKER-USER -j RETURN\nCOMMIT\n"
UFW = ("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:ufw-before-input - [0:0]\n:ufw-before-forward - [0:0]\n-A INPUT -j ufw-before-input\n"
       "-A FORWARD -j ufw-before-forward\n-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT\nCOMMIT\n")
LAB = network("lab", forward={"mode": "open"}, bridge={"name": "virbr-lab"},
              ips=[{"address": "10.0.0.1/24", "dhcp": {"ranges": [{"start": "10.0.0.2", "end": "10.0.0.9"}]}}])
WEB = {"port": "80", "to": "10.0.0.2"}
LET = "iptables -I DOCKER-USER "
OUTWARD = f"{LET}-i virbr-lab -o eth0 -j ACCEPT; {LET}-i eth0 -o virbr-lab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
INWARD = f"{LET}-i eth0 -o virbr-lab -j ACCEPT; {LET}-i virbr-lab -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
LED = INWARD.replace("-o virbr-lab -j", "-o virbr-lab -m conntrack --ctstate DNAT -j")
SERVED = ["ufw allow in on virbr-lab to any port 67 proto udp", "ufw allow in on virbr-lab to any port 53"]


class Beside(Host):
    """A host with rules of others, which leads elsewhere by eth0."""

    chains, passing, leading, opened = {}, {}, ("eth0",), frozenset()
    bridges = {}


def beside(text="", family="ip", **more):
    """A host with what iptables-save(8) prints."""
    host = Beside(networks={"lab": active(LAB)}, values={IP4: 1}, **more)
    host.chains = iptables_save.parse(text, family, "filter")
    return host


def planned(host, state=None, **options):
    """The Item of a nat for the network."""
    return items_of([wanted(network="lab", **options)], {"a": state}, host)[0]


def opened(host, **options):
    """Doors that it opens, in words."""
    return set(map(str, planned(host, coexist=True, **options).target.doors))


def test_no_door_is_opened_without_being_asked_for():
    """Nor where nobody drops anything."""
    assert planned(beside(DOCKER.format(""))).target.doors == () == planned(beside(), coexist=True).target.doors


@pytest.mark.parametrize(("text", "options", "expected"), [
    (DOCKER.format(""), {}, [OUTWARD]), (DOCKER.format(""), {"forwards": [WEB]}, [OUTWARD, LED]), (DOCKER.format(""), {"masquerade": False}, [OUTWARD, INWARD]),
    (DOCKER.format("-A DOCKER-USER -i virbr-lab -j ACCEPT\n"), {"forwards": [WEB]}, [LED]),
    (UFW, {}, [*SERVED, "ufw route allow in on virbr-lab out on eth0"]),
    (UFW, {"forwards": [WEB]}, [*SERVED, "ufw route allow in on virbr-lab out on eth0", "ufw route allow in on eth0 out on virbr-lab"]),
    (DOCKER.format("").replace("-A FORWARD -j DOCKER-USER\n", ""), {}, []),
])
def test_what_is_dropped_gets_its_doors(text, options, expected):
    """Those that it needs, of who drops it, and no wider; a chain that nothing leads to is nobody's door."""
    assert opened(beside(text), **options) == set(expected)


def test_ways_out_that_are_named_count_as_well():
    """A NIC by which no default route leads."""
    assert opened(beside(DOCKER.format("")), devices=["eth1"]) == {OUTWARD, OUTWARD.replace("eth0", "eth1")}


def test_a_bridge_by_which_the_host_leads_elsewhere_has_none():
    """firewalld would have another zone for whoever comes in by it."""
    host = beside(DOCKER.format(""))
    host.leading = ("virbr-lab",)
    assert planned(host, coexist=True).target.doors == ()


def test_a_door_that_is_open_stays_as_long_as_it_may_be_needed():
    """As nothing is dropped then, which is no reason to close it; one of another bridge is closed, and so is one that nobody comes in by any more."""
    first = planned(beside(DOCKER.format("")), coexist=True, forwards=[WEB]).target
    strange = Door("docker", "iptables", OUT, "virbr-old", "eth0")
    held = replace(first, doors=(*first.doors, strange), shut=(first.doors[1],))
    item = planned(beside(), held, coexist=True, forwards=[WEB])
    assert [(step.verb, step.value) for step in item.steps if step.verb in ("open", "close")] == [
        ("close", ("nat", "a", strange, first.doors)), ("open", first.doors[1])]
    assert [step.verb for step in item.steps] == ["close", "store", "open"] and [each.field for each in item.changes] == ["doors"]
    assert planned(beside(), first, coexist=True, forwards=[WEB]).steps == ()
    assert set(map(str, planned(beside(), first, coexist=True).target.doors)) == {OUTWARD}


def test_doors_of_others_are_held_as_well():
    """Where they let the same packets pass, and would else be closed with the resource that opened them."""
    theirs = frozenset({Door("docker", "iptables", OUT, "virbr-lab", "eth0"), Door("docker", "iptables", IN, "virbr-lab", "eth0")})
    host = beside()
    host.opened = theirs
    assert opened(host) == {OUTWARD}
    host.opened = frozenset({Door("ufw", "ufw", IN, "virbr-lab", "eth0")})
    assert opened(host, forwards=[WEB]) == {"ufw route allow in on eth0 out on virbr-lab"}


def test_what_no_door_helps_is_warned_of():
    """Whether anything else changes or not: by who has none, and behind a door that is open."""
    text = DOCKER.format("").replace("DOCKER-USER", "OTHER")
    item = planned(beside(text), coexist=True)
    assert [each for each in item.warnings if "is dropped by chain FORWARD of table ip filter, all the same" in each]
    settled = planned(beside(text), item.target, coexist=True)
    assert settled.steps == () and "what its guests begin of lab is dropped" in settled.warnings[0]
    held = planned(beside(DOCKER.format("")), coexist=True).target
    assert "all the same" in planned(beside(DOCKER.format("")), held, coexist=True).warnings[0]
    assert not planned(beside(DOCKER.format("")), replace(held, shut=held.doors), coexist=True).warnings


def test_steps_that_are_killed_anywhere_are_known_by_what_they_left():
    """What is open is written down as long as it is."""
    one, other = (Door("ufw", "ufw", OUT, name, "eth0") for name in ("a", "b"))
    before = TableState("nat", "a", wanted(coexist=True).data, "text", doors=(one,))
    for target in (replace(before, doors=(other,)), None, replace(before, data=wanted().data, doors=())):
        held, written = {one}, {one}
        for step in table_steps.steps_between(before, target):
            held = held | {step.value} if step.verb == "open" else held - {step.value[2]} if step.verb == "close" else held
            written = set(step.value.doors) if step.verb == "store" else set() if step.verb == "forget" else written
            assert held <= written
        assert held == written == set(target.doors if target else ())


def test_rolling_back_closes_what_was_opened_and_opens_nothing_else():
    """Also where a door had been closed by somebody before."""
    item = planned(beside(DOCKER.format("")), coexist=True, forwards=[WEB])
    gone = table_steps.undone(item)
    assert [step.verb for step in table_steps.steps_between(item.target, gone)] == ["close", "close", "unload", "forget"]
    held = replace(item.target, shut=item.target.doors[:1])
    back = table_steps.undone(planned(beside(), held, coexist=True, forwards=[WEB]))
    assert table_steps.steps_between(held, back) == () and table_steps.steps_between(item.target, back) == ()


def test_doors_are_written_down_and_told():
    """A record is read as it was written; a report tells of what is open."""
    state = planned(beside(DOCKER.format("")), coexist=True, forwards=[WEB]).target
    record = table_record.Record(state, "1", {})
    assert table_record.parse(table_record.text(record)).state.doors == state.doors
    assert report(replace(state, shut=state.doors[1:], live=MISSING))["doors"] == [str(state.doors[0])]


@pytest.mark.parametrize(("family", "called", "program"), [
    ("ip", "filter", "iptables"), ("ip6", "filter", "ip6tables"), ("ip", "filter (legacy)", "iptables-legacy"),
])
def test_a_remedy_names_the_program_whose_rules_drop(family, called, program):
    """The two ways of iptables(8), and the two versions of IP, know nothing of each other. Of a network that libvirt translates for nothing is to come in."""
    lab = Bridged("lab", "virbr-lab", "nat", (ipaddress.ip_network("10.0.0.0/24" if family == "ip" else "fd00::/64"),))
    found, = findings([lab], iptables_save.parse(DOCKER.format(""), family, called), {}, ["eth0"])
    assert found.remedy == OUTWARD.replace("iptables", program) and found.neighbour == "docker"


def test_guests_that_are_to_reach_another_bridge_have_a_door_there():
    """Both bridges are somebody's guests'."""
    lab = Bridged("lab", "virbr-lab", "open", (), comes="", towards=("virbr-two",))
    found = findings([lab], iptables_save.parse(DOCKER.format(""), "ip", "filter"), {}, ["eth0"])
    assert found[0].remedy == f"{OUTWARD}; {OUTWARD.replace('eth0', 'virbr-two')}"
