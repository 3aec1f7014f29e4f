# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that a network names as ports of its bridge: there after whatever start of it, and left alone once it names them no more."""

from __future__ import annotations

import pytest

from testbed import bed
from tests.integration.test_restart import links

HOOK = "/etc/libvirt/hooks/network.d/virtlab-network"
BARE = {"name": "one", "bridge": {"name": "test-one", "stp": False}, "ips": [{"address": "10.79.0.1/24"}]}
JOINED = {**BARE, "bridge_ports": ["test0", "test2"]}


@pytest.fixture(autouse=True)
def cables(host):
    """Two cables, down as all that is new."""
    for number in (0, 2):
        host.run("ip", "link", "add", f"test{number}", "type", "veth", "peer", "name", f"test{number + 1}")


def ports(host):
    """{name: up} of the devices on the bridge."""
    return {name: "UP" in link["flags"] for name, link in links(host).items() if link.get("master") == "test-one"}


def test_they_join_stay_and_leave(ansible, host):
    """Under a network that runs, at no price; check mode says all of it."""
    assert ansible.module("virt_network", **BARE)["changed"]
    index = links(host)["test-one"]["ifindex"]
    check = ansible.module("virt_network", check=True, **JOINED)
    assert ports(host) == {} and not host.exists(HOOK)
    done, again = ansible.run(*[("virt_network", JOINED)] * 2)
    assert (done.get("changes"), done.get("cost"), done["after"]) == (check["changes"], "live", check["after"]), done
    assert [change["field"] for change in done["changes"]] == ["bridge_ports", "kernel.ports"]
    assert not again["changed"] and ports(host) == {"test0": True, "test2": True} and links(host)["test-one"]["ifindex"] == index
    assert ansible.module("virt_network_info", name="one")["networks"][0]["config"]["bridge_ports"] == JOINED["bridge_ports"]

    fewer, again = ansible.run(*[("virt_network", {**BARE, "bridge_ports": ["test2"]})] * 2)
    assert (fewer["cost"], again["changed"], ports(host), host.exists(HOOK)) == ("live", False, {"test2": True}, True)
    none, again = ansible.run(*[("virt_network", BARE)] * 2)
    assert (none["cost"], again["changed"], ports(host), host.exists(HOOK)) == ("live", False, {}, False)
    assert not host.exists(HOOK.rpartition("/")[0])


@pytest.mark.parametrize("way", ["virsh", "boot"])
def test_they_are_put_back_by_libvirt_itself(ansible, host, way):
    """After a start that nobody of us made, with the network's MTU."""
    ansible.module("virt_network", **JOINED, mtu=1400)
    for device in ("test0", "test2"):
        host.run("ip", "link", "set", device, "down", "mtu", "1500")
    host.run("virsh", "net-destroy", "one")
    assert ports(host) == {}
    if way == "virsh":
        host.run("virsh", "net-start", "one")
    else:
        host.run("rm", "-f", "/run/libvirt/network/autostarted")  # what tells libvirt that it is not the first since the host was booted
        host.run("systemctl", "restart", "libvirtd")
        host.run("virsh", "net-list")
    bed.until(lambda: ports(host) == {"test0": True, "test2": True}, 15, "the ports to be put back")
    assert {links(host)[device]["mtu"] for device in ("test0", "test2")} == {1400}
    assert not ansible.module("virt_network", **JOINED, mtu=1400)["changed"]


def test_a_device_that_is_away_is_no_obstacle(ansible, host):
    """The network starts without it, with a warning; the hook writes to the log alone; the next run that finds it puts it there."""
    host.run("ip", "link", "delete", "test2")
    done, again = ansible.run(*[("virt_network", JOINED)] * 2)
    assert "device test2 of bridge_ports is not there" in done["warnings"][0] and not again["changed"]
    host.run("virsh", "net-destroy", "one")
    host.run("virsh", "net-start", "one")
    assert ports(host) == {"test0": True}
    host.run("ip", "link", "add", "test2", "type", "veth", "peer", "name", "test3")
    done, again = ansible.run(*[("virt_network", JOINED)] * 2)
    assert ([change["field"] for change in done["changes"]], again["changed"], ports(host)) == (["kernel.ports"], False, {"test0": True, "test2": True})


def test_the_hook_comes_with_a_restart(ansible, host):
    """In one run, again and again: what makes libvirt see the hook is over before the network is defined and started."""
    for number in range(4):
        bigger = {**JOINED, "mtu": 1400 + number}
        results = ansible.run(*[("virt_network", options) for options in (BARE, bigger, bigger, {"name": "one", "state": "absent"})])
        assert [each.get("changed") for each in results] == [True, True, False, True], (number, results)


