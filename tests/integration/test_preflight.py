# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gives addresses already where a network's DHCP server is about to be: a real dnsmasq at the far end of a cable, asked before anything is done."""

from __future__ import annotations

import pytest

from testbed import bed
from tests.devices import state_of

LEASES, LOG, PID = "/run/far.leases", "/run/far.log", "/run/far.pid"
SERVER = ("dnsmasq", "--conf-file=/dev/null", "--port=0", "--interface=far*", "--except-interface=lo", "--user=root", f"--pid-file={PID}",
          f"--dhcp-leasefile={LEASES}", f"--log-facility={LOG}", "--log-dhcp", "--enable-ra", "--dhcp-range=192.0.2.100,192.0.2.150,2m",
          "--dhcp-range=2001:db8:7::1000,2001:db8:7::1fff,64,2m")
FOUR = {"address": "10.79.0.1/24", "dhcp": {"ranges": [{"start": "10.79.0.100", "end": "10.79.0.150"}]}}
SIX = {"address": "fd79::1/64", "dhcp": {"ranges": [{"start": "fd79::100", "end": "fd79::150"}]}}
NETWORK = {"name": "one", "bridge": {"name": "test-one", "stp": False}, "ips": [FOUR, SIX]}
JOINED = {**NETWORK, "bridge_ports": ["test0"]}
STATIC = {**JOINED, "ips": [{"address": "10.79.0.1/24"}, {"address": "fd79::1/64"}]}
FREE = "take dhcp out of network one, or leave test0 "


@pytest.fixture(autouse=True)
def segment(ansible, host):
    """Two cables to a namespace, and no server there."""
    host.run("ip", "netns", "add", "far")
    for near, far in (("test0", "far0"), ("test1", "far1")):
        host.run("ip", "link", "add", near, "up", "type", "veth", "peer", "name", far, "netns", "far")
    for words in ("address add 192.0.2.1/24 dev far0", "address add 2001:db8:7::1/64 dev far0 nodad", "link set far0 address 52:54:00:00:00:99 up",
                  "link set far1 up"):
        host.run("ip", "-n", "far", *words.split())
    bed.until(lambda: "tentative" not in host.run("ip", "address").stdout, 15, "the near ends to have theirs, and the groups that come with these")
    yield
    ansible.module("virt_network", name="one", state="absent", force=True)  # and the hook with it
    if host.exists(PID):
        host.run("bash", "-c", f"kill $(cat {PID})", check=False)
    host.run("ip", "netns", "delete", "far")
    host.run("rm", "-f", LEASES, LOG, PID)


@pytest.fixture
def server(host):
    """DHCP of both families, and a router."""
    bed.until(lambda: "tentative" not in host.run("ip", "-n", "far", "address").stdout, 15, "the far end to have its addresses")
    host.run("ip", "netns", "exec", "far", *SERVER)


def test_a_way_that_is_narrower_than_the_nic_is_told_of(ansible, host):
    """Before a bridge takes its place: the router answers, and nothing as large as the NIC takes. What is as wide as the NIC is not told of."""
    task = {"name": "test2", "uplink": "eth0", "persist": "none"}
    assert "warnings" not in ansible.module("virt_bridge", check=True, **task)
    host.run("ip", "link", "set", "eth0", "mtu", "4000")
    warning, = ansible.module("virt_bridge", check=True, **task)["warnings"]
    host.run("ip", "link", "set", "eth0", "mtu", "1500")
    assert "198.51.100.1 answers by eth0, and no packet as large as eth0 takes (4000)" in warning


def picture(host):
    """All that is to be seen of devices, routes and networks, and the groups that devices listen to."""
    return state_of(host), host.run("ip", "maddress").stdout, host.run("virsh", "net-list", "--all").stdout


def asked(host):
    """How often the server was."""
    text = host.run("cat", LOG).stdout
    return sum(text.count(word) for word in ("DHCPDISCOVER(", "DHCPSOLICIT("))


def leases(host):
    """The server's leases, which has its own identity there too."""
    return [line for line in host.run("cat", LEASES).stdout.splitlines() if not line.startswith("duid")]


def test_a_server_beyond_a_port_is_told(ansible, host, server):
    """In check mode, which changes nothing, and in the run; not once the port is there. Nobody gets a lease."""
    before = picture(host)
    check = ansible.module("virt_network", check=True, **JOINED)
    assert picture(host) == before and asked(host) > 1
    server, router = check["warnings"]
    assert "network one: there is a DHCP server on test0 already: 192.0.2.1 (52:54:00:00:00:99) offers 192.0.2.1" in server
    assert "(52:54:00:00:00:99) offers 2001:db8:7::1" in server and server.endswith(f"{FREE}out of bridge_ports"), server
    assert "there is a router on test0 already: fe80::" in router and "advertises 2001:db8:7::/64" in router and "take the IPv6 address out" in router
    done = ansible.module("virt_network", **JOINED)
    assert len(done["warnings"]) == 2 and done["changed"]
    before = asked(host)
    again, changed = ansible.run(("virt_network", JOINED), ("virt_network", {**JOINED, "mtu": 1400}))
    assert not again["changed"] and changed["changed"] and not again.get("warnings") and not changed.get("warnings") and asked(host) == before
    assert leases(host) == []


def test_a_segment_without_a_server_is_silent(ansible, host):
    """As is a port that leads nowhere."""
    before = picture(host)
    assert not ansible.module("virt_network", check=True, **{**JOINED, "bridge_ports": ["test0", "test1"]}).get("warnings")
    assert picture(host) == before
    assert not ansible.module("virt_network", **JOINED).get("warnings")


def test_who_serves_nothing_asks_nobody(ansible, host, server):
    """Until it does: then those are asked that are there."""
    assert not ansible.module("virt_network", **STATIC).get("warnings") and asked(host) == 0
    warnings = ansible.module("virt_network", check=True, **{**JOINED, "ips": [FOUR]})["warnings"]
    assert len(warnings) == 1 and "offers 192.0.2.1" in warnings[0] and "DHCPv6" not in warnings[0]


def test_a_device_that_is_down_stays_so(ansible, host, server):
    """It is told that nobody looked, and why."""
    host.run("ip", "link", "set", "test0", "down")
    host.run("ip", "-n", "far", "link", "set", "far1", "down")
    before = picture(host)
    said = ansible.module("virt_network", check=True, **{**JOINED, "bridge_ports": ["test0", "test1"]})["warnings"]
    assert picture(host) == before and asked(host) == 0
    assert [text.rpartition(": ")[2] for text in said] == ["test0 is down", "test1 has no carrier"]


def test_a_device_that_is_put_on_the_bridge_by_itself(ansible, host, server):
    """With virt_link, and in one task with the network; a guest's TAP is no concern."""
    link = {"name": "test0", "controller": "test-one"}
    both = ansible.module("virt_host", check=True, networks=[NETWORK], links=[link])["warnings"]
    assert [text for text in both if f"{FREE}off test-one" in text and "link test0" in text], both
    tap = {"name": "test2", "controller": "test-one", "persist": "none"}
    assert not ansible.module("virt_host", networks=[NETWORK], taps=[tap]).get("warnings")
    before = picture(host)
    check = ansible.module("virt_link", check=True, **link, persist="none")
    assert picture(host) == before
    done, again = ansible.run(*[("virt_link", {**link, "persist": "none"})] * 2)
    for each in (check, done):
        assert [text for text in each["warnings"] if f"{FREE}off test-one" in text], each
    assert done["changed"] and not again["changed"] and not again.get("warnings") and leases(host) == []
