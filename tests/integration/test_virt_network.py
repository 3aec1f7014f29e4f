# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network on a real libvirtd: check, create, again, update, again, stop, start, absent, again, in every mode."""

from __future__ import annotations

import re

import pytest

MAC = "52:54:00:00:00:05"
NAT = {"forward": {"mode": "nat"}, "ips": [{"address": "10.71.0.1/24"}]}
DHCP = {"ranges": [{"start": "10.71.0.100", "end": "10.71.0.199"}], "hosts": [{"mac": MAC, "name": "web", "ip": "10.71.0.5"}]}
#: mode: (the definition, one change to it, the field that changes, what that costs)
MODES = {
    "nat": (NAT, {"mtu": 1400}, "mtu", "restart"),
    "nat with all services": (
        {**NAT, "ips": [{"address": "10.71.0.1/24", "dhcp": DHCP}, {"address": "fd00:71::1/64"}], "domain": {"name": "lab.test", "local_only": True},
         "dns": {"hosts": [{"ip": "10.71.0.1", "hostnames": ["gate.lab.test"]}]}},
        {"ips": [{"address": "10.71.0.1/24", "dhcp": {**DHCP, "hosts": []}}, {"address": "fd00:71::1/64"}]},
        "ips[10.71.0.1/24].dhcp.hosts[10.71.0.5]", "live",
    ),
    "route": ({"forward": {"mode": "route", "dev": "eth0"}, "ips": [{"address": "10.71.0.1/24"}]}, {"bridge": {"stp": False}}, "bridge.stp", "restart"),
    "open": ({"forward": {"mode": "open"}, "ips": [{"address": "10.71.0.1/24"}]}, {"ips": [{"address": "10.71.0.1/25"}]}, "ips", "restart"),
    "isolated": ({"forward": {"mode": "isolated"}}, {"port": {"isolated": True}}, "port", "restart"),
    "bridge": ({"forward": {"mode": "bridge"}, "bridge": {"name": "testbr0"}}, {"port": {"isolated": True}}, "port", "live"),
    "vepa": ({"forward": {"mode": "vepa", "dev": "eth0"}}, {"trust_guest_rx_filters": True}, "trust_guest_rx_filters", "live"),
    "private": ({"forward": {"mode": "private", "dev": "eth0"}}, {"trust_guest_rx_filters": True}, "trust_guest_rx_filters", "live"),
    "passthrough": ({"forward": {"mode": "passthrough", "dev": "eth0"}}, {"trust_guest_rx_filters": True}, "trust_guest_rx_filters", "live"),
}


def xml(host, name, *how):
    """The network's XML as virsh prints it."""
    return host.run("virsh", "net-dumpxml", *how, name).stdout


def listed(host, name):
    """(State, Autostart, Persistent) of a network as virsh prints them; None where it is not there."""
    rows = [line.split() for line in host.run("virsh", "net-list", "--all").stdout.splitlines()]
    return next((tuple(row[1:4]) for row in rows if row and row[0] == name), None)


def predicted(check, done):
    """Assert that a check said what then was done, apart from what libvirt generated."""
    assert (check["changed"], check["changes"], check["cost"], check["before"]) == (done["changed"], done["changes"], done["cost"], done["before"])
    for name, value in check["after"].items():
        assert value in (done["after"][name], "(generated)"), name
    assert set(check["after"]) == set(done["after"])


