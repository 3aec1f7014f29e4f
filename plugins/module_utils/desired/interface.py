# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the NIC that is wanted, or an error before anything is touched."""

from __future__ import annotations

from dataclasses import replace

from ..errors import UnsupportedError, ValidationError
from ..model.interface import GENERATED, SOURCES, USERS, Interface, WantedInterface, made_mac, source_of
from ..model.network_rules import check_bandwidth
from ..model.network_validate import unique
from ..model.option import Bag, read
from ..model.values import WORD

#: the least that the kernel takes for an MTU
SMALLEST = 68


def interface(params, mark, host):
    """The WantedInterface of one set of virt_interface's options. ``host.interfaces`` knows the guests."""
    given = read(Interface, params)
    domain = _domain(params, host)
    state, on_replug = params["state"], params["on_replug"]
    if domain is None:
        return WantedInterface(f"{params['domain']}/{given.alias or given.mac or 'its NIC'}", params["domain"], state=state, lab=mark)
    if state == "absent" and not domain.nics and not given.alias and not given.mac:  # its only NIC is gone already
        return WantedInterface(f"{domain.name}/its NIC", domain.name, state=state, lab=mark)
    held, name = _held(domain, given, state)
    if state == "absent":
        return WantedInterface(f"{domain.name}/{name}", domain.name, held=held, state=state, lab=mark)
    _check(given, domain, held)
    if held is None:
        given = _new(given, domain, host)
    return WantedInterface(f"{domain.name}/{name}", domain.name, given, held, state, mark, on_replug)


def _domain(params, host):
    """The Domain that is named; None where it is not there, and its NIC shall not be."""
    try:
        name = WORD.canonical(params["domain"])
    except ValueError as err:
        raise ValidationError("domain", params["domain"], str(err)) from err
    found = host.interfaces.domain(name)
    if found is None and params["state"] != "absent":
        names = ", ".join(sorted(host.interfaces.names)) or "none"
        raise ValidationError("domain", name, "no such guest", f"define it first; there are: {names}")
    return found


def _held(domain, given, state):
    """(the pair of NICs that is meant or None, the word by which it is known). Raises ValidationError where that is not certain."""
    if not given.alias and not given.mac:
        if len(domain.nics) != 1:
            raise ValidationError("mac", None, f"guest {domain.name} has {_listed(domain)}: which is meant is not said",
                                  "say mac or alias, by which it is found again; a guest's only NIC needs neither")
        return domain.nics[0], _mac(domain.nics[0])
    for name in filter(None, (given.alias, given.mac)):
        found = domain.found(name)
        if len(found) > 1:
            raise ValidationError("mac", name, f"guest {domain.name} has {len(found)} NICs of it", "say their alias")
        if found:
            return found[0], name
    return None, given.alias or given.mac


def _mac(pair):
    return next(each.mac for each in pair if each)


def _listed(domain):
    said = [each.mac if not each.alias else f"{each.mac} ({each.alias})" for pair in domain.nics for each in [pair[0] or pair[1]]]
    return f"the NICs {', '.join(said)}" if said else "no NIC"


def _check(given, domain, held):
    named = [name for name in SOURCES.values() if getattr(given, name) is not None]
    if len(named) > 1:
        raise ValidationError(named[1], getattr(given, named[1]), f"{named[0]} is given, too, and a NIC is attached to one thing", "leave one of them out")
    if held is None and not named:
        raise ValidationError("network", None, f"guest {domain.name} has no NIC {given.alias or given.mac}, and a new one is attached to something",
                              f"say network, bridge or dev; the guest has {_listed(domain)}")
    on = source_of(given) or next(each for each in held if each).source
    for name, kind in (("portgroup", "network"), ("mode", "direct")):
        if getattr(given, name) and on[0] != kind:
            raise ValidationError(name, getattr(given, name), f"is for a NIC on a {SOURCES[kind]}", f"leave it out, or say {SOURCES[kind]}")
    _check_alias(given, domain, held)
    _check_numbers(given)
    _check_filter(given, on)
    if given.target and given.target.startswith(GENERATED):
        raise ValidationError("target", given.target, f"libvirt gives names that begin with {', '.join(GENERATED)} itself, and forgets those of others",
                              "choose another, or leave it out")


def _check_alias(given, domain, held):
    if not given.alias or held is not None and given.alias in [each.label for each in held if each]:
        return
    if not given.alias.startswith(USERS):
        raise ValidationError("alias", given.alias, f"no NIC of guest {domain.name} has it, and aliases that users give begin with {USERS}",
                              f"say {USERS}{given.alias}")
    if domain.driver != "QEMU":
        raise UnsupportedError(f"alias is {given.alias!r}: guests of libvirt's driver {domain.driver} keep none that users give; say mac")


def _check_numbers(given):
    if given.mtu is not None and 0 < given.mtu < SMALLEST:
        raise ValidationError("mtu", given.mtu, f"must be {SMALLEST} or more, or 0 for the network's own")
    if given.vlan is not None:
        unique("vlan.tags", [tag.id for tag in given.vlan.tags])
        if given.vlan.trunk is not None and not given.vlan.tags:
            raise ValidationError("vlan.tags", [], "must hold at least one tag where vlan.trunk is given")
    if given.bandwidth is not None:
        check_bandwidth("bandwidth", given.bandwidth)


def _check_filter(given, on):
    if given.filterref is None:
        return
    if given.filterref.parameters and not given.filterref.filter:
        raise ValidationError("filterref.filter", None, "must be given with parameters")
    if given.filterref.filter and on[0] == "direct":
        raise ValidationError("filterref.filter", given.filterref.filter, "libvirt filters nothing that goes by a macvtap", "leave it out, or use a bridge")


def _new(given, domain, host):
    """What is given of a NIC that is to be made, with what follows from it."""
    mac = given.mac or made_mac(domain.uuid, given.alias, host.interfaces.macs)
    model = given.model or ("virtio" if domain.driver == "QEMU" else None)
    return replace(given, mac=mac, model=model, unknown=Bag())
