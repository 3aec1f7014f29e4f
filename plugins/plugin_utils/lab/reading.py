# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a person wrote to a Lab, or an error that names the key, before any host is touched."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils.argument_spec import of_model
from ...module_utils.errors import ValidationError, VirtNetError
from ...module_utils.model.option import plain, read
from ..cloud_init import written
from .model import HOST, MODES, Lab
from .proof import proof

#: what the definition is called, in inventories and in errors
NAME = "lab_definition"


def lab(given):
    """The Lab that a definition is. Raises ValidationError."""
    if not isinstance(given, dict):
        raise ValidationError(NAME, given, "must be a mapping", "see the example inventories")
    result = ArgumentSpecValidator(of_model(Lab)).validate(_whole(given))
    if result.error_messages:
        raise VirtNetError(f"{NAME}: {result.error_messages[0]}")
    found = result.validated_parameters
    found["guests"] = [written(each) for each in found["guests"] or ()]
    lab = read(Lab, found, f"{NAME}.")
    for check in (_check_names, _check_networks, _check_guests, _check_policies, _check_reachability):
        check(lab)
    return lab


def _whole(given):
    """The same in dicts and lists of Python's own: those of Ansible's have their templates rendered as they are looked at, and cannot be copied, which the
    validator does.
    """
    if isinstance(given, dict):
        return {name: _whole(value) for name, value in given.items()}
    return [_whole(value) for value in given] if isinstance(given, (list, tuple)) else given


def _check_names(lab):
    """Everything is called something of its own, and what policies name is called so once."""
    if not lab.hosts:
        raise ValidationError(f"{NAME}.hosts", [], "must name a host", "name those of the inventory that it is about")
    for kind in ("hosts", "segments", "networks", "guests", "places"):
        _once(kind, [each.name for each in getattr(lab, kind)])
    talked = [(kind, each.name) for kind in ("hosts", "segments", "networks", "guests", "places") for each in getattr(lab, kind)]
    for number, (kind, name) in enumerate(talked):
        if name == HOST:
            raise ValidationError(f"{NAME}.{kind}", name, "means the host itself", "choose another name")
        taken = next((other for other, same in talked[:number] if same == name), None)
        if taken:
            raise ValidationError(f"{NAME}.{kind}", name, f"is the name of one of its {taken}, too", "choose another name for one of them")


def _once(kind, names):
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise ValidationError(f"{NAME}.{kind}", twice, "is there twice", "choose another name for one of them")


def _known(path, value, names, what):
    if value is not None and value not in names:
        raise ValidationError(f"{NAME}.{path}", value, f"is none of the lab's {what}, which are {', '.join(names) or 'none'}", "name one of them, or add it")


def _check_networks(lab):
    hosts, segments = [each.name for each in lab.hosts], [each.name for each in lab.segments]
    for each in lab.hosts:
        for nic in each.nics:
            _known(f"hosts[{each.name}].nics.segment", nic.segment, segments, "segments")
    for each in lab.networks:
        path = f"networks[{each.name}]"
        for host in each.hosts:
            _known(f"{path}.hosts", host, hosts, "hosts")
        for mode in MODES:
            if mode != each.mode and getattr(each, mode) is not None:
                raise ValidationError(f"{NAME}.{path}.{mode}", plain(getattr(each, mode)), f"is for mode {mode}, and this network's is {each.mode}",
                                      f"say mode: {mode}, or leave it out")
        _known(f"{path}.{each.mode}.segment", getattr(each.own, "segment", None) if each.mode else None, segments, "segments")
        if each.mode and each.forward is not None:
            raise ValidationError(f"{NAME}.{path}.forward", plain(each.forward), f"follows from mode {each.mode}", "leave one of them out")


def _check_guests(lab):
    hosts = [each.name for each in lab.hosts]
    for each in lab.guests:
        path = f"guests[{each.name}]"
        _known(f"{path}.host", each.host, hosts, "hosts")
        if each.host is None and len(hosts) > 1:
            raise ValidationError(f"{NAME}.{path}.host", None, f"must be one of {', '.join(hosts)}")
        networks = {network.name for network in lab.on(lab.home(each))}
        for number, nic in enumerate(each.interfaces):
            _check_addresses(f"{NAME}.{path}.interfaces[{number}].ips", nic, lab.network(nic.network))
            if nic.network is not None and lab.network(nic.network) and nic.network not in networks:
                raise ValidationError(f"{NAME}.{path}.interfaces[{number}].network", nic.network, f"is not on host {lab.home(each)}",
                                      "add the host to the network's hosts, or move the guest")


def _check_addresses(path, nic, network):
    subnets = [ip_interface(ip.address).network for ip in network.ips if ip.address] if network else []
    for ip in nic.ips:
        if not any(ip_address(ip) in subnet for subnet in subnets):
            told = f"is of none of network {nic.network}'s subnets, which are {', '.join(map(str, subnets)) or 'none'}"
            raise ValidationError(path, ip, told if network else "is for a network of the lab, which gives it a lease", "give it the NIC in the guest itself")


def _check_policies(lab):
    bare = next((each for each in lab.places if not each.subnets and any(each.name in (rule.src, rule.dst) for rule in lab.policies)), None)
    if bare is not None:
        raise ValidationError(f"{NAME}.places[{bare.name}].subnets", [], "policies name it, and it has no subnets", "say which, such as 198.51.100.0/24")
    names = [HOST, *(each.name for kind in (lab.networks, lab.segments, lab.places) for each in kind)]
    for number, rule in enumerate(lab.policies):
        _known(f"policies[{number}].src", rule.src, names, "networks, segments and places")
        _known(f"policies[{number}].dst", rule.dst, names, "networks, segments and places")


def _check_reachability(lab):
    try:
        proof(lab)
    except ValidationError as err:
        option = err.option.replace("verify_table", f"{NAME}.reachability").replace("verify_ends", f"{NAME}.ends")
        raise ValidationError(option, err.value, err.allowed, err.remedy) from err