@pytest.mark.parametrize("mode", MODES)
def test_the_life_of_a_network(ansible, host, snapshot, mode):
    """Every step is predicted by its check, which changes nothing, and is done once."""
    definition, change, field, cost = MODES[mode]
    owns_bridge = definition["forward"]["mode"] in ("nat", "route", "open", "isolated")
    host.run("ip", "link", "add", "testbr0", "type", "bridge")
    states = ("inactive", "active", "absent") if mode == "nat" else ("absent",)
    for step in (definition, {**definition, **change}, *({"state": state} for state in states)):
        before = snapshot()
        check = ansible.module("virt_network", name="one", check=True, **step)
        assert snapshot() == before
        done, again = ansible.run(*[("virt_network", {"name": "one", **step})] * 2)
        predicted(check, done)
        assert done["changed"] and done["diff"]["before"] != done["diff"]["after"]
        assert not again["changed"] and again["changes"] == [] and again["cost"] == ""
        assert again["diff"]["before"] == again["diff"]["after"]
        if step == definition:
            assert listed(host, "one") == ("active", "yes", "yes")
            assert done["before"] == {"state": "absent"}
            bridge = done["after"]["bridge"]
            assert not owns_bridge or f"<bridge name='{bridge}'" in xml(host, "one")
            assert not owns_bridge or host.run("ip", "link", "show", bridge, check=False).returncode == 0
        elif "state" not in step:
            assert [entry["field"] for entry in done["changes"]] == [field]
            assert done["cost"] == (cost)
    assert listed(host, "one") is None


def test_a_pool_of_virtual_functions_is_defined(ansible):
    """Starting it takes hardware that has them."""
    pool = {"name": "one", "state": "present", "forward": {"mode": "hostdev", "managed": True, "pf": {"dev": "eth0"}}}
    first, second = ansible.run(*[("virt_network", pool)] * 2)
    assert (first["changed"], second["changed"], first["after"]["state"]) == (True, False, "inactive")


def test_the_same_network_in_other_words_is_unchanged(ansible):
    """Netmask or prefix, upper case, order of leases, hours or minutes."""
    lease = {"mac": MAC, "ip": "10.71.0.5", "lease": {"expiry": 60, "unit": "minutes"}}
    other = {"mac": "52:54:00:00:00:06", "ip": "10.71.0.6"}
    one = {"name": "one", "forward": {"mode": "nat"}, "ips": [{"address": "10.71.0.1/24", "dhcp": {"hosts": [lease, other]}}, {"address": "fd00:71::1/64"}]}
    two = {
        "name": "one", "forward": {}, "bridge": {"stp": True, "delay": 0},
        "ips": [
            {"address": "10.71.0.1/255.255.255.0", "dhcp": {"hosts": [other, {**lease, "mac": MAC.upper(), "lease": {"expiry": 1, "unit": "hours"}}]}},
            {"address": "FD00:71:0::1/64", "family": "ipv6"},
        ],
    }
    results = ansible.run(("virt_network", one), ("virt_network", two))
    assert [result["changed"] for result in results] == [True, False]


def test_identity_is_kept(ansible, host):
    """uuid, mac and bridge name stay over changes; the mark goes into what is new and stays too."""
    first, second = ansible.run(("virt_network", {"name": "one", "lab": "web", **NAT}), ("virt_network", {"name": "one", "lab": "other", "mtu": 1400, **NAT}))
    assert all(first["after"][name] == second["after"][name] for name in ("uuid", "mac", "bridge", "lab"))
    assert "<virtlab:lab xmlns:virtlab=\"urn:virtlab:network:1\">web</virtlab:lab>" in xml(host, "one")


def test_what_is_given_is_the_definition(ansible, host):
    """Without definition options it is left alone; without ``forward`` the network is isolated."""
    states = [{"autostart": False, **NAT}, {}, {"ips": NAT["ips"]}]
    results = ansible.run(*[("virt_network", {"name": "one", **step}) for step in states])
    assert [result["changed"] for result in results] == [True, True, True]
    assert [entry["field"] for entry in results[1]["changes"]] == ["autostart"]
    assert "<forward" not in xml(host, "one")
    assert "LIBVIRT_PRT" not in host.run("iptables-save", "-t", "nat").stdout or "10.71.0.0" not in host.run("iptables-save", "-t", "nat").stdout