def test_the_hook_takes_nothing_from_others(ansible, host):
    """A device that has an address by now, or is another bridge's, stays where it is."""
    ansible.module("virt_network", **JOINED)
    host.run("virsh", "net-destroy", "one")
    for words in ("link add test4 type bridge", "link set test0 master test4", "address add 10.80.0.1/24 dev test2"):
        host.run("ip", *words.split())
    host.run("virsh", "net-start", "one")
    assert ports(host) == {} and links(host)["test0"]["master"] == "test4"
    assert "is a port of test4" in ansible.refused("virt_network", **JOINED)


def test_what_was_taken_off_or_set_down_comes_back(ansible, host):
    """As does the hook."""
    ansible.module("virt_network", **JOINED)
    host.run("ip", "link", "set", "test0", "nomaster")
    host.run("ip", "link", "set", "test2", "down")
    host.run("rm", HOOK)
    check = ansible.module("virt_network", check=True, **JOINED)
    assert [change["field"] for change in check["changes"]] == ["hook", "kernel.ports[test2]", "kernel.ports"]
    done, again = ansible.run(*[("virt_network", JOINED)] * 2)
    assert (done["changes"], again["changed"], ports(host)) == (check["changes"], False, {"test0": True, "test2": True})
    assert host.exists(HOOK)


def test_they_stand_in_nobodys_way(ansible, host):
    """The network restarts, stops and goes without being forced: its own ports are no strangers on it."""
    ansible.module("virt_network", **JOINED)
    assert ansible.module("virt_network", **JOINED, mtu=1400, on_restart="if_unused")["cost"] == "restart"
    assert ports(host) == {"test0": True, "test2": True}
    assert ansible.module("virt_network", **JOINED, mtu=1400, state="inactive")["changed"]
    host.run("virsh", "net-start", "one")
    assert ports(host) == {"test0": True, "test2": True}
    assert ansible.module("virt_network", name="one", state="absent")["changed"]
    assert not host.exists(HOOK) and "master" not in links(host)["test0"]


def test_the_hook_goes_with_its_last_network(ansible, host):
    """Not before; and a device moves from one network to another in one task."""
    two = {"name": "two", "bridge": {"name": "test-two"}, "ips": []}
    first = [{**BARE, "bridge_ports": ["test0"]}, {**two, "bridge_ports": ["test2"]}]
    ansible.module("virt_host", networks=first)
    moved = [{**BARE, "bridge_ports": ["test0", "test2"]}, two]
    done, again = ansible.run(*[("virt_host", {"networks": moved})] * 2)
    assert (done.get("cost"), again["changed"], ports(host), host.exists(HOOK)) == ("live", False, {"test0": True, "test2": True}, True), done
    ansible.module("virt_network", name="two", state="absent")
    assert host.exists(HOOK)
    ansible.module("virt_network", name="one", state="absent")
    assert not host.exists(HOOK)


def test_what_failed_is_taken_back(ansible, host):
    """A run that cannot be finished leaves neither port nor hook."""
    ansible.module("virt_network", **BARE)
    host.run("ip", "link", "add", "test5", "link", "test3", "type", "macvlan")  # whose MTU cannot be above that of what is below it
    said = ansible.refused("virt_network", **{**BARE, "bridge_ports": ["test0", "test5"], "mtu": 9000})
    assert "could not put test5 on test-one" in said and "what was there before is back" in said
    assert ports(host) == {} and not host.exists(HOOK)
    assert not ansible.module("virt_network", **BARE)["changed"]


def test_who_would_be_missed_elsewhere_is_refused(ansible, host):
    """A bridge, another's port, a device with an address, a network's of another name, and a bridge that is not libvirt's."""
    host.run("ip", "link", "add", "test4", "type", "bridge")
    for harm, message in (("link set test0 master test4", "is a port of test4; take it off first: ip link set test0 nomaster"),
                          ("link set test0 nomaster", None), ("address add 10.80.0.1/24 dev test2", "has 10.80.0.1/24, which would not be reached")):
        host.run("ip", *harm.split())
        if message:
            assert message in ansible.refused("virt_network", check=True, **JOINED)
    assert "is a bridge itself" in ansible.refused("virt_network", **{**BARE, "bridge_ports": ["test4"]})
    ansible.module("virt_network", **{**BARE, "bridge_ports": ["test0"]})
    assert "is a port of the active network one" in ansible.refused("virt_network", name="two", ips=[], bridge_ports=["test0"])
    idle = {**BARE, "name": "two", "bridge": {"name": "test-two"}, "ips": [], "state": "inactive"}
    for device, message in (("test2", "has 10.80.0.1/24"), ("lo", "is no Ethernet device"), ("eth0", "has ")):
        assert message in ansible.refused("virt_network", **{**idle, "bridge_ports": [device]})
    assert "bridge_ports" in ansible.refused("virt_network", **{**idle, "bridge_ports": ["test0", "test0"]})
    other = {"name": "two", "forward": {"mode": "bridge"}, "bridge": {"name": "test4"}, "bridge_ports": ["test0"]}
    assert "bridge_ports" in ansible.refused("virt_network", **other)
