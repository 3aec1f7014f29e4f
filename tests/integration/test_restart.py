# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts that guests outlive, and what is mended in the kernel without one."""

from __future__ import annotations

import json

import pytest

from testbed import bed

BASE = {"name": "one", "forward": {"mode": "nat"}, "bridge": {"name": "test-one", "stp": False},
        "ips": [{"address": "10.79.0.1/24", "dhcp": {"ranges": [{"start": "10.79.0.100", "end": "10.79.0.150"}]}}, {"address": "fd79::1/64"}]}
BIGGER = {**BASE, "mtu": 1400}


@pytest.fixture
def running(guest_on):
    """The base network, and a guest with a lease on it."""
    return guest_on(BASE)


def links(host):
    """{name: what ip(8) says of it} of a host's devices."""
    return {link["ifname"]: link for link in json.loads(host.run("ip", "-d", "-j", "address").stdout)}


def port(host, name):
    """(bridge, MTU, settings of bridge_slave that tests use) of a device."""
    link = links(host)[name]
    held = link["linkinfo"].get("info_slave_data", {})
    return link.get("master"), link["mtu"], {key: held.get(key) for key in ("isolated", "learning", "flood", "hairpin", "priority", "cost")}


def reaches_out(running):
    """Whether the guest's packets get to the internet of the lab and back, within seconds."""
    return bed.until(lambda: running.run("ping", "-c", "1", "-W", "1", "203.0.113.1").code == 0, 15, "packets to pass")


def nic(host, name="here"):
    """The host's end of a guest's NIC."""
    return host.run("virsh", "-c", "lxc:///system", "domiflist", name).stdout.splitlines()[2].split()[0]


def test_a_restart_puts_back_every_port_as_it_was(ansible, host, running):
    """The guest's NIC, and a cable that somebody put on the bridge: isolation, learning, static addresses, MTU. Ping goes on."""
    tap = nic(host)
    for command in ("ip link add test0 mtu 1450 type veth peer name test1", "ip link set test0 master test-one up", f"bridge link set dev {tap} isolated on",
                    "bridge link set dev test0 learning off flood off hairpin on priority 7 cost 42",
                    "bridge fdb append 52:54:00:79:00:99 dev test0 master static"):
        host.run(*command.split())
    before, index = {name: port(host, name) for name in (tap, "test0")}, links(host)["test-one"]["ifindex"]
    check = ansible.module("virt_network", check=True, **BIGGER)
    assert {name: port(host, name) for name in before} == before
    done, again = ansible.run(*[("virt_network", BIGGER)] * 2)
    assert (done.get("cost"), done.get("changes"), again["changed"]) == ("restart", check["changes"], False), done
    assert (check["after"], check["affected_guests"]) == (done["after"], done["affected_guests"])
    assert [(each["domain"], each["target"]) for each in done["affected_guests"]] == [("here", tap)]
    assert done["after"]["ports"] == sorted([tap, "test0"])
    assert links(host)["test-one"]["ifindex"] != index and links(host)["test-one"]["mtu"] == 1400
    assert port(host, "test0") == before["test0"] and port(host, tap) == ("test-one", 1400, before[tap][2])
    assert "52:54:00:79:00:99" in host.run("bridge", "fdb", "show", "dev", "test0").stdout
    assert reaches_out(running)


def test_each_policy_of_restarts(ansible, host, running):
    """Only reattach restarts under a guest; defer stores, waits, and says so; what was deferred comes with the next start."""
    for policy in ("if_unused", "never"):
        assert "in use by here" in ansible.refused("virt_network", **BIGGER, on_restart=policy)
    deferred = {**BIGGER, "on_restart": "defer"}
    done, again = ansible.run(*[("virt_network", deferred)] * 2)
    assert (done["changed"], again["changed"], again["after"]["config"]["mtu"]) == (True, False, 1400)
    assert "mtu" not in again["after"]["running"] and "waits" in " ".join(again["warnings"])
    assert links(host)["test-one"]["mtu"] == 1500
    caught_up = ansible.module("virt_network", **BIGGER)
    assert (caught_up["cost"], links(host)["test-one"]["mtu"]) == ("restart", 1400)
    assert "running" not in caught_up["after"] and reaches_out(running)


