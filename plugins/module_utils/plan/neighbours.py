# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs' rules do to our networks, and the narrowest remedy. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

from typing import NamedTuple

from ..model.passing import DROP, verdict

#: who wrote a chain, by a chain of the same table that only that one makes, or by the table
MAKERS = (("docker", "DOCKER-USER"), ("ufw", "ufw-before-forward"), ("ufw", "ufw6-before-forward"), ("libvirt", "LIBVIRT_FWO"))
TABLES = {"firewalld": "firewalld", "libvirt_network": "libvirt"}
#: how each lets packets by a bridge pass, narrowly
DOORS = {
    "docker": "iptables -I DOCKER-USER -i {bridge} -j ACCEPT; iptables -I DOCKER-USER -o {bridge} -j ACCEPT",
    "ufw": "ufw route allow in on {bridge}; ufw route allow out on {bridge}",
    "firewalld": "firewall-cmd --permanent --zone=libvirt-routed --add-interface={bridge}; firewall-cmd --reload",
}
#: addresses that no guest has, which stand for everybody else
ELSEWHERE = {4: "192.0.2.1", 6: "2001:db8:ffff::1"}


class Finding(NamedTuple):
    """What a neighbour does: which networks it breaks, in which way, why, and what to do about it."""

    neighbour: str
    networks: tuple
    what: str
    remedy: str


class Bridged(NamedTuple):
    """A network on this host: its name, its bridge, its forward mode, and the subnets of its guests (as ipaddress has them)."""

    name: str
    bridge: str
    mode: str
    subnets: tuple


def findings(networks, tables, settings, nics):
    """Findings for some networks (Bridged).

    ``tables`` is {(family, table): {name: Chain}}, ``settings`` {name of sysctl(8)'s: value}, ``nics`` names of devices that lead elsewhere.
    """
    found = {}
    for network in networks:
        for direction, packet in _packets(network, nics, settings):
            for chain in _dropping(packet, tables):
                found.setdefault((_maker(chain, tables), str(chain), direction), []).append(network)
    return [*(_dropped(*key, affected) for key, affected in found.items()), *_bridged_frames(networks, settings), *_reverse(settings)]


def _packets(network, nics, settings):
    """(direction, facts of a packet that begins something) that a network's guests need."""
    nic = next(iter(nics), None)
    for version in sorted({each.version for each in network.subnets} or {4}):
        guest = next((str(each.network_address + 2) for each in network.subnets if each.version == version), None)
        facts = {"version": str(version), "nfproto": f"ipv{version}", "state": "new"}
        if nic is not None and network.mode in ("nat", "route", "open"):
            yield "what its guests begin", {**facts, "iifname": network.bridge, "oifname": nic, "saddr": guest, "daddr": ELSEWHERE[version]}
        if nic is not None and network.mode in ("route", "open"):
            yield "what others begin towards its guests", {**facts, "iifname": nic, "oifname": network.bridge, "saddr": ELSEWHERE[version], "daddr": guest}
        if settings.get(CALLS[version]):
            yield "what its guests begin among themselves", {**facts, "iifname": network.bridge, "oifname": network.bridge, "saddr": guest, "daddr": guest}


#: whether bridged frames pass the firewall of IP, by IP's version
CALLS = {4: "net/bridge/bridge-nf-call-iptables", 6: "net/bridge/bridge-nf-call-ip6tables"}
FAMILIES = {"4": ("ip", "inet"), "6": ("ip6", "inet")}


def _dropping(packet, tables):
    """Base chains that would drop a packet on its way through the host, for certain."""
    for (family, table), chains in tables.items():
        if family in FAMILIES[packet["version"]] and not table.startswith("virtlab_"):
            bases = (chain for chain in chains.values() if (chain.hook, chain.type) == ("forward", "filter"))
            yield from (chain for chain in bases if verdict(chain, packet, chains) == (DROP, True))


def _maker(chain, tables):
    """Who made a chain, as far as that is to be told."""
    chains = tables[chain.family, chain.table]
    return TABLES.get(chain.table) or next((maker for maker, name in MAKERS if name in chains), f"table {chain.family} {chain.table}")


def _dropped(maker, chain, direction, affected):
    names = tuple(dict.fromkeys(each.name for each in affected))
    door = DOORS.get(maker, f"have {chain} accept packets by {{bridge}}, before it drops")
    remedy = "; ".join(dict.fromkeys(door.format(bridge=each.bridge) for each in affected))
    return Finding(maker, names, f"{direction} is dropped by {chain}", remedy)


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
