# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify on two hosts: a table that holds, each sort of cell that does not, by both versions of IP; and that nothing is left, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from xml.etree import ElementTree

import pytest

from testbed import guest
from testbed.bed import until
from tests.plays import Ansible, Run

ROUTED = {"10.90.0.0/24": "198.51.100.11", "fd00:90::/64": "2001:db8:100::11", "10.93.0.0/24": "198.51.100.12", "fd00:93::/64": "2001:db8:100::12"}


def network(name, number, **more):
    """A network of both versions of IP, which serves nobody, so that addresses are known."""
    addresses = [{"address": f"10.{number}.0.1/24"}, {"address": f"fd00:{number}::1/64"}]
    return {"name": name, "bridge": {"name": f"test{name}", "stp": False}, "ips": addresses, **more}


def fixed(number, last=9, way=True):
    """Addresses of an end there, and the way out."""
    return {"addresses": [f"10.{number}.0.{last}/24", f"fd00:{number}::{last}/64"], **({"gateways": [f"10.{number}.0.1", f"fd00:{number}::1"]} if way else {})}


#: on the first host a network behind NAT, one without a way out, and one whose guests do not reach each other; on the second a routed one behind a policy
OFFICE = network("office", 90, forward={"mode": "nat", "nat": {"ipv6": True}})
CELL, APART = network("cell", 91), network("apart", 92, port={"isolated": True})
SERVERS = network("servers", 93, forward={"mode": "open"})
POLICY = {"name": "site", "zones": [{"name": "servers", "networks": ["servers"]}, {"name": "lan", "devices": ["eth0"]}],
          "policies": [{"src": "lan", "dst": "servers", "rules": [{"protocol": "tcp", "ports": ["80"]}, {"protocol": "udp", "ports": ["5000"]},
                                                                  {"protocol": "icmp"}, {"protocol": "icmpv6"}]}]}
ENDS = {
    "office": {"network": "office", "hosts": ["host1"], **fixed(90)},
    "cell": {"network": "cell", "hosts": ["host1"], **fixed(91, way=False)},
    "servers": {"network": "servers", "hosts": ["host2"], **fixed(93)},
    "host": {"host": True, "hosts": ["host1"]},
    "router": {"host": True, "hosts": ["host2"]},
    "world": {"address": ["203.0.113.1", "2001:db8:203::1"]},
}
TABLE = [
    {"from": ["office", "host"], "to": "servers", "allowed": ["icmp", 80, "udp/5000"]},
    {"from": ["office", "servers", "host", "router"], "to": ["world"], "allowed": ["icmp", "tcp/80"]},
    {"from": ["office", "servers"], "to": ["host", "router"], "allowed": "icmp", "refused": "tcp/81"},
    {"from": "host", "to": "router", "allowed": "icmp", "both": True},
    {"from": "host", "to": ["office", "cell"], "allowed": ["icmp", "tcp/80", "tcp/81", "udp/5000"]},
    {"from": "router", "to": "servers", "allowed": ["icmp", "tcp/80", "tcp/81", "udp/5000"]},
]


