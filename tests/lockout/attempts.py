# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to lock oneself out of a machine by a change of its own network, generated from short lists."""

from __future__ import annotations

from typing import NamedTuple, Optional

from tests.trials import ADDRESS, CUTS, HELD, NONE, PEER

#: addresses that nobody has: a neighbour, a gateway that is down, and those of the host's other family alone
NOBODY, DOWN, DOWN6 = "198.51.100.12/24", "198.51.100.99", "2001:db8:100::99"
BEYOND, SIX = "203.0.113.1", "2001:db8:100::1"
FOUR, HELD6 = HELD
#: a NIC that gives all it has to another device
BARE = {"name": "eth0", "addresses": [], **NONE}
PORT = {"name": "eth0"}


class Attempt(NamedTuple):
    """What is asked of which module, what the guard says of it, and ``way``, one of WAYS, that the connection comes by.

    ``held`` is a task of virt_host's that is there before, and confirmed.
    """

    name: str
    module: str
    options: dict
    clause: str
    way: str = "four"
    held: Optional[dict] = None


def dummy(name, clause, way="four", **options):
    """A dummy that the way back is to go by."""
    return Attempt(f"{way}-{name}", "virt_link", {"name": "test0", "kind": "dummy", **options, **NONE}, clause, way)


def nic(name, clause, way="four", nic="eth0", **options):
    """A NIC that changes."""
    return Attempt(f"{way}-{name}", "virt_link", {"name": nic, **NONE, **options}, clause, way)


def bridge(name, port=None, **options):
    """A bridge that takes eth0, and its addresses unless others are given."""
    ports = options.pop("ports", [{**PORT, **(port or {})}])
    told = {"bridges": [{"name": "test0", "addresses": HELD, "ports": ports, **NONE, **options}], "links": [BARE]}
    return Attempt(f"bridge-{name}", "virt_host", told, "eth0 becomes a port of test0" if PORT["name"] in [each["name"] for each in ports] else f"{FOUR} goes")


def uplink(name, **options):
    """A bridge that takes the place of eth0, in what is read at boot as well."""
    return Attempt(f"uplink-{name}", "virt_bridge", {"name": "test0", "uplink": "eth0", **options}, "eth0 becomes a port of test0")


def above(name, kind, clause=f"{FOUR} goes from eth0", below=None, **options):
    """A device that has eth0's addresses, and is of no use. ``below`` is the link that eth0 becomes, where that is other than BARE."""
    return Attempt(f"{kind}-{name}", "virt_host", {"links": [{"name": "test0", "kind": kind, "addresses": HELD, **NONE, **options}, below or BARE]}, clause)


def bond(name, **options):
    """A bond that takes eth0 and its addresses."""
    given = {"ports": ["eth0"], **options}
    clause = "eth0 becomes a port of test0" if "eth0" in given["ports"] else f"{FOUR} goes from eth0"
    return above(name, "bond", clause, **given)


def network(name, mode, clause, *inner):
    """A network by a whole document, which may overlap others."""
    forward = f"<forward mode='{mode}'/>" if mode != "isolated" else ""
    text = f"<network><name>lockout</name>{forward}<bridge name='test-lock' stp='off'/>{''.join(inner)}</network>"
    return Attempt(f"network-{mode}-{name}", "virt_network", {"xml": text}, clause)


def subnet(mode, length):
    """A network that has a part of the LAN."""
    clause = f"its subnet 198.51.100.0/{length} takes the way back to {PEER}"
    return network(f"subnet-{length}", mode, clause, f"<ip address='198.51.100.2' prefix='{length}'/>")


def beyond(mode, subnet):
    """A network that sends a part of the LAN to a guest."""
    address, unused, length = subnet.partition("/")
    return network(f"route-{length}", mode, f"its route to {subnet} takes the way back to {PEER}", "<ip address='10.70.0.1' prefix='24'/>",
                   f"<route address='{address}' prefix='{length}' gateway='10.70.0.2'/>")


