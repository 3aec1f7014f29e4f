# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in virtual machines: what they have of their own, that they are rebooted for real, and that nothing of them is left."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from testbed import bed, cgroup, claim, fabric, guest, host
from tests.packets import answer, asked

NICS = {"eth0": "lan", "wan": {"segment": "trunk", "model": "igb"}, "dmz": {"segment": "trunk", "mtu": 9000, "addresses": ["10.9.0.1/24"]}}


@pytest.fixture(scope="module")
def pair(lab_of):
    """A lab of two machines of two releases, the first with three NICs, one of which has virtual functions."""
    return lab_of(old={"nics": NICS}, new={"suite": "trixie"})


@pytest.fixture
def old(pair):
    """The machine with Debian 12."""
    return pair.hosts["old"]


def test_machines_that_ask_for_their_addresses(lab_of):
    """By DHCP of both families, and of the router; the inventory tells the one they got, by which the world reaches them."""
    lab = lab_of(host={"nics": {"eth0": {"segment": "lan", "dhcp": True}}})
    one = lab.hosts["host"]
    address = lab.inventory("eth0")["all"]["hosts"]["host"]["ansible_host"]
    assert re.fullmatch(r"198\.51\.100\.1[0-5]\d", address) and one.run("hostname", "-I").stdout.split()[:2] == ["192.0.2.15", address]
    assert lab.world("ping", "-c", "1", "-W", "10", address, check=False).returncode == 0
    assert "default via 198.51.100.1 dev eth0 proto dhcp" in one.run("ip", "route").stdout
    bed.until(lambda: "proto ra" in one.run("ip", "-6", "route", "show", "default").stdout, 60, "the router's advertisement")
    with pytest.raises(bed.BedError, match="no address by eth7"):
        lab.inventory("eth7")


def test_machines_are_debians_of_their_own(pair):
    """Each with its kernel, libvirtd, time and identity; only what was asked for, beside the NIC that commands come in by."""
    seen = {name: each.run("sh", "-c", "hostname; uname -r; cat /etc/machine-id; virsh version --daemon; ls /sys/class/net").stdout
            for name, each in pair.hosts.items()}
    assert re.match(r"old\n6\.1\.[^\n]+\n", seen["old"]) and re.match(r"new\n6\.12\.[^\n]+\n", seen["new"])
    assert "daemon: 9.0.0" in seen["old"] and "daemon: 11.3.0" in seen["new"]
    assert seen["old"].split()[-5:] == ["dmz", "eth0", "lo", "mgmt0", "wan"]
    assert len({text.split()[2] for text in seen.values()}) == 2
    assert all(each.run("systemctl", "is-system-running", check=False).stdout == "running\n" for each in pair.hosts.values())


def test_machines_reach_each_other_and_the_world(pair, old):
    """In both families, by name, and nobody by the NIC that commands come in by."""
    for address in ("198.51.100.12", "2001:db8:100::12", "203.0.113.1", "internet.test"):
        assert old.run("ping", "-c", "1", "-W", "10", address, check=False).returncode == 0, address
    assert pair.hosts["new"].run("busybox", "wget", "-qO-", "http://203.0.113.1/").stdout == "198.51.100.12\n"
    assert old.run("ping", "-c", "1", "-W", "2", "-I", "mgmt0", "203.0.113.1", check=False).returncode != 0


def test_machines_have_what_only_a_kernel_of_ones_own_has(old):
    """802.1Q, bonds, VLAN filtering, bandwidth, Open vSwitch, and virtual functions."""
    for words in ("link add link dmz name dmz.7 type vlan id 7", "link add bond0 type bond mode active-backup",
                  "link add br0 type bridge vlan_filtering 1", "link add gnv0 type geneve id 7 remote 10.9.0.2"):
        old.run("ip", *words.split())
    old.run("tc", "qdisc", "add", "dev", "dmz", "root", "netem", "delay", "1ms")
    old.run("systemctl", "start", "openvswitch-switch")
    old.run("ovs-vsctl", "add-br", "ovs0")
    old.run("tee", "/sys/class/net/wan/device/sriov_numvfs", input="2")
    assert old.run("lspci").stdout.count("Virtual Function") == 2


def test_cables_of_machines_are_cut(pair, old):
    """Silently, or with the carrier."""
    new = pair.hosts["new"]
    for silent, carrier in ((True, "1"), (False, "0")):
        new.cut(silent=silent)
        assert old.run("ping", "-c", "1", "-W", "2", "198.51.100.12", check=False).returncode != 0
        assert new.run("cat", "/sys/class/net/eth0/carrier").stdout.strip() == carrier
        new.mend()
        bed.until(lambda: old.run("ping", "-c", "1", "-W", "2", "198.51.100.12", check=False).returncode == 0, 20, "the link to come back")


