# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nft(8) where it takes a kernel or a boot of one's own: frames that stay on their bridge, and what is there after a reboot."""

from __future__ import annotations

import pytest

from testbed.guest import Answer
from tests.packets import answer, asked

HOST, NOBODY = "198.51.100.11", "nobody: no answer"
NAT = {"name": "boot", "subnets": ["10.89.0.0/24", "fd00:89::/64"], "forwards": [{"port": "8080", "to": "10.89.0.10", "to_port": "80"}]}
FIREWALL = {"name": "boot", "zones": [{"name": "lan", "devices": ["eth0"]}, {"name": "host", "host": True}],
            "policies": [{"src": "lan", "dst": "host", "default": "accept", "rules": [{"protocol": "tcp", "ports": ["9"], "action": "reject"}]}]}
WALL = {"name": "wall", "zones": [{"name": "walled", "devices": ["testwall"]}, {"name": "host", "host": True}],
        "policies": [{"src": "walled", "dst": "host"}, {"src": "host", "dst": "walled"},
                     {"src": "walled", "dst": "walled", "default": "reject", "rules": [{"protocol": "tcp", "ports": ["80"]}]}]}


class Place:
    """A network namespace of the machine, which is on a bridge as a guest would be."""

    def __init__(self, machine, name, number):
        self.machine, self.name = machine, name
        machine.run("ip", "netns", "add", name)
        machine.run("ip", "link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        machine.run("ip", "link", "set", f"v{name}", "up", "master", "testwall")
        for words in (("link", "set", "lo", "up"), ("link", "set", "eth0", "up"), ("address", "add", f"10.88.0.{number}/24", "dev", "eth0"),
                      ("address", "add", f"fd00:88::{number}/64", "dev", "eth0", "nodad"), ("address", "add", f"198.51.100.{number + 60}/24", "dev", "eth0")):
            self.run("ip", *words)

    def run(self, *argv):
        """Run a command there; an Answer."""
        done = self.machine.run("ip", "netns", "exec", self.name, *argv, check=False)
        return Answer(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def lab(lab_of):
    """A machine."""
    return lab_of(host={})


@pytest.fixture
def machine(lab):
    """That machine."""
    return lab.hosts["host"]


def test_a_bridge_is_a_wall(machine, lab, ansible_for):
    """Between its ports but for what is let through, and to the host, which else answers ARP and takes what comes though the bridge has no address."""
    ansible = ansible_for(lab, machine)
    ansible.module("virt_bridge", name="testwall", persist="none")
    one, other = Place(machine, "one", 1), Place(machine, "other", 2)
    answer(other, 80, 22)
    probe = ("busybox", "arping", "-c", "3", "-w", "6", "-I", "eth0", HOST)

    def seen():
        one.run("ip", "neigh", "flush", "dev", "eth0")
        cells = [asked(one, "tcp", "10.88.0.2", 80), asked(one, "tcp", "10.88.0.2", 22), asked(one, "udp", "10.88.0.2", 80),
                 asked(one, "tcp", "fd00:88::2", 80), asked(one, "tcp", "fd00:88::2", 22)]
        return cells, one.run(*probe).code == 0

    free = (["80 10.88.0.1", "22 10.88.0.1", "80 10.88.0.1", "80 fd00:88::1", "22 fd00:88::1"], True)
    assert seen() == free
    assert ansible.module("virt_firewall", **WALL)["changed"] is True and ansible.module("virt_firewall", **WALL)["changed"] is False
    assert seen() == (["80 10.88.0.1", NOBODY, NOBODY, "80 fd00:88::1", NOBODY], False)
    machine.run("nft", "delete", "table", "bridge", "virtlab_firewall_wall")
    assert ansible.module("virt_firewall", check=True, **WALL)["changes"] == [{"field": "kernel", "before": "altered", "after": "in place", "cost": "live"}]
    ansible.module("virt_firewall", name="wall", state="absent")
    assert seen() == free
    ansible.module("virt_bridge", name="testwall", state="absent", force=True)


def test_it_is_there_after_a_reboot(machine, lab, ansible_for):
    """Tables, and what the host is set to; before guests start. And nothing is, once they are gone."""
    ansible = ansible_for(lab, machine)
    machine.run("sysctl", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")
    ansible.module("virt_host", nats=[NAT], firewalls=[FIREWALL])
    machine.reboot()
    order = machine.run("systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "--value", "virtlab-rules.service", "libvirtd.service").stdout.split()
    assert 0 < int(order[0]) < int(order[1])
    assert ansible.module("virt_host", nats=[NAT], firewalls=[FIREWALL])["changed"] is False
    assert asked(lab, "tcp", HOST, 9) == "nobody: refused"
    ansible.module("virt_host", lab="default", prune=True)
    machine.run("sysctl", "net.ipv4.ip_forward=0")
    machine.reboot()
    assert "virtlab" not in machine.run("nft", "list", "ruleset").stdout + machine.run("systemctl", "list-units", "--all", "virtlab-rules*").stdout
    assert machine.run("sysctl", "-n", "net.ipv6.conf.all.forwarding").stdout.strip() == "0"
