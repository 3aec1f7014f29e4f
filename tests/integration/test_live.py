# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to a network that runs, with a guest on it: what they are said to cost is what they cost."""

from __future__ import annotations

import pytest

DHCP = {"ranges": [{"start": "10.79.0.100", "end": "10.79.0.150"}], "hosts": [{"mac": "52:54:00:79:00:05", "ip": "10.79.0.5", "name": "five"}]}
SIX = {"address": "fd79::1/64", "dhcp": {"ranges": [{"start": "fd79::100", "end": "fd79::150"}]}}
BASE = {"name": "one", "forward": {"mode": "nat"}, "domain": {"name": "one.test"}, "ips": [{"address": "10.79.0.1/24", "dhcp": DHCP}, SIX],
        "dns": {"hosts": [{"ip": "10.79.0.1", "hostnames": ["gate.one.test", "gateway.one.test"]}]}}


def services(four=None, six=None):
    """The base's addresses with other DHCP."""
    return {"ips": [{"address": "10.79.0.1/24", "dhcp": {**DHCP, **(four or {})}}, {**SIX, "dhcp": {**SIX["dhcp"], **(six or {})}}]}


def names(**more):
    """The base's name server with other records."""
    return {"dns": {**BASE["dns"], **more}}


#: what changes: (options, cost)
CHANGES = {
    "another lease": (services({"hosts": [*DHCP["hosts"], {"mac": "52:54:00:79:00:06", "ip": "10.79.0.6"}]}), "live"),
    "a lease that moves": (services({"hosts": [{**DHCP["hosts"][0], "ip": "10.79.0.7"}]}), "live"),
    "a lease for IPv6": (services(six={"hosts": [{"id": "00:01:00:01:2c:79", "ip": "fd79::5", "name": "six"}]}), "live"),
    "another range": (services({"ranges": [*DHCP["ranges"], {"start": "10.79.0.200", "end": "10.79.0.210"}]}), "dnsmasq"),
    "a range that moves": (services({"ranges": [{"start": "10.79.0.100", "end": "10.79.0.199"}]}), "dnsmasq"),
    "a name": (names(hosts=[*BASE["dns"]["hosts"], {"ip": "10.79.0.9", "hostnames": ["nine.one.test"]}]), "live"),
    "a name that moves": (names(hosts=[{**BASE["dns"]["hosts"][0], "ip": "10.79.0.8"}]), "live"),
    "a text record": (names(txts=[{"name": "one.test", "value": "hello"}]), "dnsmasq"),
    "a service record": (names(srvs=[{"service": "ldap", "protocol": "tcp", "domain": "one.test", "target": "five.one.test", "port": 389}]), "dnsmasq"),
    "a class of ports": ({"portgroups": [{"name": "slow", "trust_guest_rx_filters": True}]}, "live"),
    "several at once": ({**services({"hosts": []}), **names(hosts=[]), "portgroups": [{"name": "slow"}]}, "live"),
}


@pytest.fixture
def running(guest_on):
    """The base network, and a guest with a lease on it."""
    return guest_on(BASE)


def kernel(host, bridge):
    """(the bridge's ifindex, dnsmasq's pid)."""
    return host.run("cat", f"/sys/class/net/{bridge}/ifindex").stdout.strip(), host.run("cat", "/run/libvirt/network/one.pid").stdout.strip()


def test_what_libvirt_can_change_is_changed_under_the_guest(ansible, host, running):
    """Its bridge stays, dnsmasq where nothing of its configuration changed, its packets pass; and back again."""
    bridge = ansible.module("virt_network_info", name="one")["networks"][0]["bridge"]
    for name, (change, cost) in CHANGES.items():
        for definition in ({**BASE, **change}, BASE):
            before = kernel(host, bridge)
            check = ansible.module("virt_network", check=True, **definition)
            done, again = ansible.run(("virt_network", definition), ("virt_network", definition))
            after = kernel(host, bridge)
            assert (done.get("changed"), done.get("cost")) == (True, cost), (name, done)
            assert (check["changes"], check["after"]) == (done["changes"], done["after"]), name
            assert not again["changed"], (name, again)
            assert after[0] == before[0] and (after[1] == before[1]) == (cost == "live"), name
            assert "running" not in done["after"]
        assert running.run("ping", "-c", "1", "-W", "5", "203.0.113.1").code == 0, name


def test_changes_arrive(ansible, host, running):
    """What is served is what the definition says, the moment the task is over."""

    def ask(name, kind="a"):
        return running.run("busybox", "nslookup", f"-type={kind}", name, "10.79.0.1").text

    ansible.module("virt_network", **{**BASE, **CHANGES["a name"][0]})
    assert "10.79.0.9" in ask("nine.one.test")
    ansible.module("virt_network", **{**BASE, **CHANGES["a text record"][0]})
    assert "hello" in ask("one.test", "txt") and "10.79.0.9" not in ask("nine.one.test")


def test_diverged_definitions_are_each_brought_back(ansible, host, running):
    """A lease that somebody added to the running network alone, or stored alone, goes; without a restart."""
    extra = "<host mac='52:54:00:79:00:77' ip='10.79.0.77'/>"
    for scope in ("--live", "--config"):
        host.run("virsh", "net-update", "one", "add", "ip-dhcp-host", extra, scope)
        changed, again = ansible.run(*[("virt_network", BASE)] * 2)
        assert (changed["changed"], changed["cost"], again["changed"]) == (True, "live", False), scope
        assert "10.79.0.77" not in host.run("virsh", "net-dumpxml", "one").stdout + host.run("virsh", "net-dumpxml", "--inactive", "one").stdout


@pytest.mark.parametrize("change", [
    {"mtu": 1400},
    {"dns": {"hosts": [{"ip": ip, "hostnames": ["two.one.test"]} for ip in ("10.79.0.2", "fd79::2")]}},
])
def test_what_takes_a_restart_is_told(ansible, running, change):
    """Also records that libvirt cannot tell apart while it runs: one name with two addresses."""
    assert "in use by here" in ansible.refused("virt_network", **{**BASE, **change}, on_restart="if_unused")