def test_packets_of_machines_are_captured(pair, old, tmp_path):
    """On the segment."""
    with fabric.capture(pair.name, "lan", "icmp", str(tmp_path)) as path:
        old.run("ping", "-c", "1", "198.51.100.12")
    assert "198.51.100.11 > 198.51.100.12: ICMP echo request" in bed.run("tcpdump", "-n", "-r", path).stdout


def test_guests_run_in_machines(old):
    """A container, with a lease and a way out."""
    old.run("virsh", "-q", "net-start", "default")
    one = guest.start(old, "one", {"network": "default"}, kind="lxc")
    assert one.address().startswith("192.168.122.")
    assert one.run("busybox", "wget", "-qO-", "http://203.0.113.1/").text == "198.51.100.11\n"
    one.stop()


#: a network of both families
NETWORK = {"name": "one", "forward": {"mode": "nat"}, "bridge": {"name": "test-one"}, "ips": [{"address": "10.79.0.1/24"}, {"address": "fd79::1/64"}]}


@pytest.fixture
def new(pair, ansible_for):
    """(the machine with Debian 13, whose libvirt has the nftables backend; Ansible for it), with a network on it, from the first test to the last."""
    machine = pair.hosts["new"]
    ansible = ansible_for(pair, machine)
    if not machine.exists("/sys/class/net/test-one"):
        ansible.module("virt_network", **NETWORK)
    return machine, ansible


@pytest.mark.parametrize(("harm", "lost"), [("flush chain ip libvirt_network guest_nat", "rules lost"), ("flush ruleset", "chains lost")])
def test_rules_of_the_nftables_backend_are_mended(new, harm, lost):
    """What somebody flushed is seen in check mode and comes back, and the bridge stays."""
    machine, ansible = new
    before = machine.run("cat", "/sys/class/net/test-one/ifindex").stdout
    machine.run("nft", *harm.split())
    check = ansible.module("virt_network", check=True, **NETWORK)
    assert [(change["field"], change["before"], change["cost"]) for change in check["changes"]] == [("kernel.firewall", lost, "live")]
    done, again = ansible.run(*[("virt_network", NETWORK)] * 2)
    assert (done.get("changes"), again["changed"]) == (check["changes"], False), done
    assert machine.run("cat", "/sys/class/net/test-one/ifindex").stdout == before


#: Docker's drop, and how it is undone
DROPPING = ["iptables -N DOCKER-USER", "iptables -A DOCKER-USER -j RETURN", "iptables -I FORWARD -j DOCKER-USER", "iptables -P FORWARD DROP"]
PASSING = ["iptables -P FORWARD ACCEPT", "iptables -D FORWARD -j DOCKER-USER", "iptables -F DOCKER-USER", "iptables -X DOCKER-USER"]


class Place:
    """A network namespace of a machine, which is on the network's bridge as a guest would be."""

    name = "here"

    def __init__(self, machine):
        self.machine = machine
        for words in ("netns add here", "link add here0 type veth peer name eth0 netns here", "link set here0 master test-one up", "-n here link set lo up",
                      "-n here link set eth0 up", "-n here address add 10.79.0.2/24 dev eth0", "-n here route add default via 10.79.0.1"):
            machine.run("ip", *words.split())

    def run(self, *argv):
        """Run a command there; an Answer."""
        done = self.machine.run("ip", "netns", "exec", "here", *argv, check=False)
        return guest.Answer(done.returncode, done.stdout + done.stderr)

    def end(self):
        """Take it away, and with it the device that leads there."""
        self.machine.run("ip", "link", "delete", "here0")
        self.machine.run("ip", "netns", "delete", "here")


@pytest.fixture
def place(new):
    """A place on the network."""
    machine, ansible = new
    ansible.module("virt_network", **NETWORK)
    made = Place(machine)
    yield made
    made.end()


def test_forwards_and_doors_beside_the_nftables_backend(pair, new, place):
    """Its rules and Docker's drop each other's packets, as an accept of one is none of the other's; forwards get in where libvirt keeps out."""
    machine, ansible = new
    answer(place, 80)

    def gets_out():
        return asked(place, "udp", "198.51.100.1", 7).startswith("198.51.100.12")

    def gets_out_at_last():
        bed.until(gets_out, 20, "the bridge, which is new and does spanning tree, to pass frames on")

    forwards = {"name": "one", "forwards": [{"port": "8080", "to": "10.79.0.2", "to_port": "80"}]}
    assert "whose forward mode is nat" in ansible.refused("virt_nat", subnets=["10.79.0.0/24"], **forwards) and gets_out()
    for command in DROPPING:
        machine.run(*command.split())
    assert not gets_out()
    found, = ansible.module("virt_neighbour_info")["neighbours"]
    assert (found["neighbour"], found["networks"]) == ("docker", ["one"])
    beside = {"name": "one", "zones": [{"name": "guests", "networks": ["one"]}], "coexist": True}
    assert ansible.module("virt_firewall", **beside)["changed"] is True and gets_out()
    assert ansible.module("virt_firewall", **beside)["changed"] is False
    ansible.module("virt_firewall", name="one", state="absent")
    assert not gets_out()
    opened = {**NETWORK, "forward": {"mode": "open"}}
    ansible.module("virt_host", networks=[opened], nats=[{**forwards, "network": "one", "coexist": True}])
    gets_out_at_last()
    assert asked(pair, "tcp", "198.51.100.12", 8080) == "80 198.51.100.1"
    ansible.module("virt_host", networks=[NETWORK], nats=[{"name": "one", "state": "absent"}])
    for command in PASSING:
        machine.run(*command.split())
    gets_out_at_last()
    assert asked(pair, "tcp", "198.51.100.12", 8080).startswith("nobody")


