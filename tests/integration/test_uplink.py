# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge takes the place of a NIC in the host's own network, over ssh by that very NIC, and gives it back."""

from __future__ import annotations

import re
import time

import pytest

from testbed.bed import until
from tests.integration.test_trial import differing, everything

STATIC = "198.51.100.11"
#: what asks for addresses by DHCP, and takes those that routers advertise
CLIENT = "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\nDNS=203.0.113.1\nDomains=example.test\n"
UNIT = "/etc/systemd/network/20-eth0.network"
TASK = {"name": "br0", "uplink": "eth0", "rollback_after": 300}
#: seconds that a lease counts (two minutes), and some
LEASE = 130


@pytest.fixture
def lab(machine_of):
    """A machine with a NIC."""
    return machine_of({"kind": "vm", "hosts": {"host1": {}}})


def moved(host):
    """Addresses and routes of both families by the device that has them, of br0 as of eth0, without clocks."""
    text = host.run("bash", "-c", "ip -o address show dev eth0; ip -o address show dev br0; ip route; ip -6 route; resolvectl dns; resolvectl domain",
                    check=False).stdout
    text = re.sub(r"^\d+: |expires \w+|valid_lft.*| nodad| brd [\d.]+|Link \d+", "", text, flags=re.M)
    lines = [re.sub(r"\beth0\b|\bbr0\b", "DEV", line).strip() for line in text.splitlines()]
    return sorted(line for line in lines if "DEV" in line and "inet6 fe80" not in line and "fe80::/64" not in line)


def test_addresses_and_routes_move_and_come_back(lab, ansible_for):
    """Of a NIC that networkd configures: at once, and once the bridge is gone."""
    host = lab.hosts["host1"]
    far = ansible_for(lab, host, STATIC)
    before, places = everything(host), moved(host)
    assert "Set rollback_after" in far.refused("virt_bridge", name="br0", uplink="eth0")
    assert far.module("virt_bridge", check=True, **TASK)["changed"] is True and everything(host) == before
    made, again = far.run(("virt_bridge", TASK), ("virt_bridge", {"name": "br0", "uplink": "eth0"}))
    assert made["trial"]["outcome"] == "confirmed" and made["after"]["uplink"] == "eth0" and again["changed"] is False, (made, again)
    settled(host, places)
    assert far.module("virt_bridge", name="br0", state="absent", rollback_after=300)["trial"]["outcome"] == "confirmed"
    settled(host, places)
    assert differing(before, everything(host)) == []
    assert far.module("virt_bridge", name="br0", state="absent")["changed"] is False


def test_a_lease_moves_with_its_client(lab, ansible_for):
    """DHCP of both families, and a router's advertisements: the same addresses before and after, past the lease's end, and on the way back."""
    host, leases = lab.hosts["host1"], lab.dhcp()
    host.run("tee", UNIT, input=CLIENT)
    host.run("networkctl", "reload")
    address = leased(leases)
    places, identities = moved(host), clients(leases)
    far = ansible_for(lab, host, address)
    assert far.module("virt_bridge", **TASK)["trial"]["outcome"] == "confirmed"
    settled(host, places)
    time.sleep(LEASE)
    assert moved(host) == places and clients(leases) == identities
    host.reboot()
    settled(host, places)
    assert far.module("virt_bridge", name="br0", uplink="eth0")["changed"] is False
    assert far.module("virt_bridge", name="br0", state="absent", rollback_after=300)["trial"]["outcome"] == "confirmed"
    settled(host, places)
    assert clients(leases) == identities


def settled(host, places):
    """Wait until addresses and routes are these; a lease takes some seconds."""
    deadline = time.monotonic() + 60
    while (now := moved(host)) != places and time.monotonic() < deadline:
        time.sleep(1)
    assert now == places


def leased(leases):
    """The address of IPv4 that was given, once there are those of both families."""
    until(lambda: len(clients(leases)) > 1, 60, "leases of both families")
    time.sleep(3)  # of the router's advertisement
    return next(address for address, unused in clients(leases) if "." in address)


def clients(leases):
    """(address, client's identity) of all leases."""
    lines = [line.split() for line in leases.read_text(encoding="utf-8").splitlines()] if leases.exists() else []
    return sorted((fields[2], fields[4]) for fields in lines if len(fields) == 5)
