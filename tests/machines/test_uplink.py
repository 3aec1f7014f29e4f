# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge takes the place of a NIC in the host's own network, over ssh by that very NIC, and gives it back."""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest

from testbed.bed import until
from tests.trials import SECONDS, differing, everything

#: hosts by who brings up their network, their addresses, and how these ask for addresses by DHCP, and take those that routers advertise
HOSTS = {"host1": "networkd", "host2": "networkmanager"}
STATIC = {"host1": "198.51.100.11", "host2": "198.51.100.12"}
UNIT = "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\nDNS=203.0.113.1\nDomains=example.test\n"
PROFILE = """[connection]
id=eth0
type=ethernet
interface-name=eth0
[ipv4]
method=auto
dns=203.0.113.1;
dns-search=example.test;
[ipv6]
method=auto
"""
CLIENTS = {
    "host1": ("/etc/systemd/network/20-eth0.network", UNIT, ["networkctl", "reload"]),
    "host2": ("/etc/NetworkManager/system-connections/eth0.nmconnection", PROFILE, ["bash", "-c", "nmcli connection reload && nmcli connection up eth0"]),
}
TASK = {"name": "br0", "uplink": "eth0", "rollback_after": 300}
#: seconds that a lease counts (two minutes), and some
LEASE = 130


@pytest.fixture(scope="module")
def lab(lab_of, suite):
    """Machines with a NIC each."""
    return lab_of(**{name: {"suite": suite, "manager": manager} for name, manager in HOSTS.items()})


def moved(host):
    """Addresses and routes of both families by the device that has them, and servers of names, of br0 as of eth0, without clocks."""
    names = "for each in eth0 br0; do nmcli -g IP4.DNS,IP6.DNS,IP4.DOMAIN device show $each | sed \"s/^/$each has /\"; done"
    text = host.run("bash", "-c", f"ip -o address show dev eth0; ip -o address show dev br0; ip route; ip -6 route; resolvectl dns; resolvectl domain; {names}",
                    check=False).stdout
    text = re.sub(r"^\d+: |expires \w+|valid_lft.*| nodad| noprefixroute| brd [\d.]+|Link \d+", "", text, flags=re.M)
    lines = [re.sub(r"\beth0\b|\bbr0\b", "DEV", line).strip() for line in text.splitlines()]
    return sorted(line for line in lines if "DEV" in line and line != "DEV has" and "inet6 fe80" not in line and "fe80::/64" not in line)


@pytest.fixture
def everywhere(lab, ansible_for):
    """A function that runs tasks of virt_bridge on all hosts, which Ansible comes to by the NIC that moves; {host: results in order}."""
    far = ansible_for(lab, lab.hosts["host1"], STATIC["host1"])
    inventory = lab.inventory()
    inventory["all"]["hosts"] = {name: host.variables(STATIC[name]) for name, host in lab.hosts.items()}
    (far.top / "all.json").write_text(json.dumps(inventory), encoding="utf-8")

    def run(*tasks, serial="100%"):
        listed = [{"virtlab.network.virt_bridge": options, "ignore_errors": True, **more} for options, more in tasks]
        (far.top / "all.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "serial": serial, "tasks": listed}]), encoding="utf-8")
        done = subprocess.run(["ansible-playbook", "-i", str(far.top / "all.json"), str(far.top / "all.yml")], env=far.environment, capture_output=True,
                              text=True, check=False)
        found = {name: [] for name in HOSTS}
        for each in map(json.loads, filter(lambda line: line.startswith('{"host"'), done.stdout.splitlines())):
            found[each["host"]].append(each["result"])
        assert {len(results) for results in found.values()} == {len(tasks)}, done.stdout + done.stderr
        return found

    return run


def test_addresses_and_routes_move_and_come_back(lab, everywhere):
    """On all hosts at once, and back one host after the other; in time where the bridge has other addresses. Each is reached again by itself."""
    before = {name: everything(host) for name, host in lab.hosts.items()}
    places = {name: moved(host) for name, host in lab.hosts.items()}
    for refused, check in everywhere(({"name": "br0", "uplink": "eth0"}, {}), (TASK, {"check_mode": True})).values():
        assert "Set rollback_after" in refused["msg"] and check["changed"] is True, (refused, check)
    assert {name: everything(host) for name, host in lab.hosts.items()} == before
    for lost, in everywhere(({**TASK, "addresses": ["10.0.0.1/24"], "rollback_after": SECONDS}, {})).values():
        assert lost.get("failed") and lost["trial"]["outcome"] == "rolled back", lost
    settled(lab, places)
    for made, again in everywhere((TASK, {}), ({"name": "br0", "uplink": "eth0"}, {})).values():
        assert made["trial"]["outcome"] == "confirmed" and made["after"]["uplink"] == "eth0" and again["changed"] is False, (made, again)
    settled(lab, places)
    gone = {"name": "br0", "state": "absent"}
    for back, again in everywhere(({**gone, "rollback_after": 300}, {}), (gone, {}), serial=1).values():
        assert back["trial"]["outcome"] == "confirmed" and again["changed"] is False, (back, again)
    settled(lab, places)
    for name, host in lab.hosts.items():
        assert differing(before[name], everything(host)) == []


def test_leases_move_with_their_clients(lab, ansible_for):
    """DHCP of both families, and a router's advertisements: the same addresses before and after, past the leases' end, after a reboot, and on the way back."""
    leases, places, far = lab.dhcp(), {}, {}
    for name, host in lab.hosts.items():
        path, text, told = CLIENTS[name]
        host.run("tee", path, input=text)
        host.run(*told)
        address = leased(leases, name)
        places[name], far[name] = moved(host), ansible_for(lab, host, address)
        # as the kernel has it where it heard the router before the client did
        host.run("ip", "-6", "route", "add", "2001:db8:100::/64", "dev", "eth0", "proto", "kernel", "metric", "256", "expires", "1800")
        assert far[name].module("virt_bridge", **TASK)["trial"]["outcome"] == "confirmed"
    settled(lab, places)
    identities = clients(leases)
    time.sleep(LEASE)
    assert {name: moved(host) for name, host in lab.hosts.items()} == places and clients(leases) == identities
    for host in lab.hosts.values():
        host.reboot()
    settled(lab, places)
    for name in HOSTS:
        assert far[name].module("virt_bridge", name="br0", uplink="eth0")["changed"] is False
        assert far[name].module("virt_bridge", name="br0", state="absent", rollback_after=300)["trial"]["outcome"] == "confirmed"
    settled(lab, places)
    assert clients(leases) == identities


def settled(lab, places):
    """Wait until the hosts have these addresses and routes; a lease takes some seconds."""
    deadline = time.monotonic() + 60
    while (now := {name: moved(host) for name, host in lab.hosts.items()}) != places and time.monotonic() < deadline:
        time.sleep(1)
    assert now == places


def leased(leases, name):
    """The address of IPv4 that a host was given, once there are those of both families."""
    until(lambda: len(held(leases, name)) > 1, 60, f"leases of both families for {name}")
    time.sleep(3)  # of the router's advertisement
    return next(address for address in held(leases, name) if "." in address)


def held(leases, name):
    """Addresses of the leases of a host."""
    return [fields[2] for fields in entries(leases) if fields[3] == name]


def clients(leases):
    """(address, client's identity) of all leases."""
    return sorted((fields[2], fields[4]) for fields in entries(leases))


def entries(leases):
    """The fields of every lease: its end, an identity, the address, the host's name, and another identity."""
    lines = leases.read_text(encoding="utf-8").splitlines() if leases.exists() else []
    return [line.split() for line in lines if len(line.split()) == 5]