@pytest.fixture(scope="module")
def place(lab, ansible):
    """Two hosts with their networks, and a world that knows the way to them."""
    there = Ansible(lab, lab.hosts["host2"], ansible.top)
    ansible.module("virt_host", networks=[OFFICE, CELL, APART])
    there.module("virt_host", networks=[SERVERS], firewalls=[POLICY])
    for host in lab.hosts.values():
        host.run("sysctl", "net.ipv4.ip_forward=1", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    for subnet, gateway in ROUTED.items():
        lab.world("ip", "route", "add", subnet, "via", gateway)
    yield lab
    for subnet in ROUTED:
        lab.world("ip", "route", "del", subnet)
    for each in (ansible, there):
        each.module("virt_host", prune=True, lab="default")


@pytest.fixture(autouse=True)
def clean():
    """What is here is for all tests of this file."""


class Proof(Run):
    """What one run of the playbook came to."""

    @property
    def matrix(self):
        """What is shown, but for what differs from run to run."""
        shown, = self.tasks["Show it"].values()
        text = re.sub(r"handle \d+", "handle N", re.sub(r"after [\d.]+ ms", "after N ms", "\n".join(shown["msg"])))
        return re.sub(r"(?m)no answer.*$|nobody on the segment.*$", "no answer", text)

    @property
    def result(self):
        """The verdict as data."""
        found, = self.tasks["Come to a verdict"].values()
        return found["ansible_facts"]["verify_result"]


@pytest.fixture
def verify(place, ansible):
    """A function that runs the playbook on both hosts; a Proof, of which nothing is left."""

    def run(inventory=None, check=False, **variables):
        before = state(place)
        command = words(ansible, inventory, check, **variables)
        done = subprocess.run(command, env=ansible.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert state(place) == before
        result = Proof(done.stdout + done.stderr)
        assert {counts["changed"] for counts in result.stats.values()} == {0}
        return result

    return run


def words(ansible, inventory=None, check=False, **variables):
    """The command that runs the playbook."""
    given = {"verify_timeout": 2, "verify_wait": 3, "verify_patience": 60, **variables}
    return ["ansible-playbook", "-i", str(inventory or ansible.inventory), *(["--check"] if check else []), "-e", json.dumps(given), "virtlab.network.verify"]


def state(lab):
    """What there is of probes on each host: devices, namespaces, and all rules."""
    links = {name: sorted(link["ifname"] for link in json.loads(host.run("ip", "-j", "link").stdout)) for name, host in lab.hosts.items()}
    return {name: (links[name], spaces(host), host.run("nft", "-s", "list", "ruleset").stdout) for name, host in lab.hosts.items()}


def spaces(host):
    """The network namespaces of a host's processes."""
    return set(host.run("sh", "-c", "readlink /proc/[0-9]*/ns/net; true").stdout.split())


HOLDS = """\
icmp     office   cell     servers  host     router   world
office   .        refused  allowed  allowed  allowed  allowed
cell     refused  .        refused  refused  refused  refused
servers  refused  refused  .        allowed  allowed  allowed
host     allowed  allowed  allowed  .        allowed  allowed
router   refused  refused  allowed  allowed  .        allowed

tcp/80   office   cell     servers  host     router   world
office   .        refused  allowed  refused  refused  allowed
cell     refused  .        refused  refused  refused  refused
servers  refused  refused  .        refused  refused  allowed
host     allowed  allowed  allowed  .        refused  allowed
router   refused  refused  allowed  refused  .        allowed

udp/5000  office   cell     servers  host     router   world
office    .        refused  allowed  refused  refused  refused
cell      refused  .        refused  refused  refused  refused
servers   refused  refused  .        refused  refused  refused
host      allowed  allowed  allowed  .        refused  refused
router    refused  refused  allowed  refused  .        refused

tcp/81   office   cell     servers  host     router   world
office   .        refused  refused  refused  refused  refused
cell     refused  .        refused  refused  refused  refused
servers  refused  refused  .        refused  refused  refused
host     allowed  allowed  refused  .        refused  refused
router   refused  refused  allowed  refused  .        refused

200 of 200 cells are right, 0 wrong (!), 0 unproved (?)"""


def test_a_table_holds(verify, tmp_path):
    """Each cell is as the table says, or as nobody said; a report is written on the controller, and no host changes."""
    run = verify(verify_ends=ENDS, verify_table=TABLE, verify_junit=str(tmp_path / "junit.xml"))
    assert run.matrix == HOLDS and run.failed == "" and run.result["ok"] is True
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("verify host1", "123", "0", "0"), ("verify host2", "82", "0", "0")]
    assert "Watch the packets of wrong cells" not in run.tasks


#: of each sort one that is not as it is wanted to be, of both versions of IP
WRONG_ENDS = {**ENDS, "one": {"network": "apart", "hosts": ["host1"], **fixed(92)}, "two": {"network": "apart", "hosts": ["host1"], **fixed(92, 10)},
              "nobody": {"address": ["198.51.100.99", "2001:db8:100::99"]}}
WRONG_TABLE = [
    {"from": "office", "to": "servers", "allowed": ["tcp/81", "icmp"]}, {"from": "servers", "to": "office", "allowed": "tcp/80"},
    {"from": "cell", "to": "world", "allowed": "icmp"}, {"from": "one", "to": "two", "allowed": "tcp/80"}, {"from": "host", "to": "nobody", "allowed": "icmp"},
    {"from": "office", "to": "world", "refused": "tcp/80"}, {"from": "host", "to": "world", "refused": "tcp/80", "family": "ipv4"},
]


ROUTELESS = "cannot be sent to: the probe has no route to it, or no address of that family"
WRONG = """\
tcp/81  servers
office  !refused

icmp    servers  world     nobody
office  allowed  .         .
cell    .        !refused  .
host    .        .         !refused

tcp/80   office    world     two
office   .         !allowed  .
servers  !refused  .         .
host     .         !allowed  .
one      .         .         !refused

2 of 15 cells are right, 13 wrong (!), 0 unproved (?)

office -> servers tcp/81 ipv4: allowed was expected, and it is refused: no answer
  came by host1: in by the port of office on testoffice, in by bridge testoffice, out by eth0
  came by host2: in by eth0
  died on host2, after it went in by eth0
  dropped on host2: inet virtlab_firewall_site lan-to-servers: drop (handle N)

office -> servers tcp/81 ipv6: allowed was expected, and it is refused: no answer
  came by host1: in by the port of office on testoffice, in by bridge testoffice, out by eth0
  came by host2: in by eth0
  died on host2, after it went in by eth0
  dropped on host2: inet virtlab_firewall_site lan-to-servers: drop (handle N)

servers -> office tcp/80 ipv4: allowed was expected, and it is refused: 198.51.100.11 says: port unreachable
  came by host2: in by the port of servers on testservers, in by bridge testservers, out by eth0
  came by host1: in by eth0
  died on host1, after it went in by eth0
  dropped on host1: ip filter LIBVIRT_FWI: oifname "testoffice" counter reject (handle N)

servers -> office tcp/80 ipv6: allowed was expected, and it is refused: 2001:db8:100::11 says: port unreachable
  came by host2: in by the port of servers on testservers, in by bridge testservers, out by eth0
  came by host1: in by eth0
  died on host1, after it went in by eth0
  dropped on host1: ip6 filter LIBVIRT_FWI: oifname "testoffice" counter reject (handle N)

cell -> world icmp ipv4: allowed was expected, and it is refused: 203.0.113.1 ROUTELESS
  died at cell: it sent nothing of the kind
  rule: none, for nothing was sent

cell -> world icmp ipv6: allowed was expected, and it is refused: 2001:db8:203::1 ROUTELESS
  died at cell: it sent nothing of the kind
  rule: none, for nothing was sent

one -> two tcp/80 ipv4: allowed was expected, and it is refused: no answer
  died on host1, where nobody says to have 10.92.0.10 (ARP in by the port of one on testapart, in by bridge testapart)
  rule: none, for nothing was sent

one -> two tcp/80 ipv6: allowed was expected, and it is refused: no answer
  died on host1, where nobody says to have fd00:92::10 (ARP in by the port of one on testapart, in by bridge testapart)
  rule: none, for nothing was sent

host -> nobody icmp ipv4: allowed was expected, and it is refused: no answer
  died on host1, where nobody says to have 198.51.100.99 (ARP out by eth0)
  rule: none, for nothing was sent

host -> nobody icmp ipv6: allowed was expected, and it is refused: no answer
  died on host1, where nobody says to have 2001:db8:100::99 (ARP out by eth0)
  rule: none, for nothing was sent

office -> world tcp/80 ipv4: refused was expected, and it is allowed: 203.0.113.1 takes the connection, after N ms
  came by host1: in by the port of office on testoffice, in by bridge testoffice, out by eth0
  the answer came by host1: in by eth0, out by bridge testoffice, out by the port of office on testoffice
  let through on host1: ip filter LIBVIRT_FWO: iifname "testoffice" ip saddr 10.90.0.0/24 counter accept (handle N)

office -> world tcp/80 ipv6: refused was expected, and it is allowed: 2001:db8:203::1 takes the connection, after N ms
  came by host1: in by the port of office on testoffice, in by bridge testoffice, out by eth0
  the answer came by host1: in by eth0, out by bridge testoffice, out by the port of office on testoffice
  let through on host1: ip6 filter LIBVIRT_FWO: iifname "testoffice" ip6 saddr fd00:90::/64 counter accept (handle N)

host -> world tcp/80 ipv4: refused was expected, and it is allowed: 203.0.113.1 takes the connection, after N ms
  came by host1: out by eth0
  the answer came by host1: in by eth0"""


def test_what_does_not_hold(verify, tmp_path):
    """Dropped by a rule of ours, rejected by libvirt's, dropped by none, sent nowhere, unanswered on a segment, and let through: each with what can be told."""
    run = verify(verify_ends=WRONG_ENDS, verify_table=WRONG_TABLE, verify_default="", verify_junit=str(tmp_path / "junit.xml"))
    assert run.matrix == WRONG.replace("ARP", "who asks by ARP or neighbour discovery is seen").replace("ROUTELESS", ROUTELESS)
    assert run.failed.count("\n") == 12
    assert "office -> servers tcp/81 ipv4: allowed was expected, and it is refused: no answer in 2 s; came by host1: in" in run.failed
    first, second = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (first.get("failures"), second.get("failures"), first.get("errors")) == ("11", "2", "0")
    told = next(case.find("failure") for case in first if case.get("name") == "office -> servers tcp/81 ipv6: allowed")
    assert told.get("message").endswith("no answer in 2 s")
    assert re.search(r"dropped on host2: inet virtlab_firewall_site lan-to-servers: drop \(handle \d+\)$", told.text)


def test_where_no_rule_drops_it(place, verify):
    """A route that swallows it, between two hooks; and a cable that loses it, behind a host."""
    table = [{"from": "office", "to": "servers", "allowed": "icmp"}]
    far = place.hosts["host2"]
    for subnet in ("10.93.0.9/32", "fd00:93::9/128"):
        far.run("ip", "route", "add", "blackhole", subnet)
    try:
        four, six = verify(verify_ends=ENDS, verify_table=table, verify_default="", verify_fail=False).result["cells"]
    finally:
        for subnet in ("10.93.0.9/32", "fd00:93::9/128"):
            far.run("ip", "route", "del", "blackhole", subnet)
    for each in (four, six):
        assert each["way"]["died"] == "on host2, after it went in by eth0" and each["way"]["rule"].startswith(
            "none of nftables' (traced on host2 as far as inet prerouting)")
    far.cut()
    try:
        four, six = verify(verify_ends=ENDS, verify_table=table, verify_default="", verify_fail=False).result["cells"]
    finally:
        far.mend()
    for each in (four, six):
        assert each["way"]["died"] == "behind host1, which it left by eth0" and each["way"]["hops"] == [
            "came by host1: in by the port of office on testoffice, in by bridge testoffice, out by eth0"]


SERVED = {"name": "served", "forward": {"mode": "nat", "nat": {"ipv6": True}}, "bridge": {"name": "testserved", "stp": False},
          "ips": [{"address": "10.94.0.1/24", "dhcp": {"ranges": [{"start": "10.94.0.100", "end": "10.94.0.199"}]}},
                  {"address": "fd00:94::1/64", "dhcp": {"ranges": [{"start": "fd00:94::100", "end": "fd00:94::1ff"}]}}]}


def test_the_same_network_on_each_host(place, verify, ansible):
    """With leases, guests among each other, one that runs, and a network that is missing on one host, which nobody takes for proved."""
    there = Ansible(place, place.hosts["host2"], ansible.top)
    for each in (ansible, there):
        each.module("virt_network", **SERVED)
    running = guest.start(place.hosts["host1"], "here", {"network": "served"}, kind="lxc")
    running.address()
    ends = {"lab": {"network": "served", "local": True}, "web": {"guest": "here", "network": "served", "hosts": ["host1"], "local": True},
            "world": ENDS["world"]}
    table = [{"from": "lab", "to": ["lab", "world"], "allowed": ["icmp", "tcp/80"]}, {"from": "lab", "to": "web", "allowed": "icmp", "family": "ipv4"}]
    try:
        run = verify(verify_ends=ends, verify_table=table, verify_default="", verify_uri="lxc:///system")
        assert run.matrix == """\
icmp       lab@host1  lab@host2  web      world
lab@host1  allowed    .          allowed  allowed
lab@host2  .          allowed    .        allowed

tcp/80     lab@host1  lab@host2  world
lab@host1  allowed    .          allowed
lab@host2  .          allowed    allowed

17 of 17 cells are right, 0 wrong (!), 0 unproved (?)"""
        place.hosts["host2"].run("virsh", "net-destroy", "served")
        run = verify(verify_ends=ends, verify_table=table, verify_default="", verify_uri="lxc:///system")
        assert run.result["counts"] == {"right": 9, "wrong": 0, "unproved": 4} and run.result["ok"] is False
        assert "lab@host2: network is 'served': is not active; start it first, or name another" in run.failed
        assert "lab@host2  ?          ?" not in run.matrix and "lab@host2  .          ?          .        ?" in run.matrix
        assert run.result["junit"].count("<error ") == 5
    finally:
        running.stop()
        for each in (ansible, there):
            each.module("virt_network", name="served", state="absent", force=True)


def test_a_host_without_an_end_of_its_own(verify):
    """It is in the play, asks nothing, and passes on what others ask; the table is proved all the same, and a wrong cell told."""
    ends = {name: ENDS[name] for name in ("office", "cell")}
    result = verify(verify_ends=ends, verify_table=[{"from": "office", "to": "cell", "refused": "icmp", "both": True}])
    assert not result.failed and result.result["ok"] is True
    assert "allowed was expected" in verify(verify_ends=ends, verify_table=[{"from": "office", "to": "cell", "allowed": "icmp"}]).failed


def test_a_host_that_is_lost(verify, ansible, tmp_path):
    """Its cells are unproved, and the others' are proved."""
    inventory = json.loads(ansible.inventory.read_text(encoding="utf-8"))
    inventory["all"]["hosts"]["gone"] = {**inventory["all"]["hosts"]["host2"], "ansible_netns_target": str(tmp_path / "none.pid")}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    run = verify(path, verify_ends={**ENDS, "far": {"bridge": "br0", "hosts": ["gone"]}}, verify_default="", verify_fail=False,
                 verify_table=[{"from": "office", "to": ["servers", "far"], "allowed": "icmp"}, {"from": "far", "to": "world", "allowed": "icmp"}])
    assert run.stats["gone"]["unreachable"] == 1
    assert [(cell["name"], cell["status"]) for cell in run.result["cells"]] == [
        ("office -> servers icmp ipv4", "right"), ("office -> servers icmp ipv6", "right"), ("office -> far icmp", "unproved"),
        ("far -> world icmp", "unproved")]
    assert run.result["cells"][2]["said"] == "far: host gone was not reached"


def test_what_proves_nothing(verify):
    """Check mode says so; a table that contradicts itself is refused before anything is plugged in."""
    run = verify(check=True, verify_ends=ENDS, verify_table=TABLE)
    assert "Nothing is proved in check mode" in run.tasks["Tell that check mode proves nothing"]["host1"]["msg"] and "Show it" not in run.tasks
    run = verify(verify_ends=ENDS, verify_table=[*TABLE, {"from": "office", "to": "servers", "refused": "icmp"}])
    assert "verify_table[6].refused is 'icmp': verify_table[0] says that office to servers is allowed; leave one of them out" in run.failed


@pytest.mark.parametrize("phase", ["plugged", "watching"])
def test_nothing_is_left_of_a_killed_run(place, ansible, phase):
    """Whoever holds the ends goes when nobody asks any more, and takes them along; with it the table by which packets are traced."""
    before, here = state(place), place.hosts["host1"]
    with running(ansible) as process:
        until(lambda: reached(here, phase), 60, f"the run to be {phase}")
        os.killpg(process.pid, signal.SIGKILL)
    until(lambda: state(place) == before, 40, "what was plugged in to be gone")


def test_nothing_is_left_of_a_killed_holder(place, ansible):
    """The kernel removes it all at once; the play fails, and says why."""
    before, here = state(place), place.hosts["host1"]
    with running(ansible) as process:
        until(lambda: reached(here, "watching"), 60, "the run to be watching")
        holder = re.search(r"@virtlab.network/ends/verify .*pid=(\d+)", here.run("ss", "-xlpH").stdout)[1]
        here.run("kill", "-KILL", holder)
        until(lambda: state(place)["host1"] == before["host1"], 5, "what was plugged in to be gone")
        said = process.communicate(timeout=120)[0]
    assert process.returncode and ("ends of run verify" in said)
    until(lambda: state(place) == before, 40, "the other host's to be gone")


@contextlib.contextmanager
def running(ansible):
    """A run that has a wrong cell, and time to be killed; its process."""
    command = words(ansible, verify_ends=ENDS, verify_table=[{"from": "office", "to": "servers", "allowed": "tcp/81"}], verify_default="", verify_timeout=5,
                    verify_patience=8)
    with subprocess.Popen(command, env=ansible.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True) as process:
        yield process


def reached(host, phase):
    """Whether a run has got as far as that on a host."""
    if phase == "watching":
        return "virtlab_watch_" in host.run("nft", "list", "tables").stdout
    return "probe-" in host.run("ip", "-br", "link").stdout
