# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks and roles from one end to the other."""

from __future__ import annotations

from xml.etree import ElementTree

from testbed import guest

NETWORK = "nat_lab"


def test_nat_lab_and_its_teardown(ansible, host, snapshot):
    """Converges, changes nothing the second time, and leaves nothing when it is taken down."""
    before = snapshot()
    unused, checked = ansible.playbook("virtlab.network.nat_lab", check=True)
    assert checked["failures"] == 0 and snapshot() == before
    unused, first = ansible.playbook("virtlab.network.nat_lab")
    assert first["failures"] == 0 and first["changed"] == checked["changed"] > 0
    assert NETWORK in host.run("virsh", "net-list", "--name").stdout.split()
    assert host.run("sysctl", "-n", "net.ipv4.ip_forward").stdout.strip() == "1"
    assert "net/ipv4/ip_forward = 1" in host.run("cat", "/etc/sysctl.d/99-virtlab-network.conf").stdout
    unused, second = ansible.playbook("virtlab.network.nat_lab")
    assert (second["failures"], second["changed"]) == (0, 0)
    results, unused = ansible.playbook("virtlab.network.teardown")
    assert "-e lab=" in results[0]["msg"]
    unused, down = ansible.playbook("virtlab.network.teardown", lab=NETWORK)
    assert (down["failures"], down["changed"]) == (0, 1)
    assert snapshot() == before


def test_a_lab_with_guests_is_taken_down_when_that_is_meant(ansible, host, guest_on):
    """It names them, and touches nothing; with force exactly what bears the mark goes, and another's stays."""
    options = {"ips": [{"address": "10.79.0.1/24", "dhcp": {"ranges": [{"start": "10.79.0.100", "end": "10.79.0.150"}]}}]}
    guest_on({"name": "one", "lab": "web", **options})
    ansible.module("virt_network", name="two", lab="web", ips=[])
    ansible.module("virt_network", name="three", lab="other", ips=[])
    names = ("virsh", "net-list", "--all", "--name")
    before = host.run(*names).stdout
    results, unused = ansible.playbook("virtlab.network.teardown", lab="web")
    assert "network one is in use by here (" in results[-1]["msg"] and "or say force: true" in results[-1]["msg"]
    assert host.run(*names).stdout == before
    results, unused = ansible.playbook("virtlab.network.teardown", lab="web", force=True)
    assert [each["domain"] for each in results[-1]["affected_guests"]] == ["here"]
    assert host.run(*names).stdout.split() == ["default", "three"]


def play(ansible, **variables):
    """Run the role nat_network alone; its recap."""
    path = ansible.top / "role.yml"
    path.write_text("- hosts: all\n  gather_facts: false\n  roles: [virtlab.network.nat_network]\n", encoding="utf-8")
    return ansible.playbook(str(path), **variables)[1]


def test_the_default_network_is_put_back(ansible, host):
    """As a new installation has it: the distribution's own file, and running."""
    original = ElementTree.fromstring(host.run("cat", "/usr/share/libvirt/networks/default.xml").stdout)
    host.run("virsh", "net-undefine", "default")
    assert play(ansible)["changed"] == 1
    assert play(ansible)["changed"] == 0
    now = ElementTree.fromstring(host.run("virsh", "net-dumpxml", "--inactive", "default").stdout)
    for path in ("name", "forward", "bridge", "ip/dhcp/range"):
        assert (now.find(path).text or "").strip() == (original.find(path).text or "").strip()
        assert {**now.find(path).attrib, **original.find(path).attrib} == now.find(path).attrib
    assert (now.find("ip").get("address"), now.find("ip").get("prefix")) == ("192.168.122.1", "24")
    host.run("virsh", "net-destroy", "default")
    host.run("virsh", "net-autostart", "--disable", "default")


