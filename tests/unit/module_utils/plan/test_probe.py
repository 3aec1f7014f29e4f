# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a probe is plugged in, by which commands, what it asks for there, and what it makes of what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec.plug_words import words
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.model.plug import Asking, Plug
from ansible_collections.virtlab.network.plugins.module_utils.model.probe import Probe, Quiet
from ansible_collections.virtlab.network.plugins.module_utils.plan.probe import asking, plug
from ansible_collections.virtlab.network.plugins.module_utils.plan.probe_verdict import covers, result


@dataclass(frozen=True)
class Link:
    """What a plug is decided by."""

    kind: Optional[str] = "bridge"
    mtu: int = 1500
    up: bool = True
    filtering: bool = False


LINKS = {"br0": Link(mtu=9000), "br1": Link(filtering=True), "br2": Link(up=False), "ovs0": Link("openvswitch"), "eth0": Link(None), "bond0": Link("bond")}
VLANS = {"tags": [{"id": 10}, {"id": 20}]}
GROUPS = [{"name": "web", "vlan": {"tags": [{"id": 30}]}, "default": True}, {"name": "db", "vlan": VLANS},
          {"name": "far", "virtualport": {"type": "openvswitch"}}]


def network(**options):
    """A Network."""
    return read(Network, {"name": "lab", "bridge": {"name": "br0"}, **options})


def plugged(given=None, **options):
    """The Plug of a probe."""
    return plug(read(Probe, options if given is None else {"network": "lab", **options}), given, LINKS)


def test_where_it_is_plugged_in():
    """As guests are: with the bridge's MTU, and what network and portgroup say of ports."""
    assert plugged(bridge="br0") == Plug("bridge", "br0", 9000) and plugged(bridge="br1", vlan=5, mtu=1400) == Plug("bridge", "br1", 1400, 5)
    assert plugged(network(port={"isolated": True})) == Plug("bridge", "br0", 9000, isolated=True)
    told = network(bridge={"name": "br1", "mac_table_manager": "libvirt"})
    assert plugged(told) == Plug("bridge", "br1", 1500, told=True)
    grouped = network(bridge={"name": "br1"}, portgroups=GROUPS)
    assert plugged(grouped).vlan == 30 and plugged(grouped, portgroup="db", vlan=20).vlan == 20
    for mode in ("bridge", "private", "vepa"):
        shared = network(bridge=None, forward={"mode": mode, "interfaces": [{"dev": "bond0"}, {"dev": "eth0"}]})
        assert plugged(shared) == Plug("macvlan", "bond0", 1500, mode=mode)


@pytest.mark.parametrize(("given", "options", "error", "said"), [
    (None, {"bridge": "br9"}, ValidationError, "there is no bridge br9"),
    (None, {"bridge": "eth0"}, ValidationError, "is a NIC, and no bridge"),
    (None, {"bridge": "bond0"}, ValidationError, "is a device of kind bond, and no bridge"),
    (None, {"bridge": "br2"}, ValidationError, "is down"),
    (None, {"bridge": "ovs0"}, UnsupportedError, "Open vSwitch yet"),
    (None, {"bridge": "br0", "vlan": 5}, ValidationError, "does not filter VLANs"),
    (network(bridge={"name": "br1"}, portgroups=GROUPS), {"portgroup": "mail"}, ValidationError, "these are: web, db, far"),
    (network(bridge={"name": "br1"}, portgroups=GROUPS), {"portgroup": "db"}, ValidationError, "guests there have several, 10, 20"),
    (network(bridge={"name": "br1"}, portgroups=GROUPS), {"portgroup": "db", "vlan": 40}, ValidationError, "guests there are in 10, 20"),
    (network(portgroups=GROUPS), {"portgroup": "far"}, UnsupportedError, "Open vSwitch yet"),
    (network(virtualport={"type": "802.1Qbg"}), {}, UnsupportedError, "802.1Qbg"),
    (network(bridge=None, forward={"mode": "hostdev"}), {}, UnsupportedError, "forward mode hostdev"),
    (network(bridge=None, forward={"mode": "passthrough", "dev": "eth0"}), {}, UnsupportedError, "a whole device"),
    (network(bridge=None, forward={"mode": "bridge", "dev": "eth9"}), {}, ValidationError, "eth9 is not there"),
    (network(bridge=None, forward={"mode": "bridge", "dev": "eth0"}), {"vlan": 5}, ValidationError, "tags no frames"),
    (network(bridge={"name": "ovs0"}, forward={"mode": "bridge"}), {}, UnsupportedError, "Open vSwitch yet"),
])
def test_where_it_is_not(given, options, error, said):
    """With why, and what to do."""
    with pytest.raises(error) as caught:
        plugged(given, **options)
    assert said in str(caught.value)


