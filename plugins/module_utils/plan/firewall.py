# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about policies between zones. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError, about
from ..model.firewall import Members
from ..model.table import TableState
from .plan import NO_OTHERS
from .table_steps import definition_of, item_of, unbooted

#: forward modes of libvirt's that reject what others begin, whatever is accepted elsewhere
REJECTING = ("nat", "isolated")


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedTable over {name: TableState or None}.

    ``context`` describes the rest of the host: ``networks`` (NetworkStates of all networks by name), ``records`` (of all that was stored of this kind, by
    name), ``rules(name, data, zones, lab)`` (what nft(8) is to read), ``bridges`` (names of the host's), ``boots`` (whether somebody loads what is stored at
    boot). ``others`` is what the plan does beside them.
    """
    networks = {**context.networks, **dict(others.networks)}
    bridges = context.bridges | others.coming
    stored = {name: record.state.data for name, record in context.records.items()}
    after = {name: data for name, data in {**stored, **{each.name: each.data for each in wanted}}.items() if data is not None}
    items = []
    for each in wanted:
        with about(f"firewall {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], networks, bridges, after, context))
    return items


def _item(wanted, state, networks, bridges, after, context):
    target, warnings = None, ()
    if wanted.state != "absent":
        zones = {zone.name: _members(number, zone, networks, bridges) for number, zone in enumerate(wanted.data.zones)}
        _check_zones(wanted.data, zones)
        _check_others(wanted, zones, networks, bridges, after)
        target = TableState(wanted.kind, wanted.name, wanted.data, context.rules(wanted.name, wanted.data, zones, wanted.lab), wanted.lab,
                            whom=zones)
        warnings = (*unbooted(context), *_in_vain(wanted.data, networks))
    return item_of(wanted, state, target, warnings)


def _members(number, zone, networks, bridges):
    """The Members of a zone on this host."""
    devices, found = list(zone.devices or ()), []
    for name in zone.networks or ():
        definition, path = definition_of(networks.get(name)), f"zones[{number}].networks"
        if definition is None:
            raise ValidationError(path, name, "no such network", "make it first, or in the same task of virt_host")
        if definition.bridge_name is None or "%d" in definition.bridge_name:
            why = "libvirt has not chosen its bridge yet" if definition.owns_bridge else f"its forward mode {definition.mode} has no bridge"
            raise ValidationError(path, name, why, "give the network's bridge a name" if definition.owns_bridge else "give devices or subnets instead")
        found.append(definition.bridge_name)
    both = tuple(dict.fromkeys([*devices, *found]))
    own = tuple(each for each in both if each in bridges or each in found)
    return Members(both, tuple(map(ipaddress.ip_network, zone.subnets or ())), own, bool(zone.host))


def _check_zones(data, zones):
    """Raise ValidationError for what belongs to two zones."""
    names = list(zones)
    for number, name in enumerate(names):
        for other in names[:number]:
            both = zones[name].meets(zones[other])
            if both:
                raise ValidationError(f"zones[{number}]", name, f"{both} belongs to zone {other} as well", "let each be of one zone")


def _check_others(wanted, zones, networks, bridges, after):
    """Raise ValidationError where another resource decides about the same. ``after`` is {name: Firewall} of all that are there once the plan is done."""
    for name, other in after.items():
        if name == wanted.name or any(each not in networks or networks[each] is None for zone in other.zones for each in zone.networks or ()):
            continue
        theirs = {zone.name: _members(number, zone, networks, bridges) for number, zone in enumerate(other.zones)}
        for number, policy in enumerate(wanted.data.policies):
            for held in other.policies:
                both = [zones[getattr(policy, end)].meets(theirs[getattr(held, end)]) for end in ("src", "dst")]
                if all(both):
                    raise ValidationError(f"policies[{number}]", str(policy), f"firewall {name} decides already about what {both[0]} begins towards {both[1]}",
                                          "let one resource decide about each")


def _in_vain(data, networks):
    """Warnings of what is accepted, and rejected by libvirt."""
    for policy in data.policies:
        accepts = policy.otherwise == "accept" or any(rule.verdict == "accept" for rule in policy.rules)
        if not accepts or data.zone(policy.src).host or policy.src == policy.dst:
            continue
        for name in data.zone(policy.dst).networks or ():
            mode = definition_of(networks[name]).mode
            if mode in REJECTING:
                yield (f"policy {policy}: libvirt rejects what comes into network {name}, whose forward mode is {mode}, whatever is accepted here; "
                       "forward modes open and route let it in")
