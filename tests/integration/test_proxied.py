# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests with addresses of the LAN's own subnets behind a host whose MAC address alone may be seen there: reached and reaching, and proved on the wire."""

from __future__ import annotations

import json
import re
import subprocess
import time

import pytest

from testbed import bed, fabric, guest
from tests.packets import answer, asked

HOOK = "/etc/libvirt/hooks/network.d/virtlab-network"
WORLD, WORLD6 = "198.51.100.1", "2001:db8:100::1"
FOUR, SIX, LATER, LATER6 = "198.51.100.20", "2001:db8:100::20", "198.51.100.21", "2001:db8:100::21"
BARE = {"name": "one", "forward": {"mode": "open"}, "bridge": {"name": "test-one", "stp": False},
        "ips": [{"address": "192.168.203.1/24"}, {"address": "fd00:203::1/64"}]}
PROXIED = {**BARE, "proxied": {"dev": "eth0", "addresses": [FOUR, SIX]}}
BOTH = {**BARE, "proxied": {"dev": "eth0", "addresses": [FOUR, SIX, LATER, LATER6]}}


@pytest.fixture
def one(ansible, host):
    """A guest of the network, with addresses as a provider's panel tells them for IPv4, and the bridge for its IPv6 router."""
    assert ansible.module("virt_network", **PROXIED)["changed"]
    bridged(host)
    found = guest.start(host, "one", {"network": "one"}, kind="lxc")
    found.run("pkill", "udhcpc")
    address(found, FOUR, SIX)
    found.run("ip", "route", "replace", "default", "via", WORLD, "dev", "eth0")
    bed.until(lambda: "default" in found.run("ip", "-6", "route").text, 60, "the bridge's router advertisement")
    answer(found, 80)
    yield found
    found.stop()


def bridged(host):
    """Bridged frames do not pass the firewall of IP, as is usual on hosts."""
    host.run("sysctl", *(f"net.bridge.bridge-nf-call-{each}=0" for each in ("iptables", "ip6tables")))


def address(one, four, six):
    """Give a guest addresses."""
    one.run("ip", "address", "add", f"{four}/24", "dev", "eth0")
    one.run("ip", "address", "add", f"{six}/128", "dev", "eth0", "nodad")


def forget(lab):
    """Have the world look for its neighbours anew."""
    lab.world("ip", "neigh", "flush", "all")
    lab.world("ip", "-6", "neigh", "flush", "all")


def passes(lab, one, *addresses):
    """The world, which knows no neighbours any more, reaches each address, and is reached from it."""
    forget(lab)
    for each in addresses:
        to = WORLD6 if ":" in each else WORLD
        assert asked(lab, "tcp", each, 80) == f"80 {to}", (each, one.run("ip", "address").text)
        assert one.run("ping", "-c", "1", "-W", "5", "-I", each, to).code == 0, each


def proxies(host):
    """{(device, address)} that the host answers for."""
    return {(each["dev"], each["dst"]) for each in json.loads(host.run("ip", "-j", "neigh", "show", "proxy").stdout or "[]")}


def routes(host):
    """Addresses that the host routes to somewhere by itself."""
    words = [host.run("ip", "-j", family, "route", "show", "proto", "118").stdout for family in ("-4", "-6")]
    return {each["dst"] for said in words for each in json.loads(said or "[]")}


def mac(host, device):
    """A device's MAC address."""
    return host.run("cat", f"/sys/class/net/{device}/address").stdout.strip()


