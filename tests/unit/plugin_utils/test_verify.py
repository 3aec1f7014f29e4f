# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of who reaches whom: its cells, what they came to, where packets died, and the reports; without any host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.virtlab.network.plugins.filter.verify import FilterModule
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.plugin_utils import verify_report, verify_table, verify_verdict, verify_way
from lxml import etree

ENDS = {"lab": {"network": "lab"}, "dmz": {"bridge": "br0", "hosts": ["two"]}, "world": {"address": ["203.0.113.1", "2001:db8::1"]}}
HOSTS = ["one", "two"]


def end(name, *addresses, mac="52:54:00:00:00:01", problem=""):
    """An end as virt_ends tells of it."""
    return {"name": name, "plugged": {"mac": mac}, "addresses": [{"address": each, "by": "static"} for each in addresses], "problem": problem}


STOOD = {
    "one": {"ends": [end("lab", "10.0.0.1/24", "fd00::1/64", mac="52:54:00:00:00:01")]},
    "two": {"ends": [end("lab", "10.0.0.2/24", "fd00::2/64", mac="52:54:00:00:00:02"), end("dmz", "10.0.1.2/24", mac="52:54:00:00:00:03")]},
}


def planned(*table, ends=None, stood=None, default=""):
    """The plan of a table."""
    return verify_table.plan(ends or ENDS, list(table), default, HOSTS, STOOD if stood is None else stood)


def names(plan):
    """What its cells are called, with what is expected."""
    return [f"{cell['name']} {cell['expect']}" for cell in plan["cells"]]


def test_cells_of_a_table():
    """Of each host's end, of the families that both have, and both ways where a row says so."""
    assert names(planned({"from": "lab", "to": "dmz", "allowed": 80, "both": True}, {"from": "lab", "to": "world", "refused": "icmp", "family": "ipv6"})) == [
        "lab@one -> dmz tcp/80 ipv4 allowed", "lab@two -> dmz tcp/80 ipv4 allowed", "dmz -> lab@one tcp/80 ipv4 allowed",
        "dmz -> lab@two tcp/80 ipv4 allowed", "lab@one -> world icmp ipv6 refused", "lab@two -> world icmp ipv6 refused"]


def test_cells_that_nobody_names():
    """Each end to each other, of each port that is named anywhere, as the default says; and of the family that a row left out."""
    plan = planned({"from": "lab", "to": "world", "allowed": "udp/53", "family": "ipv4"}, default="refused",
                   ends={"lab": {"network": "lab", "hosts": ["one"]}, "world": ENDS["world"], "dmz": ENDS["dmz"]})
    assert names(plan) == ["lab -> world udp/53 ipv4 allowed", "lab -> world udp/53 ipv6 refused", "lab -> dmz udp/53 ipv4 refused",
                           "dmz -> lab udp/53 ipv4 refused", "dmz -> world udp/53 ipv4 refused"]


def test_who_asks_itself_is_two_guests():
    """A second one is plugged in, which answers to the first; between hosts the first are two already. What each host has of its own stays there."""
    ends = {"lab": {"network": "lab", "mac": "52:54:00:00:00:09"}}
    table = [{"from": "lab", "to": "lab", "allowed": "tcp/80"}]
    assert verify_table.standing(ends, table, "", "one") == [
        {"name": "lab", "network": "lab", "mac": "52:54:00:00:00:09", "listen": [{"protocol": "tcp", "port": 80}]},
        {"name": "lab+", "network": "lab", "listen": [{"protocol": "tcp", "port": 80}]}]
    stood = {"one": {"ends": [end("lab", "10.0.0.1/24"), end("lab+", "10.0.0.9/24")]},
             "two": {"ends": [end("lab", "10.0.0.2/24"), end("lab+", "10.0.0.8/24")]}}
    cells = planned(*table, ends=ends, stood=stood)["cells"]
    assert [(cell["from_label"], cell["to_label"], cell["to"], cell["target"]) for cell in cells] == [
        ("lab@one", "lab@one", "lab+", "10.0.0.9"), ("lab@one", "lab@two", "lab", "10.0.0.2"), ("lab@two", "lab@one", "lab", "10.0.0.1"),
        ("lab@two", "lab@two", "lab+", "10.0.0.8")]
    assert len(planned(*table, ends={"lab": {**ends["lab"], "local": True}}, stood=stood)["cells"]) == 2


