# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with guests on them: a QEMU machine and a container, that must not be cut off unasked."""

from __future__ import annotations

import pytest

from testbed import guest

MAC = "52:54:00:75:00:05"
NETWORK = {
    "name": "one",
    "forward": {"mode": "nat"},
    "domain": {"name": "one.test"},
    "ips": [{"address": "10.75.0.1/24", "dhcp": {"ranges": [{"start": "10.75.0.100", "end": "10.75.0.199"}], "hosts": [{"mac": MAC, "ip": "10.75.0.5"}]}}],
}


@pytest.fixture
def started(host):
    """A function that starts a guest, which is stopped after the test where it is still there."""
    guests = []

    def start(name, kind, **nic):
        guests.append(guest.start(host, name, nic, kind=kind))
        return guests[-1]

    yield start
    for each in guests:
        each.stop()


@pytest.mark.parametrize("kind", ["vm", "lxc"])
def test_guests_are_seen_served_and_spared(ansible, host, snapshot, started, kind):
    """A lease, a way out with the host's address, and a refusal with the guest's name for whatever would cut it off."""
    ansible.module("virt_network", **NETWORK)
    one = started("here", kind, network="one", mac=MAC)
    assert one.address() == "10.75.0.5"
    assert one.run("ping", "-c", "1", "-W", "5", "203.0.113.1").code == 0
    fetch = ["wget"] if kind == "vm" else ["busybox", "wget"]
    assert one.run(*fetch, "-qO-", "http://203.0.113.1/").text.strip() == "198.51.100.11"
    found = ansible.module("virt_network_info", name="one")["networks"][0]
    assert [(lease["address"], lease["mac"], lease["hostname"]) for lease in found["leases"]] == [("10.75.0.5/24", MAC, "here")]
    assert [(nic["domain"], nic["mac"], nic["driver"]) for nic in found["guests"]] == [("here", MAC, "QEMU" if kind == "vm" else "LXC")]
    before = snapshot()
    tasks = [{**NETWORK, "mtu": 1400, "on_restart": "if_unused"}, {"name": "one", "state": "inactive"}, {"name": "one", "state": "absent"}]
    for check in (True, False):
        for result in ansible.run(*[("virt_network", task) for task in tasks], check=check):
            assert f"network one is in use by here ({found['guests'][0]['target']})" in result["msg"]
    unchanged, harmless = ansible.run(("virt_network", NETWORK), ("virt_network", {"name": "one", "autostart": False}))
    assert not unchanged["changed"] and (harmless["changed"], harmless["cost"]) == (True, "live")
    assert {**snapshot(), "list": ""} == {**before, "list": ""}
    assert one.run("ping", "-c", "1", "-W", "5", "203.0.113.1").code == 0


def test_a_guest_on_the_bridge_counts(ansible, host, started):
    """A guest that names the bridge instead of the network is cut off just as much; force says that this is meant."""
    bridge = ansible.module("virt_network", **NETWORK)["after"]["bridge"]
    started("there", "lxc", bridge=bridge)
    refused, forced = ansible.run(
        ("virt_network", {"name": "one", "state": "absent"}),
        ("virt_network", {"name": "one", "state": "absent", "force": True}),
    )
    assert "in use by there" in refused["msg"] and "force: true" in refused["msg"]
    assert forced["changed"] and [nic["domain"] for nic in forced["affected_guests"]] == ["there"]


@pytest.mark.parametrize("uri", ["qemu+unix:///system", "qemu:///system?no_verify=1", "lxc:///system", ""])
def test_guests_are_seen_however_the_uri_is_written(ansible, started, uri):
    """libvirt's drivers share one host's networks; whichever is asked, the guests of all count."""
    ansible.module("virt_network", **NETWORK)
    started("there", "lxc", network="one")
    assert "in use by there" in ansible.refused("virt_network", uri=uri, name="one", state="inactive")


def test_a_port_that_is_no_guests_is_not_cut_off(ansible, host):
    """Somebody put it there for a reason, and it would be gone with the bridge."""
    bridge = ansible.module("virt_network", **NETWORK)["after"]["bridge"]
    host.run("ip", "link", "add", "testport", "type", "veth", "peer", "name", "testpeer")
    host.run("ip", "link", "set", "testport", "master", bridge)
    assert "in use by testport (no guest's of libvirt)" in ansible.refused("virt_network", name="one", state="inactive")


def test_a_network_that_only_names_a_bridge_comes_and_goes_under_its_guests(ansible, host, started):
    """The bridge is not libvirt's, so nothing that libvirt does to the network cuts anybody off."""
    host.run("ip", "link", "add", "testbr0", "type", "bridge")
    host.run("ip", "address", "add", "10.76.0.1/24", "dev", "testbr0")
    host.run("ip", "link", "set", "testbr0", "up")
    bridged = {"name": "one", "forward": {"mode": "bridge"}, "bridge": {"name": "testbr0"}}
    ansible.module("virt_network", **bridged)
    one = started("there", "lxc", network="one")
    one.run("ip", "address", "add", "10.76.0.2/24", "dev", "eth0")
    for task in ({**bridged, "port": {"isolated": True}}, {"name": "one", "state": "inactive"}, {"name": "one", "state": "absent"}):
        changed = ansible.module("virt_network", **task)
        assert changed["changed"] and changed["affected_guests"] == []
        assert one.run("ping", "-c", "1", "-W", "5", "10.76.0.1").code == 0