def test_every_variable_of_nat_network(ansible, host):
    """Range, static lease, name, domain, outgoing device, MTU and bridge all arrive."""
    variables = {
        "nat_network_name": "office", "nat_network_address": "10.76.0.1/24", "nat_network_bridge": "virbr-office", "nat_network_dev": "eth0",
        "nat_network_ranges": [{"start": "10.76.0.50", "end": "10.76.0.60", "lease": {"expiry": 2, "unit": "hours"}}],
        "nat_network_leases": [{"mac": "52:54:00:76:00:05", "name": "printer", "ip": "10.76.0.5"}],
        "nat_network_names": [{"ip": "10.76.0.1", "hostnames": ["gate.office.test"]}], "nat_network_domain": "office.test", "nat_network_mtu": 1450,
    }
    assert play(ansible, **variables)["changed"] == 1
    assert play(ansible, **variables)["changed"] == 0
    stored = host.run("virsh", "net-dumpxml", "--inactive", "office").stdout
    for text in ("<forward dev='eth0' mode='nat'>", "<bridge name='virbr-office'", "<mtu size='1450'/>", "<domain name='office.test' localOnly='yes'/>",
                 "<hostname>gate.office.test</hostname>", "<range start='10.76.0.50' end='10.76.0.60'>", "<lease expiry='2' unit='hours'/>",
                 "<host mac='52:54:00:76:00:05' name='printer' ip='10.76.0.5'/>"):
        assert text in stored
    assert play(ansible, nat_network_name="office", nat_network_state="absent", nat_network_address="10.76.0.1/24")["changed"] == 1


def test_guests_become_neighbours_of_the_host(lab, ansible, host):
    """By the playbook bridged: guests get addresses of the LAN's own DHCP, beside a NAT network; and the NIC gets everything back."""
    lab.dhcp(six=False)
    ways = ("bash", "-c", "ip -br address show dev eth0; ip route; ip -6 route")
    before = host.run(*ways).stdout
    unused, checked = ansible.playbook("virtlab.network.bridged", check=True)
    assert checked["failures"] == 0 and host.run(*ways).stdout == before
    unused, first = ansible.playbook("virtlab.network.bridged")
    assert first["failures"] == 0 and first["changed"] >= checked["changed"] > 0
    unused, second = ansible.playbook("virtlab.network.bridged")
    assert (second["failures"], second["changed"]) == (0, 0)
    assert host.run(*ways).stdout.replace("br0", "eth0") != before != host.run(*ways).stdout
    ansible.module("virt_network", name="inner", ips=[{"address": "10.79.0.1/24", "dhcp": {"ranges": [{"start": "10.79.0.100", "end": "10.79.0.150"}]}}])
    outer, inner = (guest.start(host, f"on-{network}", {"network": network}, kind="lxc") for network in ("lan", "inner"))
    assert outer.address().startswith("198.51.100.1") and inner.address().startswith("10.79.0.1")
    assert lab.world("ping", "-c1", "-W5", outer.address(), check=False).returncode == 0
    for each in (outer, inner):
        each.stop()
    ansible.module("virt_network", name="inner", state="absent")
    unused, gone = ansible.playbook("virtlab.network.bridged", bridged_network_state="absent")
    assert gone["failures"] == 0 and host.run(*ways).stdout == before
    ansible.playbook("virtlab.network.bridged")
    results, down = ansible.playbook("virtlab.network.teardown", lab="bridged", rollback_after=60)
    assert (down["failures"], down["changed"], results[-1]["trial"]["outcome"]) == (0, 1, "confirmed") and host.run(*ways).stdout == before


def test_a_bridge_that_would_have_no_port_is_refused(ansible, snapshot):
    """Where no default route tells which NIC is meant, and nobody names one."""
    before = snapshot()
    results, counts = ansible.playbook("virtlab.network.bridged", bridged_network_uplink="")
    assert counts["failures"] == 1 and "name the NIC" in results[-1]["msg"] and snapshot() == before
