# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_probe: what a guest would get and reach, found out without one, and that nothing is left of who found out, however it ends."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from testbed.bed import until

WORLD, INTERNET, INTERNET6 = "198.51.100.1", "203.0.113.1", "2001:db8:203::1"
NETWORK = {
    "name": "lab", "forward": {"mode": "nat", "nat": {"ipv6": True}}, "bridge": {"name": "testlab", "stp": False}, "domain": {"name": "lab.test"},
    "dns": {"hosts": [{"ip": "10.80.0.10", "hostnames": ["web.lab.test"]}, {"ip": "fd80::10", "hostnames": ["web.lab.test"]}]},
    "ips": [{"address": "10.80.0.1/24", "dhcp": {"ranges": [{"start": "10.80.0.100", "end": "10.80.0.199"}]}},
            {"address": "fd80::1/64", "dhcp": {"ranges": [{"start": "fd80::100", "end": "fd80::1ff"}]}}],
}
#: networks beside it: one without a way out, one whose guests make addresses of what is advertised, and one whose guests do not reach each other
LONELY = {"name": "lonely", "bridge": {"name": "testlonely"},
          "ips": [{"address": "10.81.0.1/24", "dhcp": {"ranges": [{"start": "10.81.0.100", "end": "10.81.0.199"}]}}]}
SELF = {"name": "self", "forward": {"mode": "open"}, "bridge": {"name": "testself", "stp": False}, "ips": [{"address": "fd82::1/64"}]}
APART = {"name": "apart", "bridge": {"name": "testapart", "stp": False}, "port": {"isolated": True}, "ips": [{"address": "10.83.0.1/24"}]}
#: what the host does to ports of others: by ICMP, without a word, by a reset; and to packets that are too large for it
RULES = """
table inet testprobe {
    chain forward {
        type filter hook forward priority -10
        tcp dport 23 reject with icmpx type admin-prohibited
        meta l4proto { tcp, udp } th dport 24 drop
        tcp dport 25 reject with tcp reset
        udp dport 26 reject
        icmp type { echo-request, echo-reply } meta length > 1300 ip daddr 198.51.100.1 drop
    }
}
"""
STATIC = {"bridge": "testlab", "addresses": ["10.80.0.50/24", "fd80::50/64"], "gateways": ["10.80.0.1", "fd80::1"], "nameservers": ["10.80.0.1"]}


@pytest.fixture(scope="module")
def place(host, ansible):
    """The network, on a host whose bridged frames do not pass the firewall of IP, as is usual."""
    ansible.module("virt_host", networks=[NETWORK, LONELY, SELF, APART])
    host.run("nft", "-f", "-", input=RULES)
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    yield host
    host.run("nft", "delete", "table", "inet", "testprobe")
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


def test_the_host_itself_asks(probe, place):
    """With what it has, and nothing is plugged in; what it reaches is not what its guests do."""
    result = probe(host=True, checks=[{"ping": "gateway"}, {"ping": "10.80.0.1"}, {"tcp": INTERNET, "port": 80}, {"tcp": INTERNET6, "port": 80},
                                      {"resolve": "internet.test", "expect": [INTERNET, INTERNET6]}, {"udp": WORLD, "port": 9, "expect": "rejected"},
                                      {"tcp": INTERNET, "port": 24, "expect": "rejected"}])
    assert set(outcomes(result)) == {"allowed", "rejected"} and result["plugged"] == {"switch": "host", "isolated": False}
    assert result["addresses"][0]["address"] == "198.51.100.11/24" and result["gateways"][0] == WORLD and result["checks"][6]["why"] == "reset"


