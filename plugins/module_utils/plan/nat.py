# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about translations of addresses. Pure: everything that is known of the host comes in as arguments."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ..errors import UnsupportedError, ValidationError, about
from ..model.door import DNAT, IN
from ..model.nat import clash, overlap
from ..model.table import TableState
from ..model.values import ip_address, ip_network
from . import coexist
from .plan import NO_OTHERS, Grip, translation
from .table_steps import definition_of, item_of, unbooted

#: what a host needs to pass packets on, by IP's version
FORWARDING = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}
#: what tells whether the kernel hears routers by a device: 2 is also while it passes packets on itself
ADVERTISED = "net/ipv6/conf/{}/accept_ra"
#: forward modes in which libvirt rejects what this module would let in, with what it says of each
REJECTING = {"nat": "libvirt translates for it already, and rejects whatever comes in by itself",
             "isolated": "libvirt rejects whatever leaves it and comes in"}


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
            items.append(_item(each, observed[each.name], networks, after, context, others))
    return items


def _item(wanted, state, networks, after, context, others):
    target, warnings, lasting = None, (), ()
    if wanted.state != "absent":
        subnets = _subnets(wanted.data, networks)
        _check_masquerade(wanted.data, subnets)
        _check_targets(wanted.data, subnets, networks)
        _check_inside(wanted.data, subnets)
        _check_others(wanted, subnets, networks, after)
        doors, lasting = _doors(wanted.data, state, subnets, networks, context, others)
        target = replace(_target(wanted, state, subnets, context), doors=doors)
        warnings = (*unbooted(context), *_hidden(wanted.data, context.listening if wanted.data.forwards else ()))
    return replace(item_of(wanted, state, target, warnings, lasting), had=_grip(state), has=_grip(target))


def _doors(data, state, subnets, networks, context, others):
    """What coexist.doors() gives for the bridges of a Nat's network and subnets. Where it translates, nobody else needs to come in but by that."""
    if not data.coexist:
        return (), ()
    known = coexist.bridges(networks, context, others)
    own = definition_of(networks.get(data.network))
    named = [name for name, addresses in known.items() if own is not None and name == own.bridge_name
             or any(overlap(ipaddress.ip_interface(each).network, subnet) for each in addresses for subnet in subnets)]
    return coexist.doors(state, data, (list(coexist.around(named, networks, known, comes(data))), data.devices or ()), context)


def comes(data):
    """What comes in to those that a Nat is for, as model/door.py has it: where they leave by another address, nothing but what is led to them."""
    if not (data.masquerades or data.snat or data.netmap):
        return IN
    return DNAT if data.forwards or data.netmap else ""


def _grip(state):
    network = state.data.network if state is not None else None
    return Grip(holds=frozenset({translation(network)} if network is not None else ()))


def _target(wanted, state, subnets, context):
    versions = sorted({each.version for each in subnets})
    hearing = _hearing(state, context) if 6 in versions else ()
    settings = (*((name, 2) for name in hearing), *((FORWARDING[version], 1) for version in versions))
    found = tuple((name, context.setting(name)) for name, unused in settings)
    lacking = next((name for name, value in found if value is None), None)
    if lacking is not None:
        version = next(version for version, name in FORWARDING.items() if name == lacking)
        raise UnsupportedError(f"this host's kernel has no {lacking}, as IPv{version} is off: leave subnets of IPv{version} out, or have the host boot with it")
    return TableState(wanted.kind, wanted.name, wanted.data, context.rules(wanted.name, wanted.data, subnets, wanted.lab), wanted.lab,
                      settings=settings, found=found)


def _hearing(state, context):
    """Names of the settings by which the kernel goes on to hear routers: those of devices where it did, and those that are stored, as routers come and go.

    They come before forwarding: as that begins, the kernel drops the routes that it heard of by all other devices. Where it was told to hear none somebody
    else listens, such as networkd, and is left to it.
    """
    heard = {name for name in map(ADVERTISED.format, context.advertised) if context.setting(name)}
    held = {name for name, unused in state.settings if name not in FORWARDING.values()} if state is not None else set()
    return sorted(heard | {name for name in held if context.setting(name) is not None})


def _subnets(data, networks):
    """All subnets that a Nat is for. Raises ValidationError where its network has none that can be translated."""
    found = _known(data, networks)
    if data.network is None:
        return found
    definition = definition_of(networks.get(data.network))
    if definition is None:
        raise ValidationError("network", data.network, "no such network", "make it first, or in the same task of virt_host, or give subnets")
    if definition.mode in REJECTING:
        raise ValidationError("network", data.network, f"its forward mode is {definition.mode}: {REJECTING[definition.mode]}",
                              "make its forward mode open, which leaves both to this module")
    if not found:
        raise ValidationError("network", data.network, "has no addresses", "give it ips, or give subnets")
    return found