def test_a_restart_puts_back_vlans(new):
    """Those of a port of a bridge that somebody told to filter them."""
    machine, ansible = new
    for command in ("ip link set test-one type bridge vlan_filtering 1",
                    "ip link add test0 type veth peer name test1", "ip link set test0 master test-one up", "bridge vlan del vid 1 dev test0",
                    "bridge vlan add vid 42 pvid untagged dev test0", "bridge vlan add vid 50-52 dev test0"):
        machine.run(*command.split())
    before = machine.run("bridge", "vlan", "show", "dev", "test0").stdout
    done, again = ansible.run(*[("virt_network", {**NETWORK, "mtu": 1400})] * 2)
    assert (done.get("cost"), again["changed"]) == ("restart", False), done
    assert machine.run("bridge", "vlan", "show", "dev", "test0").stdout == before and "42 PVID Egress Untagged" in before
    assert machine.run("cat", "/sys/class/net/test-one/bridge/vlan_filtering").stdout == "1\n"
    machine.run("ip", "link", "delete", "test0")


def test_ports_of_a_network_are_put_back_by_a_reboot(pair, old, ansible_for):
    """A NIC that the network names, on the bridge that libvirt makes when it starts."""
    network = {"name": "one", "bridge": {"name": "test-one"}, "ips": [{"address": "10.79.0.1/24"}], "mtu": 1400, "bridge_ports": ["wan"]}
    ansible = ansible_for(pair, old)
    assert ansible.module("virt_network", **network)["after"]["ports"] == ["wan"]
    old.run("sync")
    old.reboot(clean=False)
    bed.until(lambda: "test-one" in old.run("ip", "link", "show", "dev", "wan").stdout, 60, "the NIC to be on its bridge")
    assert ansible.module("virt_network", **network)["changed"] is False
    ansible.module("virt_network", name="one", state="absent")


@pytest.mark.parametrize("clean", [True, False])
def test_a_reboot_is_one(old, clean):
    """Nothing of the memory is left, all of the disk is, and every NIC has its name and what else it had."""
    old.run("touch", "/root/kept", "/run/lost")
    old.run("sync")
    booted = old.run("cat", "/proc/sys/kernel/random/boot_id").stdout
    old.reboot(clean=clean)
    assert old.run("cat", "/proc/sys/kernel/random/boot_id").stdout != booted
    assert old.exists("/root/kept") and not old.exists("/run/lost")
    bed.until(lambda: "198.51.100.11/24" in old.run("ip", "-br", "address", "show", "dev", "eth0").stdout, 60, "the uplink's address")
    assert "10.9.0.1/24" in old.run("ip", "-br", "address", "show", "dev", "dmz").stdout
    assert old.run("cat", "/sys/class/net/dmz/mtu").stdout == "9000\n" and old.exists("/sys/class/net/wan/device/sriov_totalvfs")
    assert old.run("ping", "-c", "1", "-W", "10", "internet.test", check=False).returncode == 0


def test_what_a_killed_run_left_of_machines_is_cleaned():
    """The runner is killed while its machines start."""
    name = f"kvm{os.getpid()}"[:16]
    runner = subprocess.Popen([sys.executable, "-m", "testbed", "up", name, "--kind", "vm", "--hosts", "2"], cwd=host.CHECKOUT, stderr=subprocess.DEVNULL)
    bed.until(lambda: [group for group in cgroup.groups() if group.startswith(f"{name}.")], 240, "the first machine")
    runner.kill()
    runner.wait()
    assert name in claim.labs() and claim.abandoned(name)
    left = [pid for group in cgroup.groups() if group.startswith(f"{name}.") for pid in cgroup.members(group)]
    done = subprocess.run([sys.executable, "-m", "testbed", "clean"], cwd=host.CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and name in done.stdout.split() and name not in claim.labs()
    assert [pid for pid in left if host.start_time(pid)] == []
    assert not (bed.DISKS / name).exists() and name not in bed.run("findmnt", "-rno", "TARGET").stdout
    assert [namespace for namespace in fabric.names() if name in namespace] == []
