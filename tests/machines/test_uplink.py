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


@pytest.mark.parametrize("name", HOSTS)
def test_addresses_and_routes_move_and_come_back(lab, ansible_for, name):
    """At once, and once the bridge is gone; and in time where the bridge has others."""
    host = lab.hosts[name]
    far = ansible_for(lab, host, STATIC[name])
    before, places = everything(host), moved(host)
    assert "Set rollback_after" in far.refused("virt_bridge", name="br0", uplink="eth0")
    assert far.module("virt_bridge", check=True, **TASK)["changed"] is True and everything(host) == before
    lost = far.run(("virt_bridge", {**TASK, "addresses": ["10.0.0.1/24"], "rollback_after": SECONDS}))[0]
    assert lost["trial"]["outcome"] == "rolled back", lost
    settled(host, places)
    made, again = far.run(("virt_bridge", TASK), ("virt_bridge", {"name": "br0", "uplink": "eth0"}))
    assert made["trial"]["outcome"] == "confirmed" and made["after"]["uplink"] == "eth0" and again["changed"] is False, (made, again)
    settled(host, places)
    assert far.module("virt_bridge", name="br0", state="absent", rollback_after=300)["trial"]["outcome"] == "confirmed"
    settled(host, places)
    assert differing(before, everything(host)) == []
    assert far.module("virt_bridge", name="br0", state="absent")["changed"] is False


def test_several_hosts(lab, ansible_for):
    """All at once, and one after the other: each is reached again by itself."""
    far = ansible_for(lab, lab.hosts["host1"], STATIC["host1"])
    inventory = lab.inventory()
    inventory["all"]["hosts"] = {name: host.variables(STATIC[name]) for name, host in lab.hosts.items()}
    (far.top / "all.json").write_text(json.dumps(inventory), encoding="utf-8")
    for serial, task in ((len(HOSTS), TASK), (1, {**TASK, "uplink": None, "state": "absent"})):
        play = {"hosts": "all", "gather_facts": False, "serial": serial, "tasks": [{"virtlab.network.virt_bridge": task}]}
        (far.top / "all.yml").write_text(json.dumps([play]), encoding="utf-8")
        done = subprocess.run(["ansible-playbook", "-i", str(far.top / "all.json"), str(far.top / "all.yml")], env=far.environment, capture_output=True,
                              text=True, check=False)
        stats = json.loads(done.stdout.splitlines()[-1])["stats"]
        assert {name: each["changed"] for name, each in stats.items()} == dict.fromkeys(HOSTS, 1), done.stdout


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
        settled(host, places[name])
    identities = clients(leases)
    time.sleep(LEASE)
    assert {name: moved(host) for name, host in lab.hosts.items()} == places and clients(leases) == identities
    for name, host in lab.hosts.items():
        host.reboot()
        settled(host, places[name])
        assert far[name].module("virt_bridge", name="br0", uplink="eth0")["changed"] is False
        assert far[name].module("virt_bridge", name="br0", state="absent", rollback_after=300)["trial"]["outcome"] == "confirmed"
        settled(host, places[name])
    assert clients(leases) == identities


def settled(host, places):
    """Wait until addresses and routes are these; a lease takes some seconds."""
    deadline = time.monotonic() + 60
    while (now := moved(host)) != places and time.monotonic() < deadline:
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