def bounce(host):
    """A stop and a start behind our back."""
    host.run("virsh", "net-destroy", "one")
    host.run("virsh", "net-start", "one")


DRIFT = {
    "a bridge that is down": ("kernel.bridge", lambda host: host.run("ip", "link", "set", "test-one", "down")),
    "an address that is gone": ("kernel.addresses", lambda host: host.run("ip", "address", "delete", "10.79.0.1/24", "dev", "test-one")),
    "a chain that is empty": ("kernel.firewall", lambda host: host.run("iptables", "-F", "LIBVIRT_FWO")),
    "a chain that is not called": ("kernel.firewall", lambda host: host.run("iptables", "-D", "FORWARD", "-j", "LIBVIRT_FWI")),
    "translation that is gone": ("kernel.firewall", lambda host: host.run("iptables", "-t", "nat", "-F")),
    "IPv6 rules that are gone": ("kernel.firewall", lambda host: host.run("ip6tables", "-F")),
    "every rule": ("kernel.firewall", lambda host: host.run("nft", "flush", "ruleset")),
    "a dnsmasq that died": ("kernel.dnsmasq", lambda host: host.run("pkill", "-F", "/run/libvirt/network/one.pid")),
    "a guest that was cut off": ("kernel.ports", lambda host: host.run("ip", "link", "set", nic(host), "nomaster")),
    "a bounce": ("kernel.ports", bounce),
}


@pytest.mark.parametrize("name", DRIFT)
def test_what_is_broken_in_the_kernel_is_mended_without_a_bounce(ansible, host, running, name):
    """libvirt calls it active. Check mode says what is wrong, a run mends it, the next changes nothing, and packets pass again."""
    field, harm = DRIFT[name]
    assert not ansible.module("virt_network", **BASE)["changed"]
    host.run("virsh", "net-define", "/dev/stdin", input="<network><name>two</name><bridge name='test-two'/></network>")
    host.run("virsh", "net-autostart", "two")
    harm(host)
    index = links(host)["test-one"]["ifindex"]
    check = ansible.module("virt_network", check=True, **BASE)
    assert check["changes"][0]["field"] == field
    done, again = ansible.run(*[("virt_network", BASE)] * 2)
    assert (done.get("changes"), done.get("cost"), again["changed"]) == (check["changes"], "live", False), done
    assert "kernel" not in done["after"] and check["after"] == done["after"]
    assert links(host)["test-one"]["ifindex"] == index
    assert reaches_out(running)
    assert running.run("busybox", "nslookup", "here", "10.79.0.1").code == 0
    assert "two" not in host.run("virsh", "net-list", "--name").stdout.split()


def test_a_bridge_that_is_gone_comes_back_with_a_restart(ansible, host, running):
    """Whoever was on it was cut off already, so no guest stands in the way."""
    host.run("ip", "link", "delete", "test-one")
    assert ansible.module("virt_network_info", name="one")["networks"][0]["kernel"] == {"bridge": "missing"}
    done, again = ansible.run(*[("virt_network", {**BASE, "on_restart": "never"})] * 2)
    assert ([change["field"] for change in done["changes"]], done["cost"]) == (["kernel.bridge", "kernel.ports"], "restart")
    assert not again["changed"] and reaches_out(running)


def test_guests_outlive_their_network(ansible, host, guest_on):
    """Removed with force and made anew, with another bridge of libvirt's choice, which nobody knows beforehand."""
    plain = {name: value for name, value in BASE.items() if name != "bridge"}
    one = guest_on(plain)
    gone, made, again = ansible.run(("virt_network", {"name": "one", "state": "absent", "force": True}), ("virt_network", plain), ("virt_network", plain))
    assert (gone.get("changed"), made.get("changed"), again["changed"]) == (True, True, False), made
    assert made["after"]["ports"] == [nic(host)] and reaches_out(one)
