# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about policies between zones. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError, about
from ..model.firewall import Members
from ..model.table import TableState
from ..model.values import COMPARED
from . import coexist
from .plan import NO_OTHERS
from .table_steps import definition_of, item_of, unbooted

#: forward modes of libvirt's that reject, whatever is accepted elsewhere, what others begin, and what their own guests begin towards others
REJECTING = {"src": ("isolated",), "dst": ("nat", "isolated")}


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedTable over {name: TableState or None}.

    ``context`` describes the rest of the host: ``networks`` (NetworkStates of all networks by name), ``records`` (of all that was stored of this kind, by
    name), ``rules(name, data, zones, lab)`` (what nft(8) is to read), ``bridges`` ({name: addresses} of the host's), ``ports`` ({name: device that it is a port
    of}), ``boots`` (whether somebody loads what is stored at boot), ``chains``, ``passing`` and ``leading`` (see
    coexist.py). ``others`` is what the plan does beside them.
    """
    networks = {name: state for name, state in {**context.networks, **dict(others.networks)}.items() if definition_of(state) is not None}
    bridges = coexist.bridges(networks, context, others)
    stored = {name: record.state.data for name, record in context.records.items()}
    after = {name: data for name, data in {**stored, **{each.name: each.data for each in wanted}}.items() if data is not None}
    items = []
    for each in wanted:
        with about(f"firewall {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], networks, bridges, after, context))
    return items


def _item(wanted, state, networks, bridges, after, context):
    target, warnings, lasting = None, (), ()
    if wanted.state != "absent":
        zones = {zone.name: _members(zone, _named(number, zone, networks), bridges) for number, zone in enumerate(wanted.data.zones)}
        _check_zones(wanted.data, zones)
        _check_others(wanted, zones, networks, bridges, after)
        doors, lasting = _doors(wanted.data, state, zones, networks, bridges, context)
        target = TableState(wanted.kind, wanted.name, wanted.data, context.rules(wanted.name, wanted.data, zones, wanted.lab), wanted.lab,
                            whom=zones, doors=doors)
        warnings = (*unbooted(context), *_below(wanted.data, zones, context.ports), *_in_vain(wanted.data, zones, networks))
    return item_of(wanted, state, target, warnings, lasting)


def _doors(data, state, zones, networks, bridges, context):
    """What coexist.doors() gives for the bridges of the zones, towards NICs and each other as policies have it."""
    if not data.coexist:
        return (), ()
    named = [bridge for members in zones.values() for bridge in members.bridges]
    towards = {bridge: [other for policy in data.policies if bridge in zones[policy.src].bridges for other in zones[policy.dst].bridges if other != bridge]
               for bridge in named}
    nics = [device for members in zones.values() for device in members.devices if device not in members.bridges]
    return coexist.doors(state, data, (list(coexist.around(named, networks, bridges, towards=towards)), nics), context)


def _members(zone, found, bridges):
    """The Members of a zone on this host. ``found`` are names of its networks' bridges."""
    both = tuple(dict.fromkeys([*(zone.devices or ()), *found]))
    own = tuple(each for each in both if each in bridges or each in found)
    bare = tuple(each for each in own if not bridges.get(each, ("not known",)))
    return Members(both, tuple(map(ipaddress.ip_network, zone.subnets or ())), own, bare, bool(zone.host))


def _named(number, zone, networks):
    """Names of the bridges of a zone's networks. Raises ValidationError where one has none."""
    found, path = [], f"zones[{number}].networks"
    for name in zone.networks or ():
        definition = definition_of(networks.get(name))
        if definition is None:
            raise ValidationError(path, name, "no such network", "make it first, or in the same task of virt_host")
        if definition.bridge_name is None or "%d" in definition.bridge_name:
            why = "libvirt has not chosen its bridge yet" if definition.owns_bridge else f"its forward mode {definition.mode} has no bridge"
            raise ValidationError(path, name, why, "give the network's bridge a name" if definition.owns_bridge else "give devices or subnets instead")
        try:
            found.append(COMPARED.canonical(definition.bridge_name))
        except ValueError as err:
            raise ValidationError(path, name, f"its bridge is {definition.bridge_name!r}, which {err}", "give the network's bridge another name") from err
    return found


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
        if name == wanted.name:
            continue
        theirs = {zone.name: _members(zone, _known(zone, networks), bridges) for zone in other.zones}
        meeting = {mine: {held: both for held, members in theirs.items() if (both := zones[mine].meets(members))} for mine in zones}
        decided = {(held.src, held.dst) for held in other.policies}
        for number, policy in enumerate(wanted.data.policies):
            for begin, source in meeting[policy.src].items():
                target = next((target for end, target in meeting[policy.dst].items() if (begin, end) in decided), None)
                if target:
                    raise ValidationError(f"policies[{number}]", str(policy), f"firewall {name} decides already about what {source} begins towards {target}",
                                          "let one resource decide about each")


def _known(zone, networks):
    """Names of the bridges of another resource's zone's networks, of those that have one: what became of these is that resource's next task's to tell."""
    definitions = [definition_of(networks.get(name)) for name in zone.networks or ()]
    return [each.bridge_name for each in definitions if each is not None and each.bridge_name]


def _below(data, zones, ports):
    """Warnings of devices by which nft(8) sees nothing come or go."""
    said = {end for policy in data.policies for end in (policy.src, policy.dst)}
    for number, zone in enumerate(data.zones):
        for device in zones[zone.name].devices:
            if zone.name in said and device in ports:
                yield (f"zones[{number}]: {device} is a port of {ports[device]}, by which its packets come and go; no policy is about them unless "
                       f"{ports[device]} is of the zone")


def _in_vain(data, zones, networks):
    """Warnings of what is accepted, and rejected by libvirt."""
    owned = {definition.bridge_name: (name, definition.mode) for name, state in networks.items() for definition in [definition_of(state)]
             if definition.owns_bridge and definition.bridge_name}
    for policy in data.policies:
        accepts = policy.otherwise == "accept" or any(rule.verdict == "accept" for rule in policy.rules)
        if not accepts or policy.src == policy.dst or zones[policy.src].host or zones[policy.dst].host:
            continue
        for end, what in (("src", "leaves"), ("dst", "comes into")):
            for name, mode in (owned[device] for device in zones[getattr(policy, end)].devices if device in owned):
                if mode in REJECTING[end]:
                    yield (f"policy {policy}: libvirt rejects what {what} network {name}, whose forward mode is {mode}, whatever is accepted here; "
                           "forward modes open and route let it pass")
