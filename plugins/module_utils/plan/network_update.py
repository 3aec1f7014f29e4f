# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that a running network takes without a restart, in virsh net-update's words. Pure, as all plans.

Source: libvirt's src/conf/network_conf.c (virNetworkDefUpdate...) and networkUpdate in src/network/bridge_driver.c, 9.0 to 11.3.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import Any

from ..model.network import OWNING, Network
from ..model.services import Dhcp, Dns, DnsHost

#: what an update of a section costs: dnsmasq reads its files again, or is started anew, for some are part of its configuration
COSTS = {
    "ip-dhcp-host": "live", "ip-dhcp-range": "dnsmasq", "dns-host": "live", "dns-txt": "dnsmasq", "dns-srv": "dnsmasq", "portgroup": "live",
    "forward-interface": "live",
}


@dataclass(frozen=True)
class Update:
    """One call of virNetworkUpdate. ``parent`` is the number of the <ip> that the section is in, -1 for others; ``element`` a part of a Network.

    ``field`` is the path of the list that it changes.
    """

    command: str
    section: str
    parent: int
    element: Any
    field: str
    cost: str


def updates_between(live: Network, target: Network):
    """The Updates that turn a live definition into another, deletes first; None where only a restart does."""
    if _with_lists_of(live, target) != target:
        return None
    parts = [_dhcp(live, target), _dns_hosts(live, target), _records(live, target), _portgroups(live, target), _interfaces(live, target)]
    if None in parts:
        return None
    return tuple(sorted((update for part in parts for update in part), key=lambda update: update.command != "delete"))


def nearest(live: Network, target: Network):
    """What of ``target`` a live definition can become without a restart: ``live`` itself where nothing can."""
    reached = _with_lists_of(live, target)
    return live if reached is None or updates_between(live, reached) is None else reached


def _with_lists_of(live, target):
    """``live`` with the lists of ``target`` that can be updated; what then still differs cannot."""
    if len(live.ips) != len(target.ips):
        return None
    ips = tuple(replace(old, dhcp=_nothing(replace(old.dhcp or Dhcp(), **_lists(new.dhcp or Dhcp(), "ranges", "hosts")), Dhcp()))
                for old, new in zip(live.ips, target.ips))
    dns = _nothing(replace(live.dns or Dns(), **_lists(target.dns or Dns(), "hosts", "txts", "srvs")), Dns())
    forward = live.forward
    if forward and target.forward and live.mode not in OWNING:
        forward = replace(forward, **_lists(target.forward, "interfaces", "dev"))
    return replace(live, ips=ips, dns=dns, portgroups=target.portgroups, forward=forward)


def _lists(value, *names):
    return {name: getattr(value, name) for name in names}


def _nothing(value, empty):
    return None if value == empty else value


def _changes(section, field, old, new, parent=-1, cost=None):
    """Updates that turn one list into another by deleting and adding."""
    gone, come = list((Counter(old) - Counter(new)).elements()), list((Counter(new) - Counter(old)).elements())
    return [Update(command, section, parent, each, field, cost or COSTS[section])
            for command, members in (("delete", gone), ("add-last", come)) for each in members]


def _repeats(members, *names):
    """True where two members have a value in common in one of the fields."""
    return any(count > 1 for name in names for value, count in Counter(getattr(member, name) for member in members).items() if value is not None)


def _dhcp(live, target):
    found = []
    serving = [any(_serves(ip.dhcp) for ip in definition.ips if ":" not in (ip.address or "")) for definition in (live, target)]
    for number, (before, after) in enumerate(zip(live.ips, target.ips)):
        old, new = before.dhcp or Dhcp(), after.dhcp or Dhcp()
        path = f"ips[{after.address}].dhcp"
        if _repeats(old.hosts, "mac", "name", "ip") or _repeats(new.hosts, "mac", "name", "ip"):
            return None
        ranges = _changes("ip-dhcp-range", f"{path}.ranges", old.ranges, new.ranges, number)
        # libvirt starts dnsmasq anew where the first or last host makes DHCP begin or end, for IPv4 alone
        if ":" in (after.address or "") and not ranges and _serves(old) != _serves(new):
            return None
        found += ranges + _changes("ip-dhcp-host", f"{path}.hosts", old.hosts, new.hosts, number, "live" if serving[0] == serving[1] else "dnsmasq")
    return found


def _serves(dhcp):
    return dhcp is not None and bool(dhcp.ranges or dhcp.hosts)


def _dns_hosts(live, target):
    """A record is found by its address or any of its names, so one that shares either with another can be neither added nor told apart."""
    old, new = (definition.dns.hosts if definition.dns else () for definition in (live, target))
    found = _changes("dns-host", "dns.hosts", old, new)
    if found and any(_ambiguous(hosts) for hosts in (old, new)):
        return None
    return [replace(each, element=DnsHost(ip=each.element.ip)) if each.command == "delete" else each for each in found]


def _ambiguous(hosts):
    return _repeats(hosts, "ip") or any(count > 1 for count in Counter(name for host in hosts for name in host.hostnames).values())


def _records(live, target):
    old, new = live.dns or Dns(), target.dns or Dns()
    txts = _changes("dns-txt", "dns.txts", old.txts, new.txts)
    srvs = _changes("dns-srv", "dns.srvs", old.srvs, new.srvs)
    if txts and (_repeats(old.txts, "name") or _repeats(new.txts, "name")):
        return None
    if srvs and any(_matches(one, other) for records in (old.srvs, new.srvs) for one in records for other in records if one is not other):
        return None
    return txts + srvs


def _matches(one, other):
    """True where libvirt takes ``one`` for ``other``: all that it says, the other says too."""
    return all(getattr(one, each.name) in (None, getattr(other, each.name)) for each in fields(one))


def _portgroups(live, target):
    old, new = ({group.name: group for group in definition.portgroups} for definition in (live, target))
    if len(old) < len(live.portgroups) or len(new) < len(target.portgroups):
        return None

    def update(command, group):
        return Update(command, "portgroup", -1, group, "portgroups", COSTS["portgroup"])

    changed = [update("modify" if name in old else "add-last", group) for name, group in new.items() if old.get(name) != group]
    return [update("delete", group) for name, group in old.items() if name not in new] + changed


def _interfaces(live, target):
    """Their order counts, and new ones come last."""
    old, new = (definition.forward.interfaces if definition.forward else () for definition in (live, target))
    if old == new:
        return []
    kept = [each for each in old if each in new]
    if list(new[: len(kept)]) != kept:
        return None
    return _changes("forward-interface", "forward.interfaces", old, new)
