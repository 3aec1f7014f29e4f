# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs' rules do to our networks, and the narrowest remedy. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from typing import NamedTuple

from ..model import door
from ..model.passing import DROP, outcomes, reached

#: who wrote a base chain of iptables(8)'s, by its hook and a chain of the same table that only that one makes; or by the table
MAKERS = (
    ("docker", "forward", "DOCKER-USER"), ("ufw", "forward", "ufw-before-forward"), ("ufw", "forward", "ufw6-before-forward"),
    ("ufw", "input", "ufw-before-input"), ("ufw", "input", "ufw6-before-input"), ("libvirt", "forward", "LIBVIRT_FWO"),
)
TABLES = {"firewalld": "firewalld", "libvirt_network": "libvirt"}
#: Docker's program, by the family and name of the table that its rules are in
IPTABLES = {("ip", "filter"): "iptables", ("ip6", "filter"): "ip6tables",
            ("ip", "filter (legacy)"): "iptables-legacy", ("ip6", "filter (legacy)"): "ip6tables-legacy"}
#: addresses that no guest has, which stand for everybody else
ELSEWHERE = {4: "192.0.2.1", 6: "2001:db8:ffff::1"}


class Finding(NamedTuple):
    """What a neighbour does: which networks it breaks, in which way, why, and what to do about it."""

    neighbour: str
    networks: tuple
    what: str
    remedy: str


class Bridged(NamedTuple):
    """A network on this host: its name, its bridge, its forward mode, the subnets of its guests (as ipaddress has them), what they ask the host for, what comes
    in (model/door.py's IN, DNAT, or nothing), and bridges that its guests are to reach as well.
    """

    name: str
    bridge: str
    mode: str
    subnets: tuple
    asks: tuple = ()
    comes: str = ""
    towards: tuple = ()


def bridged(name, definition):
    """The Bridged of a network's definition."""
    ways = {4: door.DHCP, 6: door.DHCPV6}
    asks = (*(ways[family] for family in sorted(definition.dhcp_families)), *((door.DNS,) if definition.runs_dnsmasq else ()))
    comes = door.IN if definition.mode in ("route", "open") else ""
    return Bridged(name, definition.bridge_name, definition.mode, tuple(own.network for own in definition.interfaces), asks, comes)


class Packet(NamedTuple):
    """One that begins something: what that is in words and in model/door.py's, the device on the other side, its hook, and what is known of it."""

    begins: str
    what: str
    other: str
    hook: str
    facts: dict


def findings(networks, tables, settings, nics):
    """Findings for some networks (Bridged).

    ``tables`` is {(family, table): {name: Chain}}, ``settings`` {name of sysctl(8)'s: value}, ``nics`` names of devices that lead elsewhere.
    """
    found = {}
    for network, packet, chain, way in drops(networks, tables, settings, nics):
        found.setdefault((_maker(chain, tables), str(chain), packet.begins), []).append((network, way))
    return [*(_dropped(*key, affected) for key, affected in found.items()), *_bridged_frames(networks, settings), *_reverse(settings)]


def drops(networks, tables, settings, nics):
    """(Bridged, Packet, base chain that drops it for certain, Door by which it would pass or None) of whatever is dropped."""
    for network in networks:
        for packet in _packets(network, nics, settings):
            for chain in _dropping(packet, tables):
                program = IPTABLES.get((chain.family, chain.table))
                yield network, packet, chain, door.door(_maker(chain, tables), packet.what, network.bridge, packet.other, program)


def possible(networks, settings, nics):
    """All Doors that some networks might need, whatever is dropped."""
    programs = {"docker": tuple(IPTABLES.values())}
    found = (door.door(neighbour, packet.what, network.bridge, packet.other, program) for network in networks for packet in _packets(network, nics, settings)
             for neighbour in door.RULES for program in programs.get(neighbour, (None,)))
    return {each for each in found if each is not None}


def _packets(network, nics, settings):
    return (*_passed_on(network, nics, settings), *_asked(network))


def _begun(version, **facts):
    return {"version": str(version), "nfproto": f"ipv{version}", "state": "new", "status": "none", **facts}


#: what comes in, in words
COMES = {door.IN: "what others begin towards its guests", door.DNAT: "what is forwarded to its guests"}


