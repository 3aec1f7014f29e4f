# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that this machine's kernel may lack: on a virtual machine, whose own kernel has every kind."""

from __future__ import annotations

import json

import pytest

from testbed import bed
from tests.devices import UNREACHABLE, kept_files, link, picture


@pytest.fixture(scope="module")
def lab(lab_of):
    """A machine with the newer kernel."""
    return lab_of(host={"suite": "trixie"})


@pytest.fixture
def machine(lab):
    """That machine."""
    return lab.hosts["host"]


#: what a machine's own kernel has as well
OWN = ("vlan-bridge", "vlan-port", "bond", "vlan", "ipvlan", "ipvtap", "dummy", "team")


@pytest.mark.parametrize("kind", OWN)
def test_every_option_in_a_machine(machine, inside, kind):
    """The same, of what needs a kernel of one's own."""
    *problems, count = inside(machine, "links", kind).stdout.splitlines()
    assert problems == [] and int(count.split()[0]) >= 4


#: a guest whose NIC is a macvtap on test1, and that does not even start to run
DIRECT = """<domain type="qemu"><name>direct</name><memory>65536</memory><os><type arch="x86_64" machine="q35">hvm</type></os>
<devices><interface type="direct"><source dev="test1" mode="bridge"/><model type="virtio"/></interface><memballoon model="none"/></devices></domain>"""


def test_guests_on_a_nic_itself_are_told_of(machine, lab, ansible_for):
    """Their macvtaps are on top of it."""
    ansible = ansible_for(lab, machine)
    machine.run("ip", "link", "add", "test1", "up", "type", "dummy")
    machine.run("tee", "/run/direct.xml", input=DIRECT)
    machine.run("virsh", "-q", "create", "--paused", "/run/direct.xml")
    assert [each["domain"] for each in ansible.module("virt_link", name="test1", mtu=1400)["affected_guests"]] == ["direct"]
    assert ansible.module("virt_link", name="test1", mtu=1600)["affected_guests"] == []
    assert "in use by direct (macvtap" in ansible.refused("virt_link", name="test1", up=False)
    assert ansible.module("virt_link", check=True, name="test1", up=False, force=True)["affected_guests"][0]["domain"] == "direct"
    machine.run("virsh", "-q", "destroy", "direct")
    machine.run("ip", "link", "delete", "test1")


def test_a_bond_gives_back_what_it_took(machine, lab, ansible_for):
    """From a bridge with its VLANs, and from another bond; and what is written down for boot is as it was."""
    ansible = ansible_for(lab, machine)
    task = {"lab": "taken", "links": [{"name": name, "kind": "dummy"} for name in ("test1", "test2", "test3")],
            "bridges": [{"name": "test0", "vlan_filtering": True, "ports": [{"name": "test1", "pvid": 7, "tagged": ["20-30"], "cost": 9}]}]}
    task["links"].append({"name": "test5", "kind": "bond", "bond": {"mode": "active-backup", "miimon": 100}, "ports": ["test2", "test3"]})
    ansible.module("virt_host", **task)
    before, files = picture(machine), kept_files(machine)
    for persist in ("none", "auto"):
        result = ansible.refused("virt_link", name="test9", kind="bond", ports=["test1", "test2"], steal=True, routes=UNREACHABLE, persist=persist)
        assert "link test9: nothing of it was left behind; link test" in result and result.count("what was there before is back") >= 2
        assert (picture(machine), kept_files(machine)) == (before, files), persist
        assert ansible.module("virt_host", **task)["changed"] is False
    used = active_port(machine)
    other = {"test2": "test3", "test3": "test2"}[used]
    assert "what was there before is back" in ansible.refused("virt_link", name="test5", bond={"primary": other}, routes=UNREACHABLE)
    assert active_port(machine) == used  # the kernel had gone over to the other, and has no reason to go back
    ansible.module("virt_host", lab="taken", prune=True)