def test_transient_and_persistent(ansible, host):
    """A transient network is gone when it stops; it becomes persistent and back without a restart."""
    transient = {"name": "one", "persistent": False, **NAT}
    steps = [transient, transient, {"name": "one", **NAT}, transient, {**transient, "mtu": 1400}]
    results = ansible.run(*[("virt_network", step) for step in steps])
    assert [result["changed"] for result in results] == [True, False, True, True, True]
    assert [result["cost"] for result in results] == ["live", "", "live", "live", "restart"]
    assert len({result["after"]["uuid"] for result in results}) == len({result["after"]["mac"] for result in results}) == 1
    assert listed(host, "one") == ("active", "no", "no")
    assert ansible.module("virt_network", name="one", state="absent")["changed"]
    assert listed(host, "one") is None


DOCUMENT = """<network><name>one</name><forward mode='route'/><ip address='10.71.0.1' netmask='255.255.255.0'/></network>"""


def test_a_whole_document(ansible, host):
    """Its name rules; the second run is unchanged; a change is seen; what libvirt drops is warned of."""
    results = ansible.run(
        ("virt_network", {"xml": DOCUMENT}),
        ("virt_network", {"xml": DOCUMENT}),
        ("virt_network", {"xml": DOCUMENT.replace("10.71.0.1'", "10.71.0.2'")}),
        ("virt_network", {"xml": DOCUMENT.replace("<ip", "<shiny/><ip"), "name": "two"}),
        ("virt_network", {"xml": DOCUMENT, "mtu": 1400}),
        ("virt_network", {"xml": "<network><name>one</name>"}),
        ("virt_network", {"xml": DOCUMENT.replace("route", "teleport")}),
    )
    assert [result.get("changed") for result in results[:4]] == [True, False, True, True]
    assert any("<shiny" in warning for warning in results[3]["warnings"]) and any("'two'" in warning for warning in results[3]["warnings"])
    assert listed(host, "two") is None
    assert "mutually exclusive" in results[4]["msg"]
    assert "not well-formed" in results[5]["msg"]
    assert "teleport" in results[6]["msg"]


REFUSED = [
    ({"ips": [{"address": "10.71.0.1/24", "dhcp": {"ranges": [{"start": "10.71.1.1", "end": "10.71.1.9"}]}}]}, "ips[0].dhcp.ranges[0].start is '10.71.1.1'"),
    ({"ips": [{"address": "10.72.0.1/24"}]}, "overlaps 10.72.0.0/16 of the active network other"),
    ({"ips": [{"address": "198.51.100.77/24"}]}, "overlaps the host's route to 198.51.100.0/24 through eth0"),
    ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ips": [{"address": "10.71.0.1/24"}]}, "no meaning with forward mode bridge"),
    ({"domain": {"name": "o'hare.test"}}, "domain.name is \"o'hare.test\""),
    ({"name": "two", "uuid": "11111111-2222-3333-4444-555555555555", "mtu": 1400}, "belongs to the active network other"),
    ({"uri": "qemu:///session", **NAT}, "without privileges"),
    ({"persistent": False, "state": "inactive", **NAT}, "a transient network"),
    ({"name": "nowhere"}, "no such network"),
    ({"mtu": 99999}, "mtu is 99999: must be from 68 to 65535"),
    ({"forward": {"mode": "nat"}, "ips": []}, "at least one address"),
    ({"uri": "nonsense:///", **NAT}, "uri is 'nonsense:///'"),
]


def test_bad_input_changes_nothing(ansible, snapshot):
    """Each is refused with the option, its value and what is allowed, in check mode and without."""
    ansible.module("virt_network", name="other", uuid="11111111-2222-3333-4444-555555555555", ips=[{"address": "10.72.0.1/16"}])
    before = snapshot()
    for check in (True, False):
        results = ansible.run(*[("virt_network", {"name": "one", **options}) for options, unused in REFUSED], check=check)
        assert [says for result, (unused, says) in zip(results, REFUSED) if says not in result.get("msg", "")] == []
    assert snapshot() == before


NEWER = {
    "9.7.0": ({**NAT, "title": "A network"}, "title"),
    "10.1.0": ({**NAT, "domain": {"name": "one.test", "local_only": True, "register": True}}, "domain.register"),
    "10.8.0": ({"forward": {"mode": "open"}, "state": "present"}, "forward.mode open without ips"),
    "11.0.0": ({"forward": {"mode": "bridge"}, "bridge": {"name": "testbr0"}, "vlan": {"tags": [{"id": 7}]}}, "vlan on a Linux bridge"),
}


