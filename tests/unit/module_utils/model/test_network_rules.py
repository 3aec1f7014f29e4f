# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that need no host: for each, an input that breaks it, the option it names and what it says."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model import network_rules, network_validate
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read

NAT = {"forward": {"mode": "nat"}}
DHCP = {"start": "10.0.0.10", "end": "10.0.0.20"}
MAC = "52:54:00:00:00:05"


def ip(address="10.0.0.1/24", **more):
    """One entry of ips."""
    return {"address": address, **more}


def hosts(*entries):
    """ips with static leases."""
    return {"ips": [ip(dhcp={"hosts": list(entries)})]}


def proxied(*addresses, dev="eth0", **more):
    """Options with addresses that are proxied."""
    return {"forward": {"mode": "open"}, "ips": [ip()], "proxied": {"dev": dev, "addresses": list(addresses)}, **more}


BROKEN = [
    ({"name": "a/b"}, "name", "without a slash"),
    ({"name": ""}, "name", "must be a name"),
    ({"mac": "52:54:00"}, "mac", "MAC address"),
    ({"mac": "01:00:5e:00:00:01"}, "mac", "multicast"),
    ({"uuid": "x"}, "uuid", "UUID"),
    ({"mtu": 70000}, "mtu", "from 68 to 65535"),
    ({"bridge": {"name": "a-name-of-sixteen"}}, "bridge.name", "1 to 15 bytes"),
    ({"ips": [ip("10.0.0.1/33")]}, "ips[0].address", "with its prefix"),
    ({"ips": [ip(), ip("10.0.0.129/25")]}, "ips[1].address", "overlaps 10.0.0.1/24"),
    ({"ips": [ip(dhcp={"ranges": [{"start": "10.0.0.10", "end": "10.0.1.20"}]})]}, "ips[0].dhcp.ranges[0].end", "must lie in 10.0.0.0/24"),
    ({"ips": [ip(dhcp={"ranges": [{"start": "fd00::1", "end": "10.0.0.9"}]})]}, "ips[0].dhcp.ranges[0].start", "must lie in 10.0.0.0/24"),
    ({"ips": [ip(dhcp={"ranges": [{"start": "10.0.0.20", "end": "10.0.0.10"}]})]}, "ips[0].dhcp.ranges[0]", "lower to the higher"),
    ({"ips": [ip(dhcp={"ranges": [DHCP, {"start": "10.0.0.20", "end": "10.0.0.30"}]})]}, "ips[0].dhcp.ranges[1]", "overlaps ips[0].dhcp.ranges[0]"),
    ({"ips": [ip(dhcp={"ranges": [{"start": "10.0.0.0", "end": "10.0.0.9"}]})]}, "ips[0].dhcp.ranges[0].start", "10.0.0.1 to 10.0.0.254"),
    ({"ips": [ip(dhcp={"ranges": [DHCP]}), ip("10.0.1.1/24", dhcp={"hosts": [{"mac": MAC, "ip": "10.0.1.5"}]})]}, "ips[1].dhcp", "only one IPv4 address"),
    ({"mtu": 1279, "ips": [ip("fd00::1/64")]}, "mtu", "at least 1280 for IPv6"),
    ({"ips": [ip("fd00::1/48", dhcp={"ranges": [{"start": "fd00::5", "end": "fd00::9"}]})]}, "ips[0].address", "64 or longer"),
    ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "mac": MAC.replace("05", "06")}, "mac", "no meaning with forward mode bridge"),
    ({"forward": {"mode": "hostdev", "interfaces": [{"dev": "eth0"}]}}, "forward.interfaces", "no meaning with forward mode hostdev"),
    ({"forward": {"mode": "bridge", "dev": "eth0"}, "bandwidth": {"inbound": {"average": 1}}}, "bandwidth", "needs a bridge whose name libvirt knows"),
    ({"portgroups": [{"name": "a", "vlan": {"tags": [{"id": 7}]}}]}, "portgroups[0].vlan", "VLANs are for Open vSwitch"),
    ({"vlan": {"tags": [{"id": 7}]}}, "vlan", "VLANs are for Open vSwitch"),
    (hosts({"mac": MAC, "ip": "10.0.1.5"}), "ips[0].dhcp.hosts[0].ip", "must lie in"),
    (hosts({"mac": MAC, "ip": "10.0.0.1"}), "ips[0].dhcp.hosts[0].ip", "own address"),
    (hosts({"ip": "10.0.0.5"}), "ips[0].dhcp.hosts[0]", "a mac or a name"),
    (hosts({"mac": MAC, "ip": "10.0.0.5"}, {"mac": MAC.upper(), "ip": "10.0.0.6"}), "ips[0].dhcp.hosts[1].mac", "ips[0].dhcp.hosts[0]"),
    (hosts({"mac": MAC, "ip": "10.0.0.5"}, {"name": "b", "ip": "10.0.0.5"}), "ips[0].dhcp.hosts[1].ip", "used already"),
    (hosts({"mac": MAC, "ip": "10.0.0.5", "lease": {"expiry": 1, "unit": "days"}}), "ips[0].dhcp.hosts[0].lease.unit", "seconds, minutes, hours"),
    ({"ips": [ip("fd00::1/64", dhcp={"hosts": [{"mac": MAC, "ip": "fd00::5"}]})]}, "ips[0].dhcp.hosts[0].mac", "cannot be used for IPv6"),
    ({"ips": [ip("fd00::1/64", tftp={"root": "/srv"})]}, "ips[0].tftp", "IPv4 addresses only"),
    ({**NAT, "ips": []}, "ips", "at least one address"),
    ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "ips": [ip()]}, "ips", "no meaning with forward mode bridge"),
    ({"forward": {"mode": "bridge"}}, "forward.mode", "needs bridge.name"),
    ({"forward": {"mode": "bridge"}, "bridge": {}}, "bridge.name", "must be given"),
    ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0", "stp": True}}, "bridge.stp", "no meaning"),
    ({"forward": {"mode": "bridge", "interfaces": [{"dev": "eth0"}]}, "bridge": {"name": "br0"}}, "forward.interfaces", "excludes bridge"),
    ({"forward": {"mode": "hostdev"}}, "forward.mode", "forward.pf or forward.addresses"),
    ({"forward": {"mode": "vepa"}}, "forward.mode", "forward.dev"),
    ({"forward": {"mode": "isolated", "dev": "eth0"}}, "forward.dev", "no meaning with forward mode isolated"),
    ({"forward": {"mode": "route", "nat": {}}, "ips": [ip()]}, "forward.nat", "belongs to nat"),
    ({"forward": {"mode": "nat", "nat": {"port": {"start": 9, "end": 1}}}, "ips": [ip()]}, "forward.nat.port", "lower to the higher"),
    ({"forward": {"mode": "nat", "dev": "a", "interfaces": [{"dev": "b"}]}, "ips": [ip()]}, "forward.dev", "first of forward.interfaces"),
    ({"ips": [ip()], "routes": [{"address": "10.9.0.0/16", "gateway": "10.1.0.1"}]}, "routes[0].gateway", "own subnets (10.0.0.0/24)"),
    ({"ips": [ip()], "routes": [{"address": "10.9.0.1/16", "gateway": "10.0.0.2"}]}, "routes[0].address", "10.9.0.0/16"),
    ({"ips": [ip()], "routes": [{"address": "10.9.0.0/16", "gateway": "10.0.0.2", "metric": 0}]}, "routes[0].metric", "1 or more"),
    (proxied("203.0.113.20", dev=None), "proxied.dev", "must be given"),
    (proxied("203.0.113.20", forward={"mode": "nat"}), "proxied", "belongs to route, open"),
    (proxied("203.0.113.20", bridge={"name": "eth0"}), "proxied.dev", "own bridge"),
    (proxied("10.0.0.20", forward={"mode": "route", "dev": "eth1"}), "proxied.dev", "must be forward.dev, which is eth1"),
    (proxied("10.0.0.20", forward={"mode": "route", "interfaces": [{"dev": "eth1"}]}), "proxied.dev", "must be forward.dev, which is eth1"),
    (proxied(), "proxied.addresses", "at least one"),
    (proxied("203.0.113.20", "203.0.113.20"), "proxied.addresses", "there twice"),
    (proxied("203.0.113.20/32"), "proxied.addresses[0]", "must be an IPv4 or IPv6 address"),
    (proxied("fe80::20"), "proxied.addresses[0]", "beyond its own network"),
    (proxied("0.0.0.1"), "proxied.addresses[0]", "beyond its own network"),
    (proxied("255.255.255.255"), "proxied.addresses[0]", "beyond its own network"),
    (proxied("::ffff:203.0.113.20"), "proxied.addresses[0]", "beyond its own network"),
    (proxied("203.0.113.20", dev="lo"), "proxied.dev", "leads to nobody but the host"),
    (proxied("2001:db8::20"), "proxied.addresses[0]", "needs an IPv6 address in ips, with which libvirt turns on forwarding of IPv6"),
    (proxied("10.0.0.1"), "proxied.addresses[0]", "the bridge's own"),
    (proxied("10.0.0.20", "203.0.113.20", forward={"mode": "route"}), "proxied.addresses[1]", "use forward mode open"),
    ({"portgroups": [{"name": "a"}, {"name": "a"}]}, "portgroups", "there twice"),
    ({"portgroups": [{"name": "a", "default": True}, {"name": "b", "default": True}]}, "portgroups", "only one can be the default"),
    ({"portgroups": [{"name": "a", "vlan": {"tags": [{"id": 4096}]}}]}, "portgroups[0].vlan.tags[0].id", "from 0 to 4095"),
    ({"vlan": {"tags": []}}, "vlan.tags", "at least one tag"),
    ({"bandwidth": {"inbound": {"peak": 5}}}, "bandwidth.inbound.average", "must be given"),
    ({"bandwidth": {"outbound": {"average": 5, "floor": 5}}}, "bandwidth.outbound.floor", "inbound only"),
]