def test_guests_are_where_they_run():
    """A guest that no host is named for is asked where it is found; nowhere, and each host tells why."""
    ends = {"lab": ENDS["lab"], "web": {"guest": "web"}}
    table = {"from": "lab", "to": "web", "allowed": "icmp"}
    there, away = end("web", "10.0.0.7/24", mac=""), end("web", problem="nobody tells of an address")
    stood = {"one": {"ends": [*STOOD["one"]["ends"], away]}, "two": {"ends": [*STOOD["two"]["ends"], there]}}
    assert names(planned(table, ends=ends, stood=stood)) == ["lab@one -> web icmp ipv4 allowed", "lab@two -> web icmp ipv4 allowed"]
    stood["two"]["ends"][-1] = away
    assert {cell["away"] for cell in planned(table, ends=ends, stood=stood)["cells"]} == {f"web@{host}: nobody tells of an address" for host in HOSTS}


@pytest.mark.parametrize(("ends", "row", "words"), [
    ({}, {}, "verify_ends is {}: there is nobody to ask or be asked"),
    ({"lab": {"network": "lab", "vlan_id": 7}}, {}, "verify_ends.lab.vlan_id is 7: is none of address, addresses, bridge"),
    ({"lab": "lab"}, {}, "verify_ends.lab.lab is 'lab'"),
    ({"lab": {}}, {}, "verify_ends.lab is '': an end is one of network, bridge, host, guest, address"),
    ({"lab": {"network": "lab", "bridge": "br0"}}, {}, "verify_ends.lab is 'network, bridge'"),
    ({"lab": {"address": "10.0.0"}}, {}, "verify_ends.lab.address[0] is '10.0.0': must be an IPv4 or IPv6 address"),
    ({"lab": {"address": "10.0.0.1", "hosts": ["one"]}}, {}, "what is outside is on no host"),
    (ENDS, {"from": "lab", "to": "world", "permitted": 80}, "verify_table[0].permitted is 80: is none of from, to, allowed, refused, both, family"),
    (ENDS, {"from": "lab", "to": "wrold", "allowed": 80}, "verify_table[0].to is 'wrold': is none of the ends, which are lab, dmz, world"),
    (ENDS, {"to": "world", "allowed": 80}, "verify_table[0].from is None"),
    (ENDS, {"from": "world", "to": "lab", "allowed": 80}, "verify_table[0].from is 'world': is of kind address, from which nobody asks"),
    (ENDS, {"from": "lab", "to": "world", "allowed": 80, "both": True}, "verify_table[0].both is 'world'"),
    (ENDS, {"from": "lab", "to": "world"}, "says of no port what is to become of it"),
    (ENDS, {"from": "lab", "to": "world", "allowed": "sctp/80"}, "verify_table[0].allowed is 'sctp/80': must be icmp, a port of TCP"),
    (ENDS, {"from": "lab", "to": "world", "refused": 70000}, "verify_table[0].refused is 70000"),
    (ENDS, {"from": "lab", "to": "world", "allowed": 80, "family": "v4"}, "verify_table[0].family is 'v4': must be one of ipv4, ipv6"),
    (ENDS, {"from": "lab", "to": "world", "allowed": 80, "refused": "tcp/80"}, "verify_table[0] says that lab to world is allowed"),
    ({"lab": {"network": "lab", "addresses": ["10.0.0.1/24"]}}, {"from": "lab", "to": "lab", "allowed": 80}, "two guests of one network that ask each other"),
])
def test_tables_that_are_refused(ends, row, words):
    """In words that say what to do."""
    with pytest.raises(ValidationError) as caught:
        verify_table.standing(ends, [row], "refused", "one")
    assert words in str(caught.value)