def test_what_a_guest_gets(probe, place):
    """Leases of both families, given back at the end, with what comes along; the route of IPv6 is from the router."""
    result = probe(network="lab", checks=[
        {"ping": "gateway", "family": "ipv4"}, {"ping": "gateway", "family": "ipv6"}, {"ping": INTERNET}, {"ping": INTERNET6},
        {"resolve": "web.lab.test", "expect": ["10.80.0.10", "fd80::10"]}, {"resolve": "web", "family": "ipv4", "expect": "10.80.0.10"},
        {"resolve": "10.80.0.10", "expect": "web.lab.test"}, {"resolve": "internet.test", "expect": INTERNET}, {"ping": "internet.test"},
        {"resolve": "nobody.lab.test", "expect": "rejected"}, {"resolve": "internet.test", "server": WORLD, "expect": [INTERNET, INTERNET6]},
    ])
    four, six = sorted(result["leases"], key=lambda lease: lease["family"])
    assert four["server"] == "10.80.0.1" and four["gateways"] == four["nameservers"] == ["10.80.0.1"] and four["domain"] == "lab.test"
    assert four["seconds"] == 3600 and four["address"].startswith("10.80.0.1") and four["address"].endswith("/24") and four["released"] is True
    assert six["address"].startswith("fd80::1") and six["nameservers"] == ["fd80::1"] and six["released"] is True
    assert result["gateways"][0] == "10.80.0.1" and result["gateways"][1].startswith("fe80::") and result["routers"][0]["managed"] is True
    until(lambda: not any(each in place.run("virsh", "net-dhcp-leases", "lab").stdout for each in ("10.80.0", "fd80")), 5, "the server to take note of it")
    assert {each["by"] for each in result["addresses"]} == {"dhcp", "link-local"} and result["plugged"]["device"] == "testlab"
    assert any(each["says"].startswith("OFFER") for each in result["arrived"])


def test_an_address_of_its_own_making(probe):
    """By what the router advertises, where libvirt's definition serves no more; and fixed ones are told to be somebody else's, where they are."""
    result = probe(network="self", checks=[{"ping": "gateway"}, {"ping": "fd82::1"}])
    slaac = next(each["address"] for each in result["addresses"] if each["by"] == "slaac")
    assert slaac.startswith("fd82::") and slaac.endswith("/64") and result["leases"] == [] and result["routers"][0]["prefixes"][0]["autonomous"] is True
    result = probe(network="self", addresses=["fd82::1/64"], fail=False)
    assert result["ok"] is False and result["duplicates"][0]["address"] == "fd82::1" and "somebody else's" in result["problems"][0]


def test_a_segment_that_others_serve(probe):
    """Whatever there is of a bridge's: a lease of each family as routers say, or what they advertise, and no server of DHCP at all is none that is missed."""
    result = probe(bridge="testlab", checks=[{"ping": "gateway"}])
    assert sorted(lease["family"] for lease in result["leases"]) == ["ipv4", "ipv6"] and [each["what"] for each in result["missing"]] == ["slaac"]
    result = probe(bridge="testself", lease_timeout=3)
    assert result["leases"] == [] and [each["what"] for each in result["missing"]] == ["ipv4", "ipv6"] and result["ok"] is True
    result = probe(bridge="testapart", lease_timeout=1, fail=False)
    assert [each["what"] for each in result["missing"]] == ["ipv4", "ipv6", "slaac"] and result["ok"] is False


def test_the_address_of_a_guest_that_runs_is_its_own(place, ansible, guest_on):
    """Two of one MAC address would cut each other off, and the probe would give back the guest's lease: refused, by the network's name and by its bridge."""
    held = guest_on(NETWORK)
    address, mac = held.address(), held.run("cat", "/sys/class/net/eth0/address").text.strip()
    for option, who in (({"network": "lab"}, "guest here, which runs"), ({"bridge": "testlab"}, "somebody behind ")):
        assert f"mac is '{mac}': is that of {who}" in ansible.refused("virt_probe", **option, mac=mac)
    assert f"{address}/24" in place.run("virsh", "net-dhcp-leases", "lab").stdout and held.run("ping", "-c", "1", "-W", "5", "10.80.0.1").code == 0


def test_a_name_server_whose_own_are_silent_is_there(probe, place):
    """The network's answers by itself, whatever became of those that it asks; of an answer that is no text nothing is shown."""
    place.run("nft", "add", "chain", "inet", "testprobe", "mute", "{ type filter hook output priority 0; }")
    place.run("nft", "add", "rule", "inet", "testprobe", "mute", "ip", "daddr", WORLD, "udp", "dport", "53", "drop")
    try:
        result = probe(**STATIC, checks=[{"udp": "gateway", "port": 53}, {"udp": WORLD, "port": 53}])
    finally:
        place.run("nft", "delete", "chain", "inet", "testprobe", "mute")
    assert outcomes(result) == ["allowed", "allowed"] and "answer" not in result["checks"][0]


