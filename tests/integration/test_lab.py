# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One definition of a lab on two hosts: made by site, proved by verify, drawn by topology, changed, and taken down with nothing left."""

from __future__ import annotations

import json

import pytest

from testbed import guest

#: a NAT network with a guest on one host, behind a policy; on both a network of their own
OFFICE = {
    "name": "office",
    "hosts": [{"name": "host1", "nics": [{"segment": "wan", "device": "eth0"}]}, {"name": "host2", "nics": [{"segment": "wan", "device": "eth0"}]}],
    "segments": [{"name": "wan"}],
    "networks": [
        {"name": "web", "mode": "nat", "hosts": ["host1"], "bridge": {"name": "testweb", "stp": False}, "domain": {"name": "lab.test", "local_only": True},
         "nat": {"segment": "wan", "forwards": [{"port": 8080, "to": "192.168.150.10", "to_port": 80}]},
         "ips": [{"address": "192.168.150.1/24", "dhcp": {"ranges": [{"start": "192.168.150.100", "end": "192.168.150.199"}]}}]},
        {"name": "quiet", "bridge": {"name": "testquiet", "stp": False}, "ips": [{"address": "10.7.0.1/24"}]},
    ],
    "guests": [{**guest.options("vm1"), "host": "host1", "interfaces": [{"network": "web", "ips": ["192.168.150.10"]}]}],
    "places": [{"name": "internet", "addresses": ["203.0.113.1"]}],
    "policies": [{"src": "web", "dst": "host", "rules": [{"protocol": "icmp"}, {"protocol": "udp", "ports": ["53", "67"]}]}],
    "reachability": [
        {"from": "web", "to": ["internet", "vm1"], "allowed": "icmp"}, {"from": "web", "to": "host1", "allowed": "icmp", "refused": "tcp/22"},
        {"from": "quiet", "to": "host", "allowed": "icmp", "both": True}, {"from": "host2", "to": "vm1", "refused": "icmp"},
    ],
    "reachability_default": "",
    "ends": [{"name": "quiet", "addresses": ["10.7.0.9/24"], "gateways": ["10.7.0.1"]}],
}


@pytest.fixture
def site(lab, ansible):
    """Runs a playbook with a definition on both hosts; nothing of it is left on either."""
    for host in lab.hosts.values():  # as the role hypervisor leaves it, which check mode cannot look beyond
        host.run("sysctl", "net.ipv4.ip_forward=1")
    before = {name: traces(host) for name, host in lab.hosts.items()}

    def run(name, definition, check=False, **variables):
        return ansible.everywhere(f"virtlab.network.{name}", check=check, lab_definition=definition, **variables)

    yield run
    assert not run("teardown", OFFICE, force=True).failed
    assert {name: traces(host) for name, host in lab.hosts.items()} == before


def traces(host):
    """All that a lab could leave on a host."""
    commands = {
        "networks": ("virsh", "net-list", "--all", "--name"), "guests": ("virsh", "list", "--all", "--name"), "rules": ("nft", "list", "tables"),
        "records": ("find", "/var/lib/virtlab.network", "/etc/virtlab.network", "/var/lib/libvirt/images", "-type", "f"),
    }
    links = sorted(link["ifname"] for link in json.loads(host.run("ip", "-j", "link").stdout))
    told = {name: host.run(*words, check=False).stdout.splitlines() for name, words in commands.items()}
    return {**{name: sorted(lines) for name, lines in told.items()}, "links": links, "rules": [line for line in told["rules"] if "virtlab" in line]}


def held(run):
    """A run that no host failed."""
    assert not run.failed
    assert {counts["failures"] + counts["unreachable"] for counts in run.stats.values()} == {0}
    return run


def test_a_definition_is_all_that_a_lab_takes(lab, site, tmp_path):
    """Check mode tells what the run does; a second run changes nothing; the table holds, a wrong one does not; the picture has the guest; what leaves the
    definition leaves the hosts; teardown takes the rest.
    """
    told = "Bring about on this host the lab office"
    predicted, done = held(site("site", OFFICE, check=True)), held(site("site", OFFICE))
    assert [predicted.tasks[told][name]["changes"] for name in lab.hosts] == [done.tasks[told][name]["changes"] for name in lab.hosts]
    assert done.changed()["host1"] >= 1 and done.changed()["host2"] >= 1
    assert held(site("site", OFFICE)).changed() == {"host1": 0, "host2": 0}
    vm1 = guest.Guest(lab.hosts["host1"], "vm1", "vm").ready()
    assert vm1.address() == "192.168.150.10"

    report = held(site("verify", OFFICE, verify_junit=str(tmp_path / "report.xml")))
    assert report.tasks["Come to a verdict"]["host1"]["ansible_facts"]["verify_result"]["ok"]
    assert "office" in (tmp_path / "report.xml").read_text(encoding="utf-8")
    wrong = {**OFFICE, "reachability": [{"from": "web", "to": "host1", "allowed": "tcp/22"}]}
    assert "web" in site("verify", wrong, verify_timeout=2, verify_wait=1).failed

    held(site("topology", OFFICE, topology_path=str(tmp_path / "office")))
    page = (tmp_path / "office.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("<title>office", "vm1", "192.168.150.10", "host2"))

    smaller = {**OFFICE, "networks": OFFICE["networks"][:1]}
    smaller.update(reachability=[], ends=[])
    assert held(site("site", smaller)).changed() == {"host1": 1, "host2": 1}
    assert [host.run("virsh", "net-list", "--name").stdout.split() for host in lab.hosts.values()] == [["web"], []]


def test_hosts_that_a_lab_does_not_name_are_left_alone(lab, site):
    """They are in the inventory, and in the play."""
    before = traces(lab.hosts["host2"])
    alone = {"name": "office", "hosts": [{"name": "host1"}], "networks": [OFFICE["networks"][1]]}
    run = held(site("site", alone))
    assert (run.changed()["host2"], traces(lab.hosts["host2"])) == (0, before)
    assert lab.hosts["host1"].run("virsh", "net-list", "--name").stdout.split() == ["quiet"]


def test_nothing_is_touched_where_the_definition_is_wrong(lab, site):
    """On no host, though only what is for one of them is wrong."""
    before = {name: traces(host) for name, host in lab.hosts.items()}
    wrong = {**OFFICE, "networks": [OFFICE["networks"][1], {**OFFICE["networks"][0], "nat": {"segment": "lan"}}]}
    run = site("site", wrong)
    assert "lab_definition.networks[web].nat.segment is 'lan': is none of the lab's segments, which are wan" in run.failed
    assert {counts["failures"] for counts in run.stats.values()} == {1}
    assert {name: traces(host) for name, host in lab.hosts.items()} == before


def test_two_labs_share_a_host_and_never_meet(lab, site):
    """Each takes down its own."""
    first = {"name": "office", "hosts": [{"name": "host1"}], "networks": [OFFICE["networks"][1]]}
    loud = {"name": "loud", "bridge": {"name": "testloud"}, "ips": [{"address": "10.8.0.1/24"}]}
    second = {"name": "other", "hosts": [{"name": "host1"}], "networks": [loud]}
    held(site("site", first))
    held(site("site", second))
    assert held(site("site", first)).changed()["host1"] == 0
    held(site("teardown", first))
    assert lab.hosts["host1"].run("virsh", "net-list", "--name").stdout.split() == ["loud"]
    held(site("teardown", second))