FOUR, SIX = ({"address": address, "dhcp": {"ranges": [{"start": start, "end": end}]}}
             for address, start, end in (("10.0.0.1/24", "10.0.0.9", "10.0.0.20"), ("fd00::1/64", "fd00::9", "fd00::20")))


@pytest.mark.parametrize(("given", "options", "found"), [
    (network(ips=[FOUR, SIX], forward={"mode": "nat"}), {}, Asking(("ipv4", "ipv6"))),
    (network(ips=[FOUR, {"address": "fd00::1/64"}]), {}, Asking(("ipv4",), True)),
    (network(ips=[{"address": "10.0.0.1/24"}]), {}, Asking()),
    (network(ips=[FOUR]), {"addresses": ["10.0.0.9/24"]}, Asking()),
    (network(ips=[FOUR]), {"dhcp": ["ipv6"], "slaac": True}, Asking(("ipv6",), True)),
    (network(forward={"mode": "bridge"}), {}, Asking(("ipv4", "ipv6"), True, must=False)),
    (None, {}, Asking(("ipv4", "ipv6"), True, must=False)),
])
def test_what_it_asks_for(given, options, found):
    """What it says, what libvirt serves, or anything."""
    assert asking(read(Probe, options), given) == found


def test_the_words():
    """As a person would type them; the port is up last, when it is all that it shall be."""
    said = words(Plug("bridge", "br1", 1500, 10, True, True), "probe-1", "52:54:00:00:00:01", 77, 1)
    assert [(program, [" ".join(each) for each in commands]) for program, commands in said] == [
        ("ip", ["link add name probe-1 mtu 1500 type veth peer name eth0 address 52:54:00:00:00:01 mtu 1500 netns 77",
                "link set dev probe-1 alias virtlab-probe:77", "link set dev probe-1 master br1",
                "link set dev probe-1 type bridge_slave isolated on learning off flood off"]),
        ("bridge", ["vlan del dev probe-1 vid 1", "vlan add dev probe-1 vid 10 pvid untagged",
                    "fdb replace 52:54:00:00:00:01 dev probe-1 master temp vlan 10"]),
        ("ip", ["link set dev probe-1 up"])]
    (program, (command,)), = words(Plug("macvlan", "eth0", 1500, mode="vepa"), "probe-1", "52:54:00:00:00:01", 77)
    assert (program, " ".join(command)) == ("ip", "link add link eth0 name probe-1 address 52:54:00:00:00:01 mtu 1500 netns 77 type macvlan mode vepa")
    assert len(words(Plug("bridge", "br0", 1500), "probe-1", "52:54:00:00:00:01", 77)) == 2


FRAME = {"protocols": ["ipv4", "udp", "dhcp"], "source": "10.0.0.2", "target": "255.255.255.255", "mac": "52:54:00:00:00:02", "to": "ff:ff:ff:ff:ff:ff",
         "vlan": None, "port": 68, "says": "OFFER of 10.0.0.9", "count": 2, "after": 0.1}