def _passed_on(network, nics, settings):
    """Packets that a network's guests need the host to pass on."""
    for version in sorted({each.version for each in network.subnets} or {4}):
        guest = next((str(each.network_address + 2) for each in network.subnets if each.version == version), None)
        facts = _begun(version, protocol="tcp", reach="unicast")
        for other in (*nics, *network.towards) if network.mode in ("nat", "route", "open") else ():
            far = {} if other in network.towards else {"daddr": ELSEWHERE[version]}
            yield Packet("what its guests begin", door.OUT, other, "forward", {**facts, "iifname": network.bridge, "oifname": other, "saddr": guest, **far})
        for other in nics if network.comes else ():
            status = {"status": "dnat"} if network.comes == door.DNAT else {}
            yield Packet(COMES[network.comes], network.comes, other, "forward",
                         {**facts, **status, "iifname": other, "oifname": network.bridge, "saddr": ELSEWHERE[version], "daddr": guest})
        if settings.get(CALLS[version]):
            yield Packet("what its guests begin among themselves", door.OUT, network.bridge, "forward",
                         {**facts, "iifname": network.bridge, "oifname": network.bridge, "saddr": guest, "daddr": guest})


#: what a guest's question looks like: what it is, IP's version, and where it goes
QUESTIONS = {
    door.DHCP: ("its guests' DHCP", 4, {"saddr": "0.0.0.0", "daddr": "255.255.255.255", "sport": "68", "dport": "67", "reach": "broadcast"}),
    door.DHCPV6: ("its guests' DHCPv6", 6, {"saddr": "fe80::2", "daddr": "ff02::1:2", "sport": "546", "dport": "547", "reach": "multicast"}),
    door.DNS: ("its guests' DNS", None, {"dport": "53", "reach": "local"}),
}


def _asked(network):
    """Packets that ask the host for what it serves on a network."""
    for what in network.asks:
        begins, version, facts = QUESTIONS[what]
        for each in [version] if version else sorted({subnet.version for subnet in network.subnets}):
            subnet = next((subnet for subnet in network.subnets if subnet.version == each), None)
            ends = {"saddr": str(subnet.network_address + 2), "daddr": str(subnet.network_address + 1)} if version is None else {}
            yield Packet(begins, what, "", "input", _begun(each, protocol="udp", iifname=network.bridge, **ends, **facts))


#: whether bridged frames pass the firewall of IP, by IP's version
CALLS = {4: "net/bridge/bridge-nf-call-iptables", 6: "net/bridge/bridge-nf-call-ip6tables"}
FAMILIES = {"4": ("ip", "inet"), "6": ("ip6", "inet")}


def _dropping(packet, tables):
    """Base chains that would drop a packet on its way, for certain."""
    for (family, table), chains in tables.items():
        if family in FAMILIES[packet.facts["version"]] and not table.startswith("virtlab_"):
            bases = (chain for chain in chains.values() if (chain.hook, chain.type) == (packet.hook, "filter"))
            yield from (chain for chain in bases if outcomes(chain, packet.facts, chains) == {DROP})


def _maker(chain, tables):
    """Who made a base chain, as far as that is to be told: by a chain of that one's own that it leads to."""
    chains = tables[chain.family, chain.table]
    led = reached(chain, chains)
    makers = (maker for maker, hook, name in MAKERS if hook == chain.hook and name in led)
    return TABLES.get(chain.table) or next(makers, f"table {chain.family} {chain.table}")


def _dropped(maker, chain, begins, affected):
    names = tuple(dict.fromkeys(network.name for network, unused in affected))
    remedies = [str(way) if way else f"have {chain} accept packets by {network.bridge}, before it drops" for network, way in affected]
    return Finding(maker, names, f"{begins} is dropped by {chain}", "; ".join(dict.fromkeys(remedies)))


def _bridged_frames(networks, settings):
    """What br_netfilter comes to, beside what is dropped for it."""
    if any(settings.get(name) for name in CALLS.values()) and networks:
        off = " ".join(f"{name}=0" for name in CALLS.values())
        yield Finding("br_netfilter", tuple(each.name for each in networks),
                      "frames between guests on one bridge pass the firewall of IP, and a guest does not reach itself by a forward of the host's",
                      f"sysctl {off}, unless another program needs it, as Docker does for containers on one bridge")


def _reverse(settings):
    """What rp_filter comes to."""
    strict = sorted(name.split("/")[3] for name, value in settings.items() if name.endswith("/rp_filter") and value == 1)
    if strict:
        what = f"packets that come in by {', '.join(strict)} while their sender is reached another way are dropped in silence"
        yield Finding("rp_filter", (), what, "where a network has two ways, sysctl net/ipv4/conf/DEVICE/rp_filter=2")