@pytest.mark.parametrize("since", NEWER)
def test_what_came_with_a_newer_libvirt(ansible, suite, since):
    """An older one is told by both versions, in check mode and without; a newer one takes it, and keeps it."""
    definition, what = NEWER[since]
    task = ("virt_network", {"name": "one", **definition, "state": "present"})
    if suite == "bookworm":
        for check in (True, False):
            assert f"{what} needs libvirt {since} or newer; the connected libvirt is 9.0.0" in ansible.run(task, check=check)[0]["msg"]
    else:
        assert [result["changed"] for result in ansible.run(task, task)] == [True, False]


def test_an_overlap_with_an_inactive_network_is_warned_of(ansible):
    """Only one of the two can run at a time, and that may be what is wanted."""
    ansible.module("virt_network", name="other", state="inactive", ips=[{"address": "10.71.0.1/16"}])
    assert "only one of the two" in ansible.module("virt_network", name="one", **NAT)["warnings"][0]


def test_a_start_that_fails_is_rolled_back(ansible, host, snapshot):
    """Of a new network nothing is left; a running one comes back as it was, with the same uuid, mac and bridge."""
    broken = {**NAT, "dnsmasq_options": ["no-such-option"]}
    empty = snapshot()
    assert "nothing of it was left behind" in ansible.refused("virt_network", name="one", **broken)
    assert snapshot() == empty
    ansible.module("virt_network", name="one", **NAT)
    stored, live = xml(host, "one", "--inactive"), xml(host, "one")
    assert "what was there before is back" in ansible.refused("virt_network", name="one", **broken)
    assert (xml(host, "one", "--inactive"), xml(host, "one"), listed(host, "one")) == (stored, live, ("active", "yes", "yes"))


@pytest.mark.parametrize("check", [True, False])
def test_a_device_of_the_hosts_is_never_taken_for_the_bridge(ansible, host, check):
    """A libvirt newer than 9 deletes it when the start fails."""
    host.run("ip", "link", "add", "testbr0", "type", "bridge")
    host.run("ip", "address", "add", "10.77.0.1/24", "dev", "testbr0")
    for arguments in ({"name": "one", "bridge": {"name": "testbr0"}, **NAT},
                      {"xml": "<network><name>one</name><bridge name='testbr0'/><ip address='10.78.0.1' prefix='24'/></network>"}):
        assert "bridge.name is 'testbr0': is a device that this host has already" in ansible.refused("virt_network", check=check, **arguments)
    assert "10.77.0.1/24" in host.run("ip", "-o", "address", "show", "dev", "testbr0").stdout
    host.run("ip", "link", "delete", "testbr0")


def test_a_pattern_for_the_bridges_name(ansible):
    """libvirt numbers it, and it is the same bridge the second time."""
    document = "<network><name>one</name><bridge name='test%d'/><ip address='10.78.0.1' prefix='24'/></network>"
    first, second = ansible.run(*[("virt_network", {"xml": document})] * 2)
    assert (first["changed"], second["changed"]) == (True, False)
    assert re.fullmatch("test[0-9]+", first["after"]["bridge"])


def test_names_of_other_networks_are_free_to_go(ansible, host):
    """A name that our rules refuse can be removed all the same, by itself or by its document; a document without one borrows it."""
    document = "<network><name> odd </name></network>"
    for removal in ({"name": " odd "}, {"xml": document}, {"xml": "<network/>", "name": " odd "}):
        host.run("tee", "/tmp/odd.xml", input=document)
        host.run("virsh", "net-define", "/tmp/odd.xml")
        assert ansible.module("virt_network", state="absent", **removal)["changed"]
    assert "must be given here or in xml" in ansible.refused("virt_network", state="absent", xml="<network/>")