@pytest.mark.parametrize(("options", "covered"), [
    ({}, True), ({"protocols": ["dhcp"]}, True), ({"protocols": ["tcp", "arp"]}, False), ({"ports": ["60-70"]}, True), ({"ports": ["67"]}, False),
    ({"sources": ["10.0.0.0/24"]}, True), ({"sources": ["10.1.0.0/24", "fd00::/64"]}, False), ({"besides": ["10.0.0.2/32"]}, False),
    ({"besides": ["52:54:00:00:00:02"]}, False), ({"besides": ["52:54:00:00:00:03", "10.0.0.3"]}, True), ({"besides": ["gateway"]}, True),
])
def test_what_should_not_arrive(options, covered):
    """By what it is, whom it is from and which port it is for."""
    assert covers(read(Quiet, options), FRAME, {"10.0.0.1"}, {"52:54:00:00:00:01"}) is covered


def test_by_way_of_the_gateway():
    """Whatever address it is from; and the router's own, whatever device it is by."""
    quiet = read(Quiet, {"besides": ["gateway"]})
    assert not covers(quiet, {**FRAME, "source": "192.0.2.1"}, {"10.0.0.1"}, {FRAME["mac"]}) and not covers(quiet, FRAME, {"10.0.0.2"}, set())
    assert covers(read(Quiet, {"sources": ["10.0.0.0/24"]}), {**FRAME, "source": ""}, set(), set()) is False


FOUND = {
    "addresses": [{"address": "10.0.0.9/24", "by": "dhcp"}], "gateways": [], "nameservers": [], "domain": "", "mtu": 1500, "leases": [], "routers": [],
    "heard": [],
    "missing": [{"what": "ipv6", "said": "no server of DHCPv6 advertised anything in 12 s"}], "duplicates": [], "waited": 0.0, "settled": 1.0, "seconds": 2.0,
    "neighbours": {}, "arrived": [FRAME], "port": "probe-1",
    "checks": [{"outcome": "silent", "said": "no answer in 3 s", "met": False, "tries": 1, "seconds": 3.0}],
}


def test_the_result():
    """What was found, beside what was asked, and whatever is not as expected."""
    wanted = read(Probe, {"bridge": "br0", "checks": [{"tcp": "192.0.2.1", "port": 7}], "quiet": [{"protocols": ["dhcp"]}]})
    told, problems = result(wanted, Asking(("ipv4", "ipv6")), Plug("bridge", "br0", 1500), "52:54:00:00:00:01", FOUND)
    assert problems == told["problems"] == [
        "DHCPv6: no server of DHCPv6 advertised anything in 12 s", "tcp 192.0.2.1 port 7: allowed was expected, and no answer in 3 s",
        "dhcp should not arrive, and dhcp OFFER of 10.0.0.9 from 10.0.0.2 (52:54:00:00:00:02) to 255.255.255.255 port 68 2 times did"]
    assert told["checks"][0]["port"] == 7 and told["checks"][0]["expect"] == ["allowed"] and told["unwanted"] == [{"quiet": "dhcp", **FRAME}]
    assert told["plugged"] == {"switch": "bridge", "device": "br0", "isolated": False, "mac": "52:54:00:00:00:01", "port": "probe-1"} and told["ok"] is False


def test_what_nobody_has_to_serve():
    """Of a segment that others serve an address is enough, of any kind; none at all is too little."""
    wanted, asked = read(Probe, {"bridge": "br0"}), Asking(("ipv4", "ipv6"), True, must=False)
    found = {**FOUND, "checks": []}
    assert result(wanted, asked, Plug("bridge", "br0", 1500), "", found)[1] == []
    lonely = {**found, "addresses": [{"address": "fe80::1/64", "by": "link-local"}]}
    assert result(wanted, asked, Plug("bridge", "br0", 1500), "", lonely)[1] == ["DHCPv6: no server of DHCPv6 advertised anything in 12 s"]