def check(outcome, said="it is so", **more):
    """What virt_ends found of a check."""
    return {"outcome": outcome, "said": said, "seconds": 0.5, **more}


TABLE = ({"from": "lab", "to": "dmz", "allowed": "tcp/80", "refused": "icmp"}, {"from": "dmz", "to": "world", "allowed": "icmp"})
#: in the order of the cells: (lab@one, lab@two) to dmz of tcp/80 and icmp, then dmz to world
FOUND = {"one": {"checks": [check("allowed", answered_by="52:54:00:00:00:03"), check("rejected")]},
         "two": {"checks": [check("allowed", answered_by="52:54:00:00:00:77"), check("allowed"), check("silent", said="no answer in 3 s")]}}


def test_what_cells_come_to():
    """As the table says or not; an answer of somebody else's is none; and who has no version of IP in common does not get through."""
    plan = planned(*TABLE)
    found = verify_verdict.verdict(plan, FOUND, {}, {})
    assert [(cell["name"], cell["status"]) for cell in found["cells"]] == [
        ("lab@one -> dmz tcp/80 ipv4", "right"), ("lab@one -> dmz icmp ipv4", "right"), ("lab@two -> dmz tcp/80 ipv4", "wrong"),
        ("lab@two -> dmz icmp ipv4", "wrong"), ("dmz -> world icmp ipv4", "wrong")]
    assert found["ok"] is False and found["counts"] == {"right": 2, "wrong": 3, "unproved": 0}
    assert "that is not dmz (52:54:00:00:00:03), but 52:54:00:00:00:77" in found["problems"][0]
    lonely = planned({"from": "lab", "to": "dmz", "allowed": 80, "refused": 81}, stood={**STOOD, "two": {"ends": [end("dmz", "fd01::1/64")]}, "one": {
        "ends": [end("lab", "10.0.0.1/24")]}})
    found = verify_verdict.verdict(lonely, {}, {}, {})["cells"]
    assert [(cell["status"], cell["seen"]) for cell in found[:2]] == [("wrong", "refused"), ("right", "refused")]
    assert found[0]["said"] == "lab@one and dmz have no version of IP in common"


def test_what_nobody_knows():
    """A host that was lost before or after, or an end that was, makes cells unproved, and an unproved cell is no success."""
    plan = planned(*TABLE, stood={"one": STOOD["one"]})
    found = verify_verdict.verdict(plan, {"one": {"checks": []}}, {}, {})
    assert {cell["status"] for cell in found["cells"]} == {"unproved"} and found["ok"] is False
    assert "dmz: host two was not reached" in found["problems"][-1]
    lost = {"one": {"checks": [check("lost", said="its process was ended"), check("rejected")]}}
    assert [cell["said"] for cell in verify_verdict.verdict(planned(*TABLE), lost, {}, {})["cells"]] == [
        "its process was ended", "it is so", *["host two was lost before it told"] * 3]
    stood = {**STOOD, "two": {"ends": [end("lab", "10.0.0.2/24", problem="DHCPv6: nobody offers"), STOOD["two"]["ends"][1]]}}
    some = verify_verdict.verdict(planned({"from": "lab", "to": "dmz", "refused": 80}, stood=stood), {
        host: {"checks": [check("rejected")]} for host in HOSTS}, {}, {})
    assert some["counts"]["right"] == 2 and some["ok"] is False and some["problems"] == ["lab@two: DHCPv6: nobody offers"]