def test_a_transient_network_named_alone_stays_one(ansible, host):
    """Without a definition nothing but the state is asked for."""
    ansible.module("virt_network", name="one", persistent=False, **NAT)
    assert not ansible.module("virt_network", name="one")["changed"]
    assert "is transient, and would be gone" in ansible.refused("virt_network", name="one", state="inactive")
    assert listed(host, "one") == ("active", "no", "no")
    kept = ansible.module("virt_network", name="one", persistent=True)
    assert kept["changed"] and "<port" not in xml(host, "one", "--inactive") and listed(host, "one") == ("active", "yes", "yes")


def test_stopping_a_network_does_not_make_it_start_with_libvirt(ansible, host):
    """Debian's default network is inactive, and stays so at the next boot."""
    assert not ansible.module("virt_network", name="default", state="inactive")["changed"]
    assert listed(host, "default")[1] == "no"


PREDICTED = [
    {"ips": [{"address": "10.78.0.1/24"}], "vlan": {"tags": [{"id": 7}]}},
    {"forward": {"mode": "bridge"}, "bridge": {"name": "eth0"}, "mac": "52:54:00:00:00:06"},
    {"ips": [{"address": "10.78.0.1/24"}], "mtu": 60},
    {"ips": [{"address": "fd78::1/48", "dhcp": {"ranges": [{"start": "fd78::5", "end": "fd78::9"}]}}]},
    {"ips": [{"address": "10.78.0.1/24"}], "routes": [{"address": "198.51.100.0/24", "gateway": "10.78.0.2"}]},
    {"xml": "<network><name>one</name><vlan><tag id='7'/></vlan></network>"},
    {"xml": "<network><name>one</name>" + "".join(
        f"<ip address='10.7{n}.0.1' prefix='24'><dhcp><range start='10.7{n}.0.5' end='10.7{n}.0.9'/></dhcp></ip>" for n in (8, 9)) + "</network>"},
    {"xml": "<network><name>one</name><ip address='198.51.100.1' prefix='24'/></network>"},
    {"ips": [{"address": "10.78.0.1/24"}], "metadata": ["<a xmlns='urn:x'/>", "<b xmlns='urn:x'/>"]},
    {"ips": [{"address": "10.78.0.1/24"}], "metadata": ["<a/>"]},
    {"domain": {"name": "o'hare.test"}, "metadata": ["<a xmlns='urn:x'>&lt;</a>"]},
    {"lab": "a b"},
]


@pytest.mark.parametrize("arguments", PREDICTED, ids=[", ".join(arguments) for arguments in PREDICTED])
def test_check_mode_refuses_what_the_run_would(ansible, host, arguments):
    """With the same words: they are found before libvirt is asked."""
    arguments = arguments if "xml" in arguments else {"name": "one", **arguments}
    said = ansible.refused("virt_network", check=True, **arguments)
    assert "could not" not in said and ansible.refused("virt_network", **arguments) == said
    assert "one" not in host.run("virsh", "net-list", "--all", "--name").stdout.split()
    if "domain" in arguments:
        assert said.startswith("domain.name is")


def test_drift_is_repaired(ansible, host):
    """A stored definition that someone changed, and one that is stored but not live, become what was asked for again."""
    ansible.module("virt_network", name="one", **NAT)
    edited = re.sub("<forward mode='nat'.*?</forward>|<forward mode='nat'/>", "<forward mode='route'/>", xml(host, "one", "--inactive"), flags=re.DOTALL)
    host.run("tee", "/tmp/one.xml", input=edited)
    host.run("virsh", "net-define", "/tmp/one.xml")
    results = ansible.run(*[("virt_network", {"name": "one", **NAT})] * 2)
    assert [result["changed"] for result in results] == [True, False]
    host.run("virsh", "net-define", "/tmp/one.xml")
    host.run("virsh", "net-destroy", "one")
    host.run("virsh", "net-start", "one")
    results = ansible.run(*[("virt_network", {"name": "one", **NAT})] * 2)
    assert [(result["changed"], result["cost"]) for result in results] == [(True, "restart"), (False, "")]