def active_port(machine):
    """The port that test5 uses, once it looked at the carriers of its own, which it does ten times a second."""
    def seen():
        return json.loads(machine.run("ip", "-d", "-j", "link", "show", "test5").stdout)[0]["linkinfo"]["info_data"].get("active_slave")

    return bed.until(seen, 10, "the bond to use a port")


def test_a_port_that_moves_is_not_claimed_by_two_at_boot(machine, lab, ansible_for):
    """What check mode tells of the bridge that loses it."""
    ansible = ansible_for(lab, machine)
    ansible.module("virt_host", lab="moved", links=[{"name": "test1", "kind": "dummy"}],
                   bridges=[{"name": "test0", "ports": [{"name": "test1", "cost": 9}]}, {"name": "test8", "ports": []}])
    task = {"name": "test8", "ports": [{"name": "test1"}], "steal": True}
    check, made, again = ansible.module("virt_bridge", check=True, **task), ansible.module("virt_bridge", **task), ansible.module("virt_bridge", **task)
    assert {"field": "persist[test0].ports", "before": ["test1"], "after": [], "cost": "live"} in made["changes"]
    assert check["changes"] == made["changes"] and again["changed"] is False
    files = kept_files(machine)
    assert "virtlab-test8.conf" in files and "virtlab-test0.conf" not in files and link(machine, "test1")["master"] == "test8"
    assert ansible.module("virt_bridge", name="test0", ports=[])["changed"] is False
    ansible.module("virt_host", lab="moved", prune=True)


def test_who_else_configures_a_device_is_told(machine, lab, ansible_for):
    """A NIC that another unit configures: left to that, unless a task says otherwise, and then with all that the unit says of addresses."""
    ansible = ansible_for(lab, machine)
    task = {"name": "test0", "ports": [{"name": "eth0"}], "addresses": ["198.51.100.11/24"]}
    assert "20-eth0.network of networkd configures eth0" in ansible.refused("virt_link", name="eth0", mtu=1400, persist="networkd")
    over = {"name": "eth0", "mtu": 1400, "persist": "networkd", "takeover": True}
    routes = [{"dst": "default", "gateway": gateway} for gateway in ("198.51.100.1", "2001:db8:100::1")]
    assert f"say addresses and routes: {json.dumps(routes)}, too" in ansible.refused("virt_link", **over)
    assert "eth0 has 198.51.100.11/24" in ansible.refused("virt_bridge", **task)
    assert ansible.module("virt_link", name="eth0", mtu=1500)["changed"] is False


def test_a_nic_that_is_taken_over_keeps_its_default_routes(machine, lab, ansible_for):
    """Ours come in the place of networkd's, which come back; where the run fails as well. There is one all the while."""
    ansible = ansible_for(lab, machine)
    routes = [{"dst": "default", "gateway": gateway} for gateway in ("198.51.100.1", "2001:db8:100::1")]
    over = {"name": "eth0", "mtu": 1400, "persist": "networkd", "takeover": True, "addresses": ["198.51.100.11/24", "2001:db8:100::11/64"]}
    ansible.refused("virt_link", **over, routes=[*routes, *UNREACHABLE])
    assert defaults(machine) == ["4", "4"]
    machine.run("sh", "-c", "ping -i 0.1 203.0.113.1 > /run/pings 2>&1 & echo $! > /run/pinging")
    made, again = ansible.run(("virt_link", {**over, "routes": routes}), ("virt_link", {**over, "routes": routes}))
    assert (made["changed"], again["changed"], defaults(machine)) == (True, False, ["118", "118"]) and "warnings" not in made
    machine.run("sh", "-c", "kill -INT $(cat /run/pinging)")
    assert ", 0% packet loss" in machine.run("cat", "/run/pings").stdout
    assert ansible.module("virt_link", name="eth0", mtu=1500, routes=[], persist="none")["changed"] is True
    assert defaults(machine) == ["4", "4"]


def defaults(host):
    """The protocols of a NIC's default routes, IPv4's and IPv6's."""
    shown = [json.loads(host.run("ip", "-N", "-j", family, "route", "show", "default", "dev", "eth0").stdout) for family in ("-4", "-6")]
    return [each["protocol"] for entries in shown for each in entries]