def test_questions_and_flows():
    """Each host asks for its own cells, once more for those that were wrong, whose packets are watched."""
    plan = planned(*TABLE)
    assert verify_table.questions(plan["cells"], "one") == [
        {"end": "lab", "name": "lab@one -> dmz tcp/80 ipv4", "tcp": "10.0.1.2", "expect": ["allowed"], "port": 80},
        {"end": "lab", "name": "lab@one -> dmz icmp ipv4", "ping": "10.0.1.2", "expect": ["refused"]}]
    wrong = verify_verdict.wrong(plan, FOUND)
    assert [len(verify_table.questions(wrong, host)) for host in HOSTS] == [0, 3]
    assert verify_table.flows(wrong) == [{"protocol": "tcp", "target": "10.0.1.2", "port": 80}, {"protocol": "icmp", "target": "10.0.1.2"},
                                         {"protocol": "icmp", "target": "203.0.113.1"}]


def seen(device, out, source="10.0.0.1", sport=4000, target="10.0.1.2", port=80, **more):
    """A packet as it was seen on a device."""
    return {"device": device, "out": out, "protocol": "tcp", "source": source, "sport": sport, "target": target, "port": port, "mark": "aa", "says": "",
            "end": "", "kind": "device", "bridge": "", "at": 0.1, **more}


OWN = seen("probe-1", False, end="lab", bridge="virbr1")
BRIDGE, UPLINK = seen("virbr1", False, kind="bridge", at=0.2), seen("eth0", True, source="192.0.2.1", at=0.3)
THERE = seen("eth0", False, source="192.0.2.1", bridge="br0")
ARRIVED = seen("probe-3", True, source="192.0.2.1", end="dmz", bridge="br0", at=0.2)
BACK = {"source": "10.0.1.2", "sport": 80, "mark": "bb", "says": "answers"}
RULE = {"family": "inet", "table": "mine", "chain": "forward", "handle": 7, "text": "tcp dport 80 drop"}


def traced(dropped=None, hooks=("inet prerouting",), accepted=(), **more):
    """A packet as it was traced."""
    return {"protocol": "tcp", "source": "10.0.0.1", "sport": 4000, "target": "10.0.1.2", "port": 80, "mark": "aa", "says": "", "hooks": list(hooks),
            "accepted": list(accepted), "dropped": dropped, **more}


def told(one, two=(), traces=(), deaf="", outcome="silent"):
    """The way of the first cell, by what was seen on its hosts."""
    cell = planned({"from": "lab", "to": "dmz", "allowed": 80})["cells"][0]
    looked = {"one": {"seen": list(one), "traced": list(traces), "deaf": deaf}, "two": {"seen": list(two), "traced": [], "deaf": ""}}
    return verify_way.way(cell, outcome, looked)


LEAVING = "came by one: in by the port of lab on virbr1, in by bridge virbr1, out by eth0"


def test_where_packets_died():
    """By the last that was seen of them, on all hosts, translated or not; the answer's way as well."""
    assert told([OWN, BRIDGE], traces=[traced(RULE)]) == {
        "hops": ["came by one: in by the port of lab on virbr1, in by bridge virbr1"], "died": "on one, after it went in by bridge virbr1",
        "rule": "on one: inet mine forward: tcp dport 80 drop (handle 7)"}
    assert told([OWN, BRIDGE, UPLINK], traces=[traced()])["died"] == "behind one, which it left by eth0"
    way = told([OWN, BRIDGE, UPLINK], [THERE], traces=[traced()])
    assert way["hops"] == [LEAVING, "came by two: in by eth0 (a port of br0)"] and way["died"] == "on two, after it went in by eth0 (a port of br0)"
    assert told([OWN, BRIDGE, UPLINK], [THERE, ARRIVED])["died"] == "at dmz: it arrived, and nobody answers"
    answer = seen("probe-3", False, **BACK, target="192.0.2.1", port=4000, end="dmz", bridge="br0", at=0.4)
    assert told([OWN, BRIDGE, UPLINK], [THERE, ARRIVED, answer])["died"] == "as the answer, on two, after it went in by the port of dmz on br0"
    last = seen("probe-1", True, **BACK, target="10.0.0.1", port=4000, end="lab", bridge="virbr1", at=0.6)
    assert told([OWN, BRIDGE, UPLINK, last], [THERE, ARRIVED, answer])["died"] == "nowhere: the answer came back to lab@one"
    assert told([])["died"] == "at lab@one: it sent nothing of the kind"


