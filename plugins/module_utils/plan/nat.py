# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about translations of addresses. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError, about
from ..model.nat import clashes
from ..model.table import TableState, report
from .plan import NO_OTHERS, Grip, Item, translation
from .table_steps import changes_between, steps_between

#: what a host needs to pass packets on, by IP's version; and to go on to hear routers then
FORWARDING = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}
ADVERTISED = "net/ipv6/conf/{}/accept_ra"


def items_of(wanted, observed, context, others=NO_OTHERS):
    """Items for a list of WantedTable over {name: TableState or None}.

    ``context`` describes the rest of the host: ``networks`` (NetworkStates of all networks by name), ``records`` (of all that was stored of this kind, by
    name), ``rules(name, data, subnets, lab)`` (what nft(8) is to read), ``setting(name)`` (of sysctl(8)), ``advertised`` (devices with routes that the kernel
    heard of from a router), ``boots`` (whether somebody loads what is stored at boot). ``others`` is what the plan does beside them.
    """
    networks = {**context.networks, **dict(others.networks)}
    given = {each.name: each.data for each in wanted}
    stored = {name: record.state.data for name, record in context.records.items()}
    after = {name: data for name, data in {**stored, **given}.items() if data is not None}
    items = []
    for each in wanted:
        with about(f"nat {each.name}" if len(wanted) > 1 else ""):
            items.append(_item(each, observed[each.name], networks, after, context))
    return items


def _item(wanted, state, networks, after, context):
    target, warnings = None, ()
    if wanted.state != "absent":
        subnets = _subnets(wanted.data, networks)
        _check_targets(wanted.data, subnets, networks)
        _check_others(wanted, subnets, networks, after)
        target = _target(wanted, subnets, context)
        warnings = () if context.boots else ("systemd does not run here, and nobody else loads these rules at boot",)
    steps = steps_between(state, target)
    before = report(state)
    return Item(wanted.family, wanted.kind, wanted.name, state, target, before, report(target) if steps else before, steps,
                tuple(changes_between(state, target, steps)), warnings=warnings if steps else (),
                had=_grip(state), has=_grip(target))


def _grip(state):
    network = state.data.network if state is not None else None
    return Grip(holds=frozenset({translation(network)} if network is not None else ()))


def _target(wanted, subnets, context):
    versions = sorted({each.version for each in subnets})
    settings = {FORWARDING[version]: 1 for version in versions}
    if 6 in versions:  # who forwards hears no routers any more unless that is said
        settings.update({ADVERTISED.format(name): 2 for name in context.advertised})
    found = tuple((name, context.setting(name)) for name in sorted(settings))
    return TableState(wanted.kind, wanted.name, wanted.data, context.rules(wanted.name, wanted.data, subnets, wanted.lab), wanted.lab,
                      settings=tuple(sorted(settings.items())), found=found)


def _subnets(data, networks):
    """All subnets that a Nat is for."""
    found = [ipaddress.ip_network(each) for each in data.subnets or ()]
    if data.network is None:
        return found
    definition = _definition(networks.get(data.network))
    if definition is None:
        raise ValidationError("network", data.network, "no such network", "make it first, or in the same task of virt_host, or give subnets")
    if definition.mode == "nat":
        raise ValidationError("network", data.network, "its forward mode is nat: libvirt translates for it already, and rejects whatever comes in by itself",
                              "make its forward mode open, which leaves both to this module")
    own = [each.network for each in definition.interfaces]
    if not own and not found:
        raise ValidationError("network", data.network, "has no addresses", "give it ips, or give subnets")
    return list(dict.fromkeys([*found, *own]))


def _held(data, networks):
    """The subnets of another Nat. One whose network is gone, or is translated by libvirt by now, is for its own task to complain of."""
    definition = _definition(networks.get(data.network))
    own = definition.interfaces if definition is not None and definition.mode != "nat" else ()
    return [*(ipaddress.ip_network(each) for each in data.subnets or ()), *(each.network for each in own)]


def _definition(state):
    return (state.live or state.stored) if state is not None else None


def _check_targets(data, subnets, networks):
    """Raise ValidationError for a forward that leads nowhere, or into a network that lets nothing in."""
    natted = {each.network: name for name, state in networks.items() for definition in [_definition(state)] if definition is not None
              and definition.mode == "nat" for each in definition.interfaces}
    for number, forward in enumerate(data.forwards):
        to = ipaddress.ip_address(forward.to)
        name = next((name for subnet, name in natted.items() if to.version == subnet.version and to in subnet), None)
        if name is not None:
            raise ValidationError(f"forwards[{number}].to", forward.to, f"is in network {name}, whose forward mode is nat: libvirt rejects what comes in",
                                  "make that network's forward mode open, and give this module network or subnets, so that it translates for it")
        if not any(to.version == subnet.version and to in subnet for subnet in subnets):
            raise ValidationError(f"forwards[{number}].to", forward.to, f"is in none of {', '.join(map(str, subnets))}",
                                  "name a guest there, or add its subnet")


def _check_others(wanted, subnets, networks, after):
    """Raise ValidationError for what another resource translates already. ``after`` is {name: Nat} of all that are there once the plan is done."""
    for name, other in after.items():
        if name == wanted.name:
            continue
        for number, forward in clashes(wanted.data.forwards, other.forwards):
            raise ValidationError(f"forwards[{number}]", str(wanted.data.forwards[number]), f"nat {name} has {forward} lead to {forward.to}",
                                  "let each port of an address lead to one place")
        theirs = _held(other, networks)
        for subnet in subnets:
            taken = next((each for each in theirs if each.version == subnet.version and each.overlaps(subnet)), None)
            if taken is not None:
                raise ValidationError("subnets", str(subnet), f"overlaps {taken} of nat {name}", "let each subnet be one resource's")