def test_a_name_that_nobody_knows_proves_nothing(probe):
    """Nothing was sent to anybody: no refusal, unless that is what was expected in as many words."""
    asked = {"ping": "nosuch.lab.test"}
    result = probe(network="lab", checks=[{**asked, "expect": "refused"}, {**asked, "expect": "unroutable"}], fail=False)
    assert [each["met"] for each in result["checks"]] == [False, True] and "nosuch.lab.test is not resolved" in result["problems"][0]


def test_a_router_that_is_elsewhere_is_refused(ansible, place):
    """Before anything is plugged in."""
    said = ansible.refused("virt_probe", bridge="testlab", addresses=["10.80.0.50/24"], gateways=["10.99.0.1"])
    assert "gateways[0] is '10.99.0.1': is on no subnet of the probe, which is on 10.80.0.0/24" in said


def test_refusals_are_told_apart(probe):
    """Who resets, who says so by ICMP, and who says nothing, of TCP and UDP."""
    tcp = [({"tcp": INTERNET, "port": 80}, "allowed"), ({"tcp": INTERNET, "port": 81, "expect": "refused"}, "reset"),
           ({"tcp": INTERNET, "port": 25, "expect": "rejected"}, "reset"), ({"tcp": INTERNET, "port": 23, "expect": "rejected"}, "administratively prohibited"),
           ({"tcp": INTERNET, "port": 24, "expect": "silent"}, "silent"), ({"tcp": "10.80.0.99", "port": 1, "expect": "silent"}, "silent")]
    udp = [({"udp": WORLD, "port": 53}, "allowed"), ({"udp": WORLD, "port": 9, "expect": "rejected"}, "port unreachable"),
           ({"udp": WORLD, "port": 26, "expect": "refused"}, "port unreachable"), ({"udp": WORLD, "port": 24, "expect": "silent"}, "silent")]
    six = [({"tcp": INTERNET6, "port": 80}, "allowed"), ({"tcp": INTERNET6, "port": 23, "expect": "rejected"}, "administratively prohibited"),
           ({"tcp": INTERNET6, "port": 81, "expect": "rejected"}, "reset"), ({"udp": INTERNET6, "port": 9, "expect": "rejected"}, "port unreachable"),
           ({"tcp": INTERNET6, "port": 24, "expect": "refused"}, "silent")]
    both = [*tcp, *udp, *six]
    result = probe(**STATIC, checks=[check for check, unused in both])
    assert [each.get("why", each["outcome"]) for each in result["checks"]] == [found for unused, found in both]
    by = {each["port"]: each["by"] for each in result["checks"][:10] if each["outcome"] == "rejected"}
    assert by == {81: INTERNET, 25: INTERNET, 23: "10.80.0.1", 9: WORLD, 26: "10.80.0.1"}


def test_ways_and_their_width(probe, place):
    """Hop by hop; whole, narrower as a router says, and narrower without a word."""
    place.run("ip", "route", "add", INTERNET, "via", WORLD, "mtu", "lock", "1400")
    try:
        result = probe(**STATIC, checks=[{"trace": INTERNET, "expect": ["10.80.0.1"]}, {"trace": INTERNET6}, {"mtu": "10.80.0.1", "expect": 1500},
                                         {"mtu": INTERNET, "expect": "1400"}, {"mtu": WORLD, "expect": 1300}, {"mtu": INTERNET6}])
    finally:
        place.run("ip", "route", "del", INTERNET)
    assert [[hop["address"] for hop in check["hops"]] for check in result["checks"][:2]] == [["10.80.0.1", INTERNET], ["fd80::1", INTERNET6]]
    assert result["checks"][3]["by"] == "10.80.0.1" and result["checks"][3]["lost"] is False
    assert result["checks"][4]["lost"] is True and "without a word" in result["checks"][4]["said"] and result["checks"][5]["mtu"] == 1500