def seen(path, *words):
    """Lines of a capture, each with both MAC addresses."""
    return subprocess.run(["tcpdump", "-n", "-e", "-r", path, *words], capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_guest_is_reached_and_no_other_mac_leaves(lab, host, ansible, one):
    """Both ways, by both versions of IP; whoever else is on the LAN is asked for by ARP, too. Nothing comes out of the host's NIC but with its own address."""
    own = mac(host, "eth0")
    assert not ansible.module("virt_network", **PROXIED)["changed"]
    with fabric.capture(lab.name, f"{host.name}-eth0") as path:
        passes(lab, one, FOUR, SIX)
        assert one.run("ping", "-c", "1", "-W", "5", "198.51.100.12").code == 0  # the other host, which a guest takes for its neighbour
        assert one.run("ping", "-c", "1", "-W", "5", "203.0.113.1").code == 0
        assert one.run("ping", "-c", "1", "-W", "5", "2001:db8:203::1").code == 0
        time.sleep(1)
    # who else sends frames on the LAN is the world's router and the other host
    others = {json.loads(lab.world("ip", "-j", "link", "show", "dev", "lan").stdout)[0]["address"], mac(lab.hosts["host2"], "eth0")}
    assert {line.split()[1] for line in seen(path)} - others == {own}
    answers = [line for line in seen(path, "arp") if f"Reply {FOUR} is-at" in line]
    assert answers and all(f"is-at {own}" in line and line.split()[1] == own for line in answers)
    told = seen(path, "icmp6 and ip6[40] == 136 and ip6[48:4] == 0x20010db8 and ip6[60:4] == 0x20")
    option = own.replace(":", "")
    assert told and all(line.split()[1] == own for line in told)
    assert len(seen(path, f"icmp6 and ip6[40] == 136 and ip6[60:4] == 0x20 and ip6[66:4] == 0x{option[:8]} and ip6[70:2] == 0x{option[8:]}")) == len(told)
    known = lab.world("ip", "neigh").stdout + lab.world("ip", "-6", "neigh").stdout
    assert all(re.search(f"^{each} .*lladdr {own}", known, re.M) for each in (FOUR, SIX)), known


def test_addresses_come_and_go_while_guests_run(lab, host, ansible, one):
    """At no price, as check mode says; an address that is named no more is cut off at once, and nobody answers for it."""
    index = mac(host, "test-one"), host.run("cat", "/sys/class/net/test-one/ifindex").stdout
    address(one, LATER, LATER6)
    check = ansible.module("virt_network", check=True, **BOTH)
    assert routes(host) == {FOUR, SIX}
    done, again = ansible.run(*[("virt_network", BOTH)] * 2)
    assert (done.get("changes"), done.get("cost"), done["after"]) == (check["changes"], "live", check["after"]), done
    assert [change["field"] for change in done["changes"]] == ["proxied.addresses", "kernel.proxied"] and not again["changed"]
    passes(lab, one, FOUR, SIX, LATER, LATER6)
    fewer, again = ansible.run(*[("virt_network", {**BARE, "proxied": {"dev": "eth0", "addresses": [LATER, SIX]}})] * 2)
    assert (fewer["cost"], again["changed"]) == ("live", False)
    assert routes(host) == {LATER, SIX} and proxies(host) == {("eth0", LATER), ("eth0", SIX)}
    forget(lab)
    assert asked(lab, "tcp", FOUR, 80).startswith("nobody") and asked(lab, "tcp", LATER6, 80).startswith("nobody")
    passes(lab, one, LATER, SIX)
    none, again = ansible.run(*[("virt_network", BARE)] * 2)
    assert (none["cost"], again["changed"], routes(host), proxies(host)) == ("live", False, set(), set())
    assert host.run("sysctl", "-n", "net.ipv4.conf.test-one.proxy_arp").stdout == "0\n" and not host.exists(HOOK)
    assert index == (mac(host, "test-one"), host.run("cat", "/sys/class/net/test-one/ifindex").stdout)


def test_what_others_made_is_left_alone(host, ansible):
    """A proxy and a route of somebody's by the same devices; and a route that stands in the way is told of."""
    ansible.module("virt_network", **BOTH)
    host.run("ip", "neigh", "add", "proxy", "198.51.100.30", "dev", "eth0")
    host.run("ip", "route", "add", "198.51.100.30/32", "dev", "test-one")
    try:
        ansible.module("virt_network", **PROXIED)
        assert ("eth0", "198.51.100.30") in proxies(host) and "198.51.100.30" in host.run("ip", "route").stdout
        ansible.module("virt_network", **BARE)
        assert proxies(host) == {("eth0", "198.51.100.30")} and "198.51.100.30" in host.run("ip", "route").stdout
        host.run("ip", "route", "add", f"{FOUR}/32", "dev", "eth0")
        assert f"'{FOUR}': has a route through eth0 already; remove it first" in ansible.refused("virt_network", check=True, **PROXIED)
    finally:
        host.run("ip", "route", "delete", f"{FOUR}/32", "dev", "eth0", check=False)
        host.run("ip", "neigh", "delete", "proxy", "198.51.100.30", "dev", "eth0")


#: the addresses and routes of IPv6 go with it, and the default route
UP_AGAIN = "; ".join(["ip link set eth0 down", "ip link set eth0 up", "ip route replace default via 198.51.100.1",
                      "ip address replace 2001:db8:100::11/64 dev eth0", "ip -6 route replace default via 2001:db8:100::1"])
DRIFTS = {
    "a route": (f"ip route delete {FOUR}/32", ["route 198.51.100.20"]),
    "a proxy": (f"ip -6 neigh delete proxy {SIX} dev eth0", [f"proxy {SIX} dev eth0"]),
    "settings": ("sysctl net.ipv4.conf.test-one.proxy_arp=0 net.ipv6.conf.all.proxy_ndp=0",
                 ["net.ipv4.conf.BRIDGE.proxy_arp=1", "net.ipv6.conf.all.proxy_ndp=1"]),
    "the NIC was down": (UP_AGAIN, [f"proxy {FOUR} dev eth0", f"proxy {SIX} dev eth0"]),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_somebody_took_away_comes_back(lab, host, ansible, one, drift):
    """Told in check mode, mended at no price, and then nothing more to do."""
    command, missing = DRIFTS[drift]
    host.run("sh", "-c", command)
    check = ansible.module("virt_network", check=True, **PROXIED)
    assert check["before"]["kernel"] == {"proxied_missing": missing}
    done, again = ansible.run(*[("virt_network", PROXIED)] * 2)
    assert ([change["field"] for change in done["changes"]], done["cost"], done["changes"]) == (["kernel.proxied"], "live", check["changes"])
    assert not again["changed"] and "kernel" not in done["after"]
    passes(lab, one, FOUR, SIX)


def test_libvirt_itself_puts_it_in_place(lab, host, ansible, one):
    """With a network that somebody stops and starts, also where addresses came while it ran; nothing answers meanwhile. And over a restart of the daemon."""
    ansible.module("virt_network", **BOTH)
    address(one, LATER, LATER6)
    host.run("virsh", "net-destroy", "one")
    assert (routes(host), proxies(host)) == (set(), set())
    host.run("virsh", "net-start", "one")
    assert routes(host) == {FOUR, SIX, LATER, LATER6} and proxies(host) == {("eth0", each) for each in (FOUR, SIX, LATER, LATER6)}
    assert ansible.module("virt_network", **BOTH)["changed"]  # the guest's NIC is back on its bridge
    passes(lab, one, FOUR, SIX, LATER6)
    host.run("systemctl", "restart", "libvirtd")
    assert not ansible.module("virt_network", **BOTH)["changed"]
    passes(lab, one, LATER, SIX)


def test_it_is_there_after_boot(host, ansible):
    """libvirt starts what has autostart, as on the first time since the host was booted."""
    ansible.module("virt_network", **PROXIED)
    host.run("virsh", "net-destroy", "one")
    host.run("rm", "-f", "/run/libvirt/network/autostarted")
    host.run("systemctl", "restart", "libvirtd")
    host.run("virsh", "net-list")
    bed.until(lambda: proxies(host) == {("eth0", FOUR), ("eth0", SIX)}, 15, "the network to be started")
    assert not ansible.module("virt_network", **PROXIED)["changed"]


def test_a_pulled_cable_does_no_harm(lab, host, ansible, one):
    """The NIC loses its carrier, and has it again: all is as before, without a run. Also of proxies that are not for ever, as all are on older kernels."""
    for each in (FOUR, SIX):
        host.run("ip", "neigh", "replace", "proxy", each, "dev", "eth0", "nud", "none", "protocol", "118")
    host.cut(silent=False)
    try:
        bed.until(lambda: "NO-CARRIER" in host.run("ip", "link", "show", "eth0").stdout, 10, "the carrier to be gone")
        time.sleep(2)  # the kernel tells others once a second
        assert proxies(host) == {("eth0", FOUR), ("eth0", SIX)}
    finally:
        host.mend()
    bed.until(lambda: "NO-CARRIER" not in host.run("ip", "link", "show", "eth0").stdout, 10, "the carrier to be back")
    passes(lab, one, FOUR, SIX)
    assert not ansible.module("virt_network", **PROXIED)["changed"]


def test_nothing_is_left(host, ansible):
    """By a network that stops, restarts without them, or goes; nor by one that somebody stopped without the hook."""
    ansible.module("virt_network", **PROXIED)
    assert ansible.module("virt_network", **PROXIED, state="inactive")["changed"]
    assert (routes(host), proxies(host)) == (set(), set()) and host.exists(HOOK)
    assert ansible.module("virt_network", **PROXIED)["changed"] and proxies(host) == {("eth0", FOUR), ("eth0", SIX)}
    assert ansible.module("virt_network", **PROXIED, mtu=1400)["cost"] == "restart" and routes(host) == {FOUR, SIX}
    assert ansible.module("virt_network", **BARE, mtu=1300)["cost"] == "restart" and (routes(host), proxies(host)) == (set(), set())
    ansible.module("virt_network", **PROXIED)
    host.run("mv", HOOK, "/tmp/hook")
    host.run("virsh", "net-destroy", "one")
    assert routes(host) == set() and proxies(host) == {("eth0", FOUR), ("eth0", SIX)}
    host.run("mv", "/tmp/hook", HOOK)
    check = ansible.module("virt_network", check=True, name="one", state="inactive")
    done, again = ansible.run(*[("virt_network", {"name": "one", "state": "inactive"})] * 2)
    assert [change["field"] for change in done["changes"]] == ["kernel.proxied"] and done["changes"] == check["changes"]
    assert not again["changed"] and proxies(host) == set()
    ansible.module("virt_network", **PROXIED)
    assert ansible.module("virt_network", name="one", state="absent")["changed"]
    assert (routes(host), proxies(host), host.exists(HOOK)) == (set(), set(), False)


def test_what_failed_is_taken_back(host, ansible):
    """A NIC that has no IPv6 can answer for no such address: nothing is left of a run that made half of it."""
    host.run("ip", "link", "add", "test0", "type", "veth", "peer", "name", "test1")
    host.run("ip", "link", "set", "test0", "up", "mtu", "1279")
    ansible.module("virt_network", **BARE)
    said = ansible.refused("virt_network", **{**BARE, "proxied": {"dev": "test0", "addresses": [FOUR, SIX]}})
    assert f"neigh add proxy {SIX} dev test0 protocol 118 failed" in said and "what was there before is back" in said
    assert (routes(host), proxies(host), host.exists(HOOK)) == (set(), set(), False)
    assert not ansible.module("virt_network", **BARE)["changed"]


def test_what_stands_against_it(host, ansible):
    """The host's own address, another network's, a port of a bridge; a NIC that is not there is told of, and no obstacle."""
    host.run("ip", "link", "add", "test4", "type", "bridge")
    host.run("ip", "link", "add", "test0", "master", "test4", "type", "veth", "peer", "name", "test1")

    def refused(dev="eth0", *addresses, **more):
        return ansible.refused("virt_network", check=True, **{**BARE, **more, "proxied": {"dev": dev, "addresses": [*addresses]}})

    assert "is the host's own, on eth0" in refused("eth0", "198.51.100.11")
    assert "is a port of test4" in refused("test0", FOUR)
    ansible.module("virt_network", **PROXIED)
    other = {**BARE, "name": "two", "bridge": {"name": "test-two"}, "ips": [{"address": "192.168.204.1/24"}]}
    assert "is a guest's of the active network one" in refused("eth0", FOUR, **other)
    moved = [{**BARE, "proxied": {"dev": "eth0", "addresses": [SIX]}}, {**other, "proxied": {"dev": "eth0", "addresses": [FOUR]}}]
    done, again = ansible.run(*[("virt_host", {"networks": moved})] * 2)
    assert done["changed"] and not again["changed"] and f"{FOUR} dev test-two" in host.run("ip", "route").stdout, (done, again)
    away = {**BARE, "proxied": {"dev": "test9", "addresses": [SIX]}}
    done, again = ansible.run(*[("virt_network", away)] * 2)
    assert "device test9 of proxied is not there" in done["warnings"][0] and not again["changed"]


def test_in_mode_route_libvirts_rules_decide(lab, host, ansible):
    """What is in no subnet of the network's is not passed on by them, so it is refused; what is in one may be on the provider's link."""
    said = ansible.refused("virt_network", **{**PROXIED, "forward": {"mode": "route", "dev": "eth0"}})
    assert "is in no subnet of ips" in said and "use forward mode open" in said
    inner = {**BARE, "forward": {"mode": "route", "dev": "eth0"}, "ips": [{"address": "192.0.2.129/28"}],
             "proxied": {"dev": "eth0", "addresses": ["192.0.2.130"]}}
    assert ansible.module("virt_network", **inner)["changed"]
    bridged(host)
    inside = guest.start(host, "inside", {"network": "one"}, kind="lxc")
    lab.world("ip", "route", "add", "192.0.2.128/28", "dev", "lan")
    try:
        for each in ("192.0.2.130/28", f"{FOUR}/24"):
            inside.run("ip", "address", "add", each, "dev", "eth0")
        inside.run("ip", "route", "replace", "default", "via", "192.0.2.129")
        answer(inside, 80)
        assert asked(lab, "tcp", "192.0.2.130", 80) == f"80 {WORLD}"
        host.run("ip", "route", "add", f"{FOUR}/32", "dev", "test-one")
        host.run("ip", "neigh", "add", "proxy", FOUR, "dev", "eth0")
        forget(lab)
        assert asked(lab, "tcp", FOUR, 80).startswith("nobody")
    finally:
        host.run("ip", "neigh", "delete", "proxy", FOUR, "dev", "eth0", check=False)
        lab.world("ip", "route", "delete", "192.0.2.128/28", "dev", "lan")
        inside.stop()
