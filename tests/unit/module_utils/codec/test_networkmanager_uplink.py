# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a profile goes to the bridge whose uplink its device becomes."""

from __future__ import annotations

import configparser

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import networkmanager as nm
from ansible_collections.virtlab.network.plugins.module_utils.codec import networkmanager_uplink as uplink
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError
from ansible_collections.virtlab.network.plugins.module_utils.model.bridge import Bridge, BridgePort
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkRoute, LinkState
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag

MAC = "52:54:00:aa:0b:01"
COMMON = "[connection]\nid=a\nuuid=7ba00b1d-8cdd-30da-91ad-bb83ed4f7474\ntype=ethernet\ninterface-name=eth0\nzone=internal\n"
SEEN = uplink.Seen("01:52:54:00:aa:0b:01", "00:04:bc:96", "2b:50:67:35", {4: 101, 6: 102})


def written(text, seen=SEEN, **link):
    """The profile of the bridge, and that of the NIC: a configparser each."""
    goes, stays = uplink.inherited(text, seen, MAC)
    bridge = LinkState("br0", "bridge", Link(mac=MAC, **link), Bridge(), Bag([BridgePort(name="eth0")]), inherited=goes)
    found = nm.profiles({"br0": bridge, "eth0": LinkState("eth0", "nic", Link(), inherited=stays)}, (1, 42, 4))["br0"]
    parsed = []
    for name in ("br0", "eth0"):
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
        parser.read_string(found[nm.file(name)])
        parsed.append(parser)
    return parsed


def test_a_client_is_known_by_what_it_was():
    """Whatever NetworkManager would make up of the bridge's name is said; a word for it, too."""
    bridge, nic = written(f"{COMMON}[ethernet]\nwake-on-lan=64\nmtu=9000\nmac-address={MAC}\n[ipv4]\nmethod=auto\ndns=203.0.113.1;\ndhcp-client-id=mac\n"
                          "[ipv6]\nmethod=auto\nip6-privacy=0\ndhcp-duid=stable-uuid\n[proxy]\nmethod=1\n")
    assert dict(bridge["ipv4"]) == {"method": "auto", "dns": "203.0.113.1;", "route-metric": "101", "dhcp-client-id": SEEN.client}
    assert dict(bridge["ipv6"]) == {"method": "auto", "ip6-privacy": "0", "route-metric": "102", "dhcp-duid": SEEN.duid, "dhcp-iaid": "726689589"}
    assert bridge["connection"]["zone"] == "internal" and bridge["connection"]["uuid"] == nm.identity("br0") and dict(bridge["proxy"]) == {"method": "1"}
    assert dict(nic["ethernet"]) == {"wake-on-lan": "64"} and "ipv4" not in nic and "zone" not in nic["connection"]


@pytest.mark.parametrize(("end", "token"), [("5054:ff:feaa:b01", None), ("8d3:91ff:fe00:77", "::8d3:91ff:fe00:77")])
def test_addresses_that_routers_advertise_stay(end, token):
    """Those of the MAC address by themselves, others because it is said."""
    seen = SEEN._replace(addresses=("2001:db8::5/128", f"2001:db8::{end}/64"))
    bridge, unused = written(f"{COMMON}[ipv6]\nmethod=auto\naddr-gen-mode=stable-privacy\n", seen)
    assert (bridge["ipv6"]["addr-gen-mode"], bridge["ipv6"].get("token")) == ("eui64", token)


def test_what_is_said_stays_where_nothing_was_seen():
    """Such as before a first lease."""
    bridge, unused = written(f"{COMMON}[ipv4]\nmethod=auto\ndhcp-client-id=mine\nroute-metric=7\n", uplink.Seen())
    assert dict(bridge["ipv4"]) == {"method": "auto", "route-metric": "7", "dhcp-client-id": "mine"}


def test_addresses_are_ours_and_gateways_come_along():
    """In either place where a profile says one; our own routes are numbered after those of the profile."""
    text = f"{COMMON}[ipv4]\nmethod=manual\naddress1=192.0.2.5/24,192.0.2.1\nroute1=10.0.0.0/8,192.0.2.9\nroute1_options=mtu=1400\n[ipv6]\nmethod=link-local\n"
    bridge, unused = written(text, addresses=Bag(["192.0.2.5/24"]), routes=Bag([LinkRoute("10.9.0.0/16", "192.0.2.8")]))
    assert dict(bridge["ipv4"]) == {
        "method": "manual", "gateway": "192.0.2.1", "route-metric": "101", "route1": "10.0.0.0/8,192.0.2.9", "route1_options": "mtu=1400",
        "address1": "192.0.2.5/24", "route2": "10.9.0.0/16,192.0.2.8,0"}
    assert bridge["ipv6"]["method"] == "link-local"
    bridge, unused = written(text, addresses=Bag(["2001:db8::1/64"]))
    assert (bridge["ipv4"]["method"], bridge["ipv6"]["method"], bridge["ipv6"]["address1"]) == ("disabled", "manual", "2001:db8::1/64")


def test_a_port_that_a_switch_lets_in():
    """Is refused rather than locked out."""
    with pytest.raises(UnsupportedError, match="802-1x"):
        uplink.inherited(f"{COMMON}[802-1x]\neap=tls;\n", SEEN, MAC)