def test_a_network_without_a_way_out(probe):
    """Its guests have a lease and reach the host, and nobody beyond it: the lease has no router. By a fixed router the host refuses them."""
    result = probe(network="lonely", checks=[{"ping": "10.81.0.1"}, {"ping": INTERNET, "expect": "unroutable"}, {"tcp": WORLD, "port": 80, "expect": "refused"},
                                             {"ping": "gateway", "expect": "refused"}])
    assert result["waited"] > 1  # spanning tree, which libvirt has a bridge do where nobody says otherwise
    assert result["leases"][0]["gateways"] == [] and outcomes(result) == ["allowed", "unroutable", "unroutable", "unroutable"]
    result = probe(network="lonely", addresses=["10.81.0.9/24"], gateways=["10.81.0.1"], checks=[{"ping": WORLD, "expect": "refused"}])
    assert outcomes(result) in (["rejected"], ["silent"])


def test_what_is_not_as_expected_fails_the_task(place, ansible):
    """With the check, what was expected and what happened, and with all that was found; unless that is what is asked for."""
    task = {**STATIC, "checks": [{"tcp": INTERNET, "port": 80, "expect": "refused"}, {"name": "the web", "resolve": "web.lab.test", "expect": "10.80.0.11"},
                                 {"ping": "10.80.0.1"}]}
    failed, = ansible.run(("virt_probe", task))
    assert failed["failed"] and f"tcp {INTERNET} port 80: refused was expected, and {INTERNET} takes the connection" in failed["msg"]
    assert "the web: 10.80.0.11 was expected, and 10.80.0.1 says 10.80.0.10" in failed["msg"]
    assert [each["met"] for each in failed["checks"]] == [False, False, True] and failed["ok"] is False
    looked = ansible.module("virt_probe", **task, fail=False)
    assert looked["ok"] is False and len(looked["problems"]) == 2
    assert "no server of DHCP offered anything in 2 s" in ansible.refused("virt_probe", network="apart", dhcp=["ipv4"], lease_timeout=2)
    assert ansible.playbook(ansible.play(("virt_probe", task)), check=True)[1]["skipped"] == 1 and left(place) == []


def test_what_should_not_arrive(probe, place, ansible):
    """Offers of a server that nobody asked for, and anything but the router's; what is expected to arrive does not count."""
    asked = {"network": "lab", "dhcp": ["ipv4"], "seconds": 1, "checks": [{"ping": INTERNET}]}
    result = probe(**asked, quiet=[{"protocols": ["dhcp"], "besides": ["10.80.0.1"]}, {"besides": ["gateway"]}])
    assert result["unwanted"] == [] and len(result["arrived"]) >= 3
    said = ansible.refused("virt_probe", **asked, quiet=[{"name": "a foreign server", "protocols": ["dhcp"], "besides": ["10.80.0.2"]}])
    assert "a foreign server should not arrive, and dhcp OFFER of 10.80.0." in said and "from 10.80.0.1 (" in said
    with staying(place, ansible, **STATIC, listen=[{"port": 7}], seconds=20):
        said = ansible.refused("virt_probe", bridge="testlab", addresses=["10.80.0.60/24"], checks=[{"tcp": "10.80.0.50", "port": 7}],
                               quiet=[{"protocols": ["tcp"], "sources": ["10.80.0.0/24"]}])
        assert "should not arrive, and tcp from 10.80.0.50" in said


@contextlib.contextmanager
def staying(host, ansible, **options):
    """While a probe is there; yields the future of its result, and the process of its namespace."""
    with ThreadPoolExecutor(1) as pool:
        there = set(left(host))
        coming = pool.submit(ansible.run, ("virt_probe", options))
        until(lambda: set(left(host)) - there, 60, "a probe to be plugged in")
        port = (set(left(host)) - there).pop().split("@")[0]
        yield coming, int(json.loads(host.run("ip", "-j", "link", "show", "dev", port).stdout)[0]["ifalias"].partition(":")[2])


