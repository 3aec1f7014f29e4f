# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors of neighbours: which are needed, and the steps that open and close them, whenever a run is killed."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import iptables_save, table_record
from ansible_collections.virtlab.network.plugins.module_utils.model.door import RULES, Door, doors
from ansible_collections.virtlab.network.plugins.module_utils.model.table import MISSING, TableState, report
from ansible_collections.virtlab.network.plugins.module_utils.plan import table_steps
from ansible_collections.virtlab.network.plugins.module_utils.plan.nat import items_of
from ansible_collections.virtlab.network.plugins.module_utils.plan.neighbours import Bridged, findings, needed

from .plans import active, network
from .tables import IP4, Host, wanted

DOCKER = "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n{}-A DOCKER-USER -j RETURN\nCOMMIT\n"
UFW = ("*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:ufw-before-input - [0:0]\n:ufw-before-forward - [0:0]\n-A INPUT -j ufw-before-input\n"
       "-A FORWARD -j ufw-before-forward\n-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT\nCOMMIT\n")
LAB = network("lab", forward={"mode": "open"}, bridge={"name": "virbr-lab"},
              ips=[{"address": "10.0.0.1/24", "dhcp": {"ranges": [{"start": "10.0.0.2", "end": "10.0.0.9"}]}}])
OPENED = ["iptables -I DOCKER-USER -i virbr-lab -j ACCEPT", "iptables -I DOCKER-USER -o virbr-lab -j ACCEPT",
          "iptables -I DOCKER-USER -o virbr-lab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]


class Beside(Host):
    """A host with rules of others, which leads elsewhere by eth0."""

    chains, passing, leading = {}, {}, ("eth0",)
    bridges = {}


def beside(text="", family="ip", **more):
    """A host with what iptables-save(8) prints."""
    host = Beside(networks={"lab": active(LAB)}, **more)
    host.chains = iptables_save.parse(text, family, "filter")
    return host


def planned(host, state=None, **options):
    """The Item of a nat for the network."""
    return items_of([wanted(network="lab", **options)], {"a": state}, host)[0]


def test_no_door_is_opened_without_being_asked_for():
    """Nor where nobody drops anything."""
    assert planned(beside(DOCKER.format(""))).target.doors == () == planned(beside(), coexist=True).target.doors


@pytest.mark.parametrize(("text", "expected"), [
    (DOCKER.format(""), OPENED), (DOCKER.format("-A DOCKER-USER -i virbr-lab -j ACCEPT\n"), OPENED[:2]),
    (UFW, ["ufw allow in on virbr-lab to any port 53", "ufw allow in on virbr-lab to any port 67 proto udp", "ufw route allow in on virbr-lab",
           "ufw route allow out on virbr-lab"]),
    (DOCKER.format("").replace("DOCKER-USER", "OTHER"), []),
])
def test_what_is_dropped_gets_its_doors(text, expected):
    """Those that it needs, of who drops it, and has any."""
    item = planned(beside(text), coexist=True)
    assert list(map(str, item.target.doors)) == expected == item.after["doors"]


def test_a_bridge_by_which_the_host_leads_elsewhere_has_none():
    """firewalld would have another zone for whoever comes in by it."""
    host = beside(DOCKER.format(""))
    host.leading = ("virbr-lab",)
    assert planned(host, coexist=True).target.doors == ()


def test_a_door_that_is_open_stays():
    """As nothing is dropped then, which is no reason to close it; one of another bridge is closed, and one that somebody closed is opened."""
    first = planned(beside(DOCKER.format(""), values={IP4: 1}), coexist=True).target
    strange = Door("docker", "iptables", "-i virbr-old -j ACCEPT")
    held = replace(first, doors=(*first.doors, strange), shut=first.doors[:1])
    item = planned(beside(values={IP4: 1}), held, coexist=True)
    assert [(step.verb, step.value) for step in item.steps if step.verb in ("open", "close")] == [("close", strange), ("open", first.doors[0])]
    assert [step.verb for step in item.steps] == ["close", "store", "open"]
    assert planned(beside(values={IP4: 1}), first, coexist=True).steps == () and [each.field for each in item.changes] == ["doors"]


def test_steps_that_are_killed_anywhere_are_known_by_what_they_left():
    """What is open is written down as long as it is."""
    one, other = (Door("ufw", "ufw", f"route allow in on {name}") for name in ("a", "b"))
    before = TableState("nat", "a", wanted(coexist=True).data, "text", doors=(one,))
    for target in (replace(before, doors=(other,)), None, replace(before, data=wanted().data, doors=())):
        steps = table_steps.steps_between(before, target)
        opened, written = {one}, {one}
        for step in steps:
            opened = opened | {step.value} if step.verb == "open" else opened - {step.value} if step.verb == "close" else opened
            written = set(step.value.doors) if step.verb == "store" else set() if step.verb == "forget" else written
            assert opened <= written
        assert opened == written == set(target.doors if target else ())


def test_rolling_back_closes_what_was_opened_and_opens_nothing_else():
    """Also where a door had been closed by somebody before."""
    item = planned(beside(DOCKER.format("")), coexist=True)
    gone = table_steps.undone(item)
    assert [step.verb for step in table_steps.steps_between(item.target, gone)] == ["close", "close", "close", "unload", "forget"]
    held = replace(item.target, shut=item.target.doors[:1])
    back = table_steps.undone(planned(beside(), held, coexist=True))
    assert table_steps.steps_between(held, back) == () and table_steps.steps_between(item.target, back) == ()


def test_doors_are_written_down_and_told():
    """A record is read as it was written; a report tells of what is open."""
    state = planned(beside(DOCKER.format("")), coexist=True).target
    record = table_record.Record(state, "1", {})
    assert table_record.parse(table_record.text(record)).state.doors == state.doors
    assert report(replace(state, shut=state.doors[1:], live=MISSING))["doors"] == OPENED[:1]


@pytest.mark.parametrize(("neighbour", "way"), [(neighbour, way) for neighbour, ways in RULES.items() for way in ways])
def test_every_door_knows_its_bridge(neighbour, way):
    """By which those of a bridge that is none of a resource's any more are found."""
    assert {each.device for each in doors(neighbour, way, "virbr-0.1", "iptables")} == {"virbr-0.1"}


def test_guests_of_a_nat_network_are_let_out_and_nobody_in():
    """What answers comes in."""
    lab = Bridged("lab", "virbr0", "nat", ())
    found = needed([lab], iptables_save.parse(DOCKER.format(""), "ip", "filter"), {}, ["eth0"])
    assert [each.rule for each in found] == ["-i virbr0 -j ACCEPT", "-o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]


@pytest.mark.parametrize(("family", "called", "program"), [
    ("ip", "filter", "iptables"), ("ip6", "filter", "ip6tables"), ("ip", "filter (legacy)", "iptables-legacy"),
])
def test_a_remedy_names_the_program_whose_rules_drop(family, called, program):
    """The two ways of iptables(8), and the two versions of IP, know nothing of each other."""
    lab = Bridged("lab", "virbr0", "nat", (ipaddress.ip_network("10.0.0.0/24" if family == "ip" else "fd00::/64"),))
    found, = findings([lab], iptables_save.parse(DOCKER.format(""), family, called), {}, ["eth0"])
    assert found.remedy.startswith(f"{program} -I DOCKER-USER -i virbr0 -j ACCEPT; {program} ") and found.neighbour == "docker"
