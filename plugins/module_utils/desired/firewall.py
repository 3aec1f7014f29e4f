# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the policy that is wanted, or an error before anything is touched."""

from __future__ import annotations

import ipaddress

from ..errors import ValidationError
from ..model.firewall import TRANSPORTS, Firewall
from ..model.option import read
from ..model.table import WantedTable
from .nat import named

#: protocols of one version of IP alone
VERSIONS = {"icmp": 4, "icmpv6": 6}
#: why a policy is refused
ITSELF = "what the host says to itself is not decided here"


def firewall(params, mark, host):
    """The WantedTable of one set of virt_firewall's options."""
    if params["state"] == "absent":
        return WantedTable("firewall", params["name"], state="absent", lab=mark)
    name = named(params)
    data = read(Firewall, params)
    _unique("zones", [each.name for each in data.zones])
    _unique("policies", [str(each) for each in data.policies])
    if not data.policies and not data.coexist:
        raise ValidationError("policies", [], "nothing is decided without one", "say which zone may begin to talk to which, or state: absent")
    if not data.zones and not data.policies:
        raise ValidationError("zones", [], "without one nothing is about anybody", "say who is who")
    for number, zone in enumerate(data.zones):
        _check_zone(f"zones[{number}]", zone)
    for number, policy in enumerate(data.policies):
        _check_policy(f"policies[{number}]", policy, data)
    return WantedTable("firewall", name, data, lab=mark)


def _unique(option, names):
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise ValidationError(option, twice, "is there twice", "give each once")


def _check_zone(path, zone):
    members = [*(zone.networks or ()), *(zone.devices or ()), *(zone.subnets or ())]
    if zone.host and members:
        raise ValidationError(f"{path}.host", True, "the host itself is a zone of its own", f"leave out {', '.join(members)}, or make another zone of them")
    if not zone.host and not members:
        raise ValidationError(path, zone.name, "nobody belongs to it", "give networks, devices or subnets, or host: true")
    if "lo" in (zone.devices or ()):
        raise ValidationError(f"{path}.devices", "lo", ITSELF, "leave it out, or make a zone of the host itself: host: true")


def _check_policy(path, policy, data):
    for option in ("src", "dst"):
        if data.zone(getattr(policy, option)) is None:
            there = ", ".join(each.name for each in data.zones) or "none"
            raise ValidationError(f"{path}.{option}", getattr(policy, option), f"is no zone; these are: {there}", "name one of them, or add it to zones")
    source, target = data.zone(policy.src), data.zone(policy.dst)
    if source.host and target.host:
        raise ValidationError(f"{path}.dst", policy.dst, ITSELF, "leave this policy out")
    versions = [_versions(each.subnets) for each in (source, target) if each.subnets and not each.networks and not each.devices]
    if versions and not set.intersection(*versions):
        raise ValidationError(f"{path}.dst", policy.dst, f"no packet goes there from {policy.src}: one has subnets of IPv4 alone, the other of IPv6",
                              "add subnets of the same version, or leave this policy out")
    if policy.log and policy.otherwise == "accept":
        raise ValidationError(f"{path}.log", policy.log, "default is accept, and what is accepted is not logged",
                              "leave it out, or give a rule with action accept and log at the end of rules")
    for number, rule in enumerate(policy.rules):
        _check_rule(f"{path}.rules[{number}]", rule)


def _versions(subnets):
    return {ipaddress.ip_network(each).version for each in subnets}


def _check_rule(path, rule):
    for option in ("ports", "saddr", "daddr"):
        if getattr(rule, option) == ():
            raise ValidationError(f"{path}.{option}", [], "nothing is any of none, and this is not a rule for all", "give some, or leave it out for all")
    if rule.ports and rule.protocol not in TRANSPORTS:
        raise ValidationError(f"{path}.ports", list(rule.ports), f"{rule.protocol or 'without a protocol there'} has none",
                              f"say which protocol: {', '.join(TRANSPORTS)}")
    if rule.burst is not None and not rule.limit:
        raise ValidationError(f"{path}.burst", rule.burst, "nothing is limited", "give limit as well, or leave it out")
    versions = [_versions(given) for given in (rule.saddr, rule.daddr) if given]
    versions += [{VERSIONS[rule.protocol]}] if rule.protocol in VERSIONS else []
    if versions and not set.intersection(*versions):
        option = "daddr" if rule.saddr and rule.daddr else "saddr" if rule.saddr else "daddr"
        raise ValidationError(f"{path}.{option}", list(getattr(rule, option)), "no packet has addresses of both versions of IP",
                              "give addresses of the version that the rest of the rule is of")