def test_who_was_looked_for_in_vain():
    """Before anything is sent, and by a router behind it; not where somebody tells."""
    asks = {"protocol": "arp", "says": "asks", "mark": "", "sport": 0, "port": 0}
    own = seen("probe-1", False, end="lab", bridge="virbr1", **{**asks, "target": "10.0.0.254"})
    assert told([own])["died"].startswith("on one, where nobody says to have 10.0.0.254 (who asks by ARP")
    tells = seen("probe-1", True, end="lab", bridge="virbr1", **{**asks, "says": "tells", "source": "10.0.0.254", "target": "10.0.0.1"})
    assert told([own, tells])["died"] == "at lab@one: it sent nothing of the kind"
    router = seen("br0", True, kind="bridge", at=0.9, **{**asks, "source": "10.0.1.1"})
    assert told([OWN, BRIDGE, UPLINK], [THERE, router])["died"].startswith("on two, where nobody says to have 10.0.1.2 (")


def test_which_rule_it_was():
    """A rule, a policy, none that nftables knows, or unknown and why; and what let through that should not."""
    policy = {**RULE, "handle": 0, "text": "policy drop"}
    assert told([OWN], traces=[traced(policy)])["rule"] == "on one: inet mine forward: policy drop"
    assert told([OWN], traces=[traced()])["rule"].startswith("none of nftables' (traced on one as far as inet prerouting)")
    assert told([OWN])["rule"].startswith("unknown (nftables traced none of it") and told([])["rule"] == "none, for nothing was sent"
    assert told([OWN], deaf="no nft(8)")["rule"] == "unknown (one: no nft(8))"
    accepting = [{**RULE, "text": "tcp dport 80 accept"}, {**RULE, "text": "masquerade"}]
    assert told([OWN], traces=[traced(accepted=accepting)], outcome="allowed") == {
        "hops": ["came by one: in by the port of lab on virbr1"], "died": "", "rule": "on one: inet mine forward: tcp dport 80 accept (handle 7)"}


def test_who_says_no_itself():
    """Nothing died where the target refuses, as its own word is there; a host that asks itself is not watched."""
    cell = planned({"from": "lab", "to": "dmz", "allowed": 80})["cells"][0]
    looked = {"one": {"seen": [OWN, BRIDGE, UPLINK], "traced": [traced()], "deaf": ""}, "two": {"seen": [THERE, ARRIVED], "traced": [], "deaf": ""}}
    said = verify_way.way(cell, "rejected", looked, cell["target"])
    assert (said["died"].partition(",")[0], said["rule"]) == (f"nowhere: {cell['target']} itself says no", "")
    assert verify_way.way(cell, "rejected", looked, "10.0.0.254")["died"] == "at dmz: it arrived, and nobody answers"
    own = {**cell, "sources": [cell["target"]]}
    assert verify_way.way(own, "rejected", {"one": {"seen": [], "traced": [], "deaf": ""}})["died"] == "within one, which asked itself: that is not watched"