TAKES, TAKES6, TAKES_BEYOND = (f"takes the way back to {client}" for client in (PEER, SIX, BEYOND))
#: options of a bond by its mode, with which it is up and carries nothing
USELESS = {
    "802.3ad": {"min_links": 2},
    "active-backup": {"arp_interval": 100, "arp_ip_target": ["10.255.255.1"], "arp_validate": "all"},
}
SUBNETS = [
    *(dummy(f"subnet-{length}", TAKES, addresses=[f"198.51.100.2/{length}"]) for length in (25, 26, 27, 29, 30)),
    dummy("subnet-31", TAKES, addresses=["198.51.100.0/31"]),
    *(dummy(f"subnet-{length}", TAKES6, "six", addresses=[f"2001:db8:100::2/{length}"]) for length in (65, 96, 126)),
    dummy("subnet", TAKES_BEYOND, "beyond", addresses=["203.0.113.2/24"]),
]
OWN = [
    dummy("own-32", "the client's own address", addresses=[f"{PEER}/32"]),
    dummy("own-24", "the client's own address", addresses=[f"{PEER}/24"]),
    nic("own-eth1", "the client's own address", nic="eth1", addresses=[f"{PEER}/32"]),
    nic("own-eth0", "the client's own address", addresses=[*HELD, f"{PEER}/32"]),
    dummy("own", "the client's own address", "six", addresses=[f"{SIX}/128"]),
    dummy("own", "the client's own address", "beyond", addresses=[f"{BEYOND}/32"]),
]
ADDRESSES = [
    nic("no-address", f"{FOUR} goes from eth0", addresses=[]),
    nic("neighbour", f"{FOUR} goes from eth0", addresses=[NOBODY, HELD6]),
    nic("other-family", f"{FOUR} goes from eth0", addresses=[HELD6]),
    nic("other-family", f"{HELD6} goes from eth0", "six", addresses=[FOUR]),
    nic("neighbour", f"{FOUR} goes from eth0", "beyond", addresses=[NOBODY, HELD6]),
    *(nic(f"mtu-{mtu}", f"IPv6 does not work on eth0 with an MTU of {mtu}", "six", mtu=mtu) for mtu in (1279, 576)),
    nic("down", "eth0 is turned off", up=False),
    nic("down", "eth0 is turned off", "six", up=False),
]
ROUTES = [
    *(dummy(f"route-{metric}", TAKES, routes=[{"dst": f"{PEER}/32", "metric": metric}]) for metric in (1, 4294967295)),
    dummy("route-25", TAKES, routes=[{"dst": "198.51.100.0/25"}]),
    dummy("route-local", TAKES, routes=[{"dst": f"{PEER}/32", "table": 255}]),
    dummy("route-gateway", TAKES, addresses=["10.9.0.1/24"], routes=[{"dst": f"{PEER}/32", "gateway": "10.9.0.2"}]),
    nic("route-eth1", TAKES, nic="eth1", routes=[{"dst": "198.51.100.0/29"}]),
    *(nic(f"gateway-{metric}", TAKES, routes=[{"dst": f"{PEER}/32", "gateway": DOWN, "metric": metric}]) for metric in (5, 5000)),
    nic("gateway", TAKES6, "six", routes=[{"dst": f"{SIX}/128", "gateway": DOWN6}]),
    dummy("route", TAKES6, "six", routes=[{"dst": "2001:db8:100::/64", "metric": 1}]),
    *(dummy(f"route-{length}", TAKES_BEYOND, "beyond", routes=[{"dst": dst}]) for length, dst in ((1, "128.0.0.0/1"), (24, "203.0.113.0/24"))),
    nic("gateway-default", "the route default by eth0", "beyond", addresses=HELD, routes=[{"dst": "default", "gateway": DOWN}], takeover=True,
        persist="networkd"),
    nic("gateway", TAKES_BEYOND, "beyond", routes=[{"dst": f"{BEYOND}/32", "gateway": DOWN}]),
]
BRIDGES = [
    bridge("no-address", addresses=[]),
    bridge("neighbour", addresses=[NOBODY]),
    *(bridge(f"pvid-{vlan}", {"pvid": vlan, "untagged": [str(vlan)]}, vlan_filtering=True) for vlan in (99, 4094)),
    bridge("tagged", {"tagged": ["1"]}, vlan_filtering=True),
    bridge("no-vlan", vlan_filtering=True, vlan_default_pvid=0),
    bridge("own-vlan", vlan_filtering=True, vlans={"pvid": 5, "untagged": ["5"]}),
    bridge("stp", stp=True, forward_delay=3000),
    bridge("down", up=False),
    bridge("other-port", ports=[{"name": "eth1"}]),
]
UPLINKS = [
    uplink("no-address", addresses=[]),
    uplink("neighbour", addresses=[NOBODY]),
    uplink("pvid", vlan_filtering=True, ports=[{**PORT, "pvid": 7, "untagged": ["7"]}]),
    uplink("stp", stp=True, forward_delay=3000),
    uplink("down", up=False),
]
BONDS = [
    *(bond(f"down-{mode}", bond={"mode": mode}, up=False) for mode in ("balance-rr", "802.3ad", "balance-alb", "broadcast")),
    *(bond(f"up-{mode}", bond={"mode": mode, **options}) for mode, options in USELESS.items()),
    bond("primary", bond={"mode": "active-backup", "miimon": 100, "primary": "eth1"}, ports=["eth1", "eth0"]),
    bond("other-port", bond={"mode": "active-backup"}, ports=["eth1"]),
]
LATER = [
    Attempt(f"bond-later-{name}", "virt_link", {"name": "test0", "bond": {name: value}, **NONE}, f"{name} of test0 changes", held={"links": [
        {"name": "test0", "kind": "bond", "bond": {"mode": mode, "miimon": 100}, "addresses": HELD, "ports": ["eth0", *more], **NONE}, BARE]})
    for mode, name, value, more in (("active-backup", "primary", "eth1", ["eth1"]), ("802.3ad", "min_links", 2, []))
]
#: what has a bond of two ports, by itself and as a bridge's port
PAIR = {"name": "bond0", "kind": "bond", "bond": {"mode": "active-backup", "miimon": 100}, "ports": ["eth0", "eth1"], **NONE}
PAIRS = {
    "bond": {"links": [{**PAIR, "addresses": HELD}, BARE]},
    "bridge": {"bridges": [{"name": "test0", "addresses": HELD, "ports": [{"name": "bond0"}], **NONE}], "links": [PAIR, BARE]},
}
PORTS = [
    Attempt(f"ports-{name}", "virt_host", {"links": [{"name": each, "up": False, **NONE} for each in ("eth0", "eth1")]}, "eth1 is turned off", held=held)
    for name, held in PAIRS.items()
]
ABOVE = [
    *(above(f"{vlan}-{protocol}", "vlan", link="eth0", vlan={"id": vlan, "protocol": protocol}) for vlan, protocol in ((7, "802.1Q"), (4094, "802.1ad"))),
    *(Attempt(f"{kind}-passthru", "virt_link", {"name": "test0", "kind": kind, "link": "eth0", "macvlan": {"mode": "passthru"}, **NONE},
              "test0 takes all that comes in by eth0") for kind in ("macvlan", "macvtap")),
]
NETWORKS = [
    *(subnet(mode, length) for mode, length in (("nat", 25), ("route", 28), ("open", 30), ("isolated", 25))),
    *(beyond(mode, subnet) for mode, subnet in (("nat", "198.51.100.0/25"), ("isolated", f"{PEER}/32"))),
]
SEVERAL = [
    Attempt("several-address-route", "virt_host", {"links": [{"name": "eth0", "addresses": [NOBODY], **NONE},
            {"name": "test0", "kind": "dummy", "routes": [{"dst": f"{PEER}/32"}], **NONE}]}, f"{FOUR} goes from eth0"),
    Attempt("several-network-bridge", "virt_host", {
        "bridges": [{"name": "test0", "addresses": [NOBODY], "ports": [PORT], "takeover": True}, {"name": "test1", "addresses": [f"{PEER}/32"]}],
        "taps": [{"name": "test2"}],
        "networks": [{"name": "lockout", "forward": {"mode": "nat"}, "ips": [{"address": "10.70.0.1/24"}]}],
        "links": [{"name": "eth0", "addresses": [], "routes": [], "takeover": True}]}, "eth0 becomes a port of test0"),
]
#: what is filtered, or led elsewhere
ZONES = [{"name": "lan", "devices": ["eth0"]}, {"name": "all", "subnets": ["0.0.0.0/0", "::/0"]}, {"name": "host", "host": True}]
DROPPING = {"src": "lan", "dst": "host", "default": "accept", "rules": [{"protocol": "tcp", "ports": ["1-1000"], "saddr": [f"{PEER}/32"], "action": "drop"}]}
FILTERS = [
    *(Attempt(f"{way}-firewall-{src}-{default}", "virt_firewall",
              {"name": "lockout", "zones": [zone for zone in ZONES if zone["name"] in (src, "host")],
               "policies": [{"src": src, "dst": "host", "default": default}]},
              f"policy {src} to host would {default} new connections from", way)
      for way, src, default in (("four", "lan", "drop"), ("six", "lan", "reject"), ("beyond", "all", "drop"), ("six", "all", "drop"))),
    Attempt("firewall-rule", "virt_firewall", {"name": "lockout", "zones": [ZONES[0], ZONES[2]], "policies": [DROPPING]},
            f"policy lan to host would drop new connections from {PEER}"),
    Attempt("nat-forward", "virt_nat", {"name": "lockout", "subnets": ["10.70.0.0/24"], "forwards": [{"port": "20-30", "to": "10.70.0.10"}]},
            f"leads new connections to {ADDRESS} port 22 on to 10.70.0.10"),
    Attempt("nat-netmap", "virt_nat", {"name": "lockout", "subnets": ["10.70.0.0/24"], "netmap": [{"inside": "10.70.0.0/24", "outside": "198.51.100.0/24"}]},
            "netmap of 198.51.100.0/24 leads what is for"),
]
ATTEMPTS = [
    *(Attempt(f"short-{number}", *cut) for number, cut in enumerate(CUTS)),
    *SUBNETS, *OWN, *ADDRESSES, *ROUTES, *BRIDGES, *UPLINKS, *BONDS, *LATER, *PORTS, *ABOVE, *NETWORKS, *FILTERS, *SEVERAL,
]
#: those that are tried on a host with NetworkManager, too
AGAIN = ("four-no-address", "four-subnet-29", "four-route-25", "four-down", "bridge-pvid-99", "bridge-no-address", "uplink-no-address", "uplink-neighbour",
         "uplink-pvid", "bond-down-802.3ad", "vlan-7-802.1Q", "four-firewall-lan-drop", "several-network-bridge")
#: those that are none but there: it gives a subnet's route a metric, where the kernel gives none
METRICS = [dummy("subnet-24", TAKES, addresses=["198.51.100.2/24"])]