def test_two_talk_and_tell_who_asked(lab, probe, place, ansible, ansible_for):
    """One listens behind another host, by both protocols; the other is translated on its way there, and both ends tell as whom."""
    there = lab.hosts["host2"]
    far = ansible_for(lab, there)
    far.module("virt_network", name="far", forward={"mode": "open"}, bridge={"name": "testfar", "stp": False}, ips=[{"address": "10.84.0.1/24"}])
    there.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))
    lab.world("ip", "route", "add", "10.84.0.0/24", "via", "198.51.100.12")
    try:
        with staying(there, far, network="far", addresses=["10.84.0.9/24"], gateways=["10.84.0.1"], listen=[{"port": 80}, {"port": 99, "protocol": "udp"}],
                     seconds=25) as (coming, unused):
            result = probe(**STATIC, wait=10, checks=[{"tcp": "10.84.0.9", "port": 80}, {"udp": "10.84.0.9", "port": 80, "send": "who am I"},
                                                      {"udp": "10.84.0.9", "port": 99}, {"tcp": "10.84.0.9", "port": 99, "expect": "rejected"}])
            assert [each.get("seen_as") for each in result["checks"]] == ["198.51.100.11", "198.51.100.11", "198.51.100.11", None]
            heard, = coming.result()
        assert {(each["protocol"], each["port"], each["address"]) for each in heard["heard"]} == {
            ("tcp", 80, "198.51.100.11"), ("udp", 80, "198.51.100.11"), ("udp", 99, "198.51.100.11")}
        assert heard["plugged"]["mac"] == result["checks"][0]["answered_by"] and [each["said"] for each in heard["heard"] if each["said"] == "who am I"]
    finally:
        lab.world("ip", "route", "del", "10.84.0.0/24")
        far.module("virt_network", name="far", state="absent", force=True)


def test_two_on_one_network(place, ansible):
    """They reach each other where guests do, by both versions of IP, and not where ports are isolated."""
    with staying(place, ansible, **STATIC, listen=[{"port": 80}], seconds=15):
        result = ansible.module("virt_probe", bridge="testlab", addresses=["10.80.0.60/24", "fd80::60/64"],
                                checks=[{"tcp": each, "port": 80} for each in ("10.80.0.50", "fd80::50")])
        assert [each["seen_as"] for each in result["checks"]] == ["10.80.0.60", "fd80::60"]
    with staying(place, ansible, network="apart", addresses=["10.83.0.50/24"], listen=[{"port": 80}], seconds=15):
        result = ansible.module("virt_probe", network="apart", addresses=["10.83.0.60/24"], checks=[
            {"tcp": "10.83.0.50", "port": 80, "expect": "silent"}, {"ping": "10.83.0.1"}])
        assert result["plugged"]["isolated"] is True
    assert left(place) == []


@pytest.mark.parametrize(("whom", "signal"), [("module", "KILL"), ("module", "TERM"), ("process", "KILL")])
def test_nothing_is_left_whoever_is_killed(place, ansible, whom, signal):
    """The kernel removes namespace and port. Who is not killed without a chance gives its lease back, and who is left tells."""
    namespaces, mac = spaces(place), f"52:54:00:80:{len(whom):02x}:{len(signal):02x}"
    with staying(place, ansible, network="lab", mac=mac, dhcp=["ipv4"], seconds=60) as (coming, process):
        assert spaces(place) - namespaces
        until(lambda: mac in place.run("virsh", "net-dhcp-leases", "lab").stdout, 30, "its lease")
        module = place.run("ps", "-o", "ppid=", "-p", process).stdout.strip()
        place.run("kill", f"-{signal}", process if whom == "process" else module)
        until(lambda: left(place) == [] and spaces(place) == namespaces, 5, "the port and the namespace to be gone")
        until(lambda: place.run("ps", "-p", process, check=False).returncode == 1, 5, "the process to be gone")
        result, = coming.result()
    assert result["failed"] and ("SIGKILL" in result["msg"] if whom == "process" else signal == "KILL" or "SIGTERM" in result["msg"])
    if signal == "TERM":
        until(lambda: mac not in place.run("virsh", "net-dhcp-leases", "lab").stdout, 5, "the server to take note of it")


def spaces(host):
    """The network namespaces of a host's processes."""
    return {line.split()[-1] for line in host.run("sh", "-c", "readlink /proc/[0-9]*/ns/net; true").stdout.splitlines()}