def _check_masquerade(data, subnets):
    """Raise ValidationError where nothing would be masqueraded that somebody asked for."""
    if data.masquerade and not data.ipv6 and all(each.version == 6 for each in subnets):
        raise ValidationError("masquerade", True, "all subnets are of IPv6, which is not masqueraded unless that is said", "say ipv6: true, or leave it out")


def _known(data, networks):
    """The subnets of a Nat, as far as its network is there. One that is gone, or that libvirt translates by now, is for its own task to complain of."""
    definition = definition_of(networks.get(data.network))
    own = [each.network for each in definition.interfaces] if definition is not None and definition.mode != "nat" else []
    return list(dict.fromkeys([*map(ip_network, data.subnets), *own]))


def _check_targets(data, subnets, networks):
    """Raise ValidationError for a forward that leads nowhere, or into a network that lets nothing in."""
    rejecting = [(each.network, name, definition.mode) for name, state in networks.items() for definition in [definition_of(state)]
                 if definition is not None and definition.mode in REJECTING for each in definition.interfaces]
    for number, forward in enumerate(data.forwards):
        to = ip_address(forward.to)
        name, mode = next(((name, mode) for subnet, name, mode in rejecting if to in subnet), (None, None))
        if name is not None:
            raise ValidationError(f"forwards[{number}].to", forward.to, f"is in network {name}, whose forward mode is {mode}: libvirt rejects what comes in",
                                  "make that network's forward mode open, and give this module network or subnets, so that it translates for it")
        if not any(to in subnet for subnet in subnets):
            raise ValidationError(f"forwards[{number}].to", forward.to, f"is in none of {', '.join(map(str, subnets))}",
                                  "name a guest there, or add its subnet")


def _check_inside(data, subnets):
    """Raise ValidationError for what nothing of these subnets would get: one to one of others, and addresses of a version of IP that they have none of."""
    for number, pair in enumerate(data.netmap):
        inside = ip_network(pair.inside)
        if not any(inside.version == subnet.version and inside.subnet_of(subnet) for subnet in subnets):
            raise ValidationError(f"netmap[{number}].inside", pair.inside, f"is in none of {', '.join(map(str, subnets))}", "name a part of these, or add it")
    versions = {subnet.version for subnet in subnets}
    for number, given in enumerate(data.snat):
        version = ip_address(given.partition("-")[0]).version
        if version not in versions:
            raise ValidationError(f"snat[{number}]", given, f"there is no subnet of IPv{version}", "leave it out, or add such a subnet")


def _hidden(data, listening):
    """Warnings of what the host itself listens to, and is not asked for any more."""
    for number, forward in enumerate(data.forwards):
        first, last = forward.listening
        here = sorted(f"{address} port {port}" for protocol, address, port in listening
                      if protocol == forward.transport and first <= port <= last and _heard(address, forward))
        if here:
            yield (f"forwards[{number}]: the host itself listens to {', '.join(here)}, which whoever this forward is for does not reach any more; "
                   f"{'give listen, an address that it does not listen to, or ' if forward.listen is None else ''}choose another port, if that is not meant")


def _heard(address, forward):
    """True for an address that is listened to where a forward leads elsewhere; what the host says to itself by 127.0.0.1 and ::1 is not forwarded."""
    if address == "*":
        return True
    own = ip_address(address)
    met = own.is_unspecified or not own.is_loopback and (forward.listen is None or ip_address(forward.listen) == own)
    return own.version == forward.version and met


def _check_others(wanted, subnets, networks, after):
    """Raise ValidationError for what another resource translates already. ``after`` is {name: Nat} of all that are there once the plan is done."""
    for name, other in after.items():
        if name == wanted.name:
            continue
        met = clash(wanted.data.forwards, other.forwards)
        if met is not None:
            raise ValidationError(f"forwards[{met[0]}]", str(wanted.data.forwards[met[0]]), f"nat {name} has {met[1]} lead to {met[1].to}",
                                  "let each port of an address lead to one place")
        theirs = _known(other, networks)
        for subnet in subnets:
            taken = next((each for each in theirs if overlap(each, subnet)), None)
            if taken is not None:
                option, value = ("subnets", str(subnet)) if str(subnet) in wanted.data.subnets else ("network", wanted.data.network)
                raise ValidationError(option, value, f"{'' if option == 'subnets' else f'its subnet {subnet} '}overlaps {taken} of nat {name}",
                                      "let each subnet be one resource's")
        for number, pair in enumerate(wanted.data.netmap):
            taken = next((each.outside for each in other.netmap if overlap(each.outside, pair.outside)), None)
            if taken is not None:
                raise ValidationError(f"netmap[{number}].outside", pair.outside, f"overlaps {taken}, which nat {name} leads elsewhere",
                                      "let each address outside lead to one place")