def test_what_a_host_translates_for_others_is_not_its_own():
    """What came in by a device has the host's address as it leaves, and is another's."""
    ends = {"host": {"host": True, "hosts": ["one"]}, "dmz": ENDS["dmz"]}
    stood = {"one": {"ends": [end("host", "192.0.2.1/24", mac="")]}, "two": {"ends": [STOOD["two"]["ends"][1]]}}
    cell = planned({"from": "host", "to": "dmz", "allowed": 80}, ends=ends, stood=stood)["cells"][0]
    looked = {"one": {"seen": [OWN, BRIDGE, UPLINK], "traced": [], "deaf": ""}, "two": {"seen": [THERE], "traced": [], "deaf": ""}}
    assert verify_way.way(cell, "silent", looked)["hops"] == []
    looked["one"]["seen"].append(seen("eth0", True, source="192.0.2.1", sport=5000, mark="cc", at=0.5))
    assert verify_way.way(cell, "silent", looked)["hops"] == ["came by one: out by eth0"]
    dropped = {**looked, "one": {"seen": [], "traced": [traced(RULE, ["inet output"], source="192.0.2.1", mark="dd")], "deaf": ""}}
    assert verify_way.way(cell, "silent", dropped)["died"] == "on one"


def test_a_second_look_that_differs():
    """What was wrong stays so, and that it was not when it was asked again is told."""
    again = {"two": {"checks": [check("allowed", answered_by="52:54:00:00:00:77"), check("allowed"), check("allowed", said="it answers")]}}
    found = verify_verdict.verdict(planned(*TABLE), FOUND, again, {"two": {"seen": [], "traced": [], "deaf": ""}})
    assert found["cells"][4]["status"] == "wrong" and found["problems"][-1].endswith("asked again it was allowed: it answers")


MATRIX = """\
icmp     dmz       world
lab@one  refused   .
lab@two  !allowed  .
dmz      .         ?

tcp/80   dmz
lab@one  allowed
lab@two  !allowed

2 of 5 cells are right, 2 wrong (!), 1 unproved (?)

lab@two -> dmz icmp ipv4: refused was expected, and it is allowed: it is so

lab@two -> dmz tcp/80 ipv4: allowed was expected, and it is allowed: it is so, and that is not dmz (52:54:00:00:00:03), but 52:54:00:00:00:77

dmz -> world icmp ipv4: allowed was expected, and nobody knows: <gone>\x07"""


def test_the_reports():
    """A matrix that a person reads, and XML within the schemas that CI reads, whatever words are in it."""
    two = [FOUND["two"]["checks"][1], FOUND["two"]["checks"][0], check("lost", said="<gone>\x07")]
    rows = ({"from": "lab", "to": "dmz", "refused": "icmp"}, {"from": "lab", "to": "dmz", "allowed": "tcp/80"}, TABLE[1])
    found = verify_verdict.verdict(planned(*rows), {"one": {"checks": FOUND["one"]["checks"][::-1]}, "two": {"checks": two}}, {}, {})
    assert "\n".join(verify_report.matrix(found)) == MATRIX
    text = verify_report.junit(found, "verify", "2026-01-02T03:04:05")
    root = etree.fromstring(text.encode("utf-8"))
    etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd"))).assertValid(root)
    assert [(suite.get("hostname"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root] == [
        ("one", "3", "0", "0"), ("two", "5", "2", "1")]
    assert root[1].find("testcase/error").text.endswith("nobody knows: <gone>\ufffd")
    told_apart = {**found["cells"][0], "family": "ipv6", "status": "wrong", "seen": "allowed"}
    assert "lab@one  4:refused 6:!allowed" in "\n".join(verify_report.matrix({**found, "cells": [*found["cells"], told_apart]}))


def test_the_filters_tell_what_is_wrong():
    """As Ansible's own errors, in the same words."""
    from ansible.errors import AnsibleFilterError

    filters = FilterModule().filters()
    with pytest.raises(AnsibleFilterError, match="verify_default is 'maybe': must be refused, allowed or empty"):
        filters["verify_ends"]([{"from": "lab", "to": "world", "allowed": 80}], ENDS, "one", "maybe")
    plan = filters["verify_plan"](list(TABLE), ENDS, HOSTS, STOOD, "")
    assert filters["verify_checks"](plan, "one", FOUND) == [] and len(filters["verify_flows"](plan, FOUND)) == 3
    assert filters["verify_verdict"](plan, FOUND, {}, {})["junit"].startswith("<?xml")