def judge(options, version=(9, 0, 0)):
    """Read options, and hold them against our rules and libvirt's."""
    definition = read(Network, {"name": "a", **options})
    network_rules.check(definition)
    network_validate.validate(definition, version)


@pytest.mark.parametrize(("options", "option", "says"), BROKEN, ids=[f"{case[1]}: {case[2]}" for case in BROKEN])
def test_bad_input_names_option_value_and_what_is_allowed(options, option, says):
    """Each message names the option first, and says what would be right."""
    with pytest.raises(ValidationError) as caught:
        judge(options)
    assert caught.value.option == option
    assert str(caught.value).startswith(f"{option} is ")
    assert says in str(caught.value)


def test_doubtful_addresses_are_told():
    """The subnet's own and its broadcast address; not those of point-to-point subnets, nor IPv6."""
    addresses = ["10.0.0.0/24", "10.0.1.255/24", "10.0.2.1/31", "10.0.3.1/32", "10.0.4.1/24", "fd00::/64"]
    told = list(network_rules.doubts(read(Network, {"name": "a", "ips": [ip(address) for address in addresses]})))
    assert [text.partition(" is ")[0] for text in told] == ["ips[0].address", "ips[1].address"]


GOOD = [
    proxied("203.0.113.20"),
    proxied("203.0.113.20", "2001:db8::20", ips=[ip(), ip("fd00::1/64")]),
    proxied("10.0.0.20", forward={"mode": "route", "dev": "eth0"}),
    {},
    {"forward": {"mode": "isolated"}},
    {**NAT, "ips": [ip(dhcp={"ranges": [DHCP], "hosts": [{"mac": MAC, "ip": "10.0.0.15"}]}), ip("fd00::1/64", dhcp={"ranges": []})]},
    {"forward": {"mode": "route", "dev": "eth0"}, "ips": [ip("10.0.0.1/31"), ip("10.0.2.1/32")]},
    {"forward": {"mode": "open"}, "ips": [ip()], "routes": [{"address": "10.9.0.0/16", "gateway": "10.0.0.2"}]},
    {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
    {"forward": {"mode": "bridge", "dev": "eth0"}},
    {"forward": {"mode": "passthrough", "pf": {"dev": "eth0"}}},
    {"forward": {"mode": "hostdev", "managed": True, "addresses": [{"bus": "3", "slot": "0x10", "function": "1"}]}},
]


@pytest.mark.parametrize("options", GOOD)
def test_good_input_passes(options):
    """The rules refuse no more than they have to."""
    judge(options)


def test_vlans_on_linux_bridges_came_later():
    """The message names both versions. Open vSwitch had them from the start."""
    bridge = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}, "vlan": {"tags": [{"id": 7}]}}
    with pytest.raises(UnsupportedError, match=r"vlan on a Linux bridge needs libvirt 11.0.0 or newer; the connected libvirt is 9.0.0"):
        judge(bridge)
    judge(bridge, (11, 0, 0))
    judge({**bridge, "virtualport": {"type": "openvswitch"}})


def test_open_networks_without_addresses_came_later():
    """Everything else was always there, or has its version with its option."""
    found = [list(network_validate.introduced(read(Network, {"name": "a", "forward": {"mode": mode}}))) for mode in ("open", "isolated")]
    assert found == [[("forward.mode open without ips", "10.8.0")], []]
