# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_probe: what a guest would get and reach, found out without one, and that nothing is left of who found out, however it ends."""

from __future__ import annotations

import pytest

WORLD, INTERNET, INTERNET6 = "198.51.100.1", "203.0.113.1", "2001:db8:203::1"
NETWORK = {
    "name": "lab", "forward": {"mode": "nat", "nat": {"ipv6": True}}, "bridge": {"name": "testlab", "stp": False}, "domain": {"name": "lab.test"},
    "dns": {"hosts": [{"ip": "10.80.0.10", "hostnames": ["web.lab.test"]}, {"ip": "fd80::10", "hostnames": ["web.lab.test"]}]},
    "ips": [{"address": "10.80.0.1/24", "dhcp": {"ranges": [{"start": "10.80.0.100", "end": "10.80.0.199"}]}},
            {"address": "fd80::1/64", "dhcp": {"ranges": [{"start": "fd80::100", "end": "fd80::1ff"}]}}],
}
STATIC = {"bridge": "testlab", "addresses": ["10.80.0.50/24", "fd80::50/64"], "gateways": ["10.80.0.1", "fd80::1"], "nameservers": ["10.80.0.1"]}


@pytest.fixture(scope="module")
def place(host, ansible):
    """The network, on a host whose bridged frames do not pass the firewall of IP, as is usual."""
    ansible.module("virt_host", networks=[NETWORK])
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    yield host
    ansible.module("virt_host", prune=True, lab="default")


@pytest.fixture(autouse=True)
def clean():
    """What is here is for all tests of this file."""


@pytest.fixture
def probe(place, ansible):
    """A function that makes a probe; its result, which tells of nothing that is left."""

    def make(**options):
        result = ansible.module("virt_probe", **options)
        assert result["changed"] is False and left(place) == []
        return result

    return make


def left(host):
    """What is there of probes."""
    return [line for line in host.run("ip", "-br", "link").stdout.splitlines() if line.startswith("probe-")]


def outcomes(result):
    """What became of each check."""
    return [check["outcome"] for check in result["checks"]]


def test_fixed_addresses_and_pings(probe):
    """The first that anybody asks: is the gateway there, is the world."""
    result = probe(**STATIC, checks=[{"ping": each} for each in ("10.80.0.1", "gateway", WORLD, INTERNET, "fd80::1", INTERNET6)])
    assert result["ok"] is True and set(outcomes(result)) == {"allowed"}
