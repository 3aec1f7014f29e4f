# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to the translation that is wanted, or an error before anything is touched."""

from __future__ import annotations

from ..errors import ValidationError
from ..model.nat import Nat, clash, overlap, span
from ..model.option import read
from ..model.table import WantedTable
from ..model.values import RULES, ip_address, ip_network


def nat(params, mark, host):
    """The WantedTable of one set of virt_nat's options."""
    if params["state"] == "absent":  # whatever is there under that name: our own rules for names do not matter
        return WantedTable("nat", params["name"], state="absent", lab=mark)
    name = named(params)
    data = read(Nat, params)
    if not data.network and not data.subnets:
        raise ValidationError("subnets", [], "neither these nor a network are given", "say whose packets are to be translated")
    if data.masquerade and data.snat:
        raise ValidationError("masquerade", True, "snat gives what leaves another address already", "leave one of them out")
    _check_sources(data)
    _check_pairs(data.netmap)
    for number, forward in enumerate(data.forwards):
        _check_forward(f"forwards[{number}]", forward)
    met = clash(data.forwards, data.forwards)
    if met is not None:
        forward, other = data.forwards[met[0]], met[1]
        raise ValidationError(f"forwards[{met[0]}]", str(forward), f"leads to {forward.to}, and {other} leads to {other.to}",
                              "let each port of an address lead to one place")
    return WantedTable("nat", name, data, lab=mark)


def named(params):
    """The name of a resource that tables of nft(8) are named after. Raises ValidationError."""
    try:
        return RULES.canonical(params["name"])
    except ValueError as err:
        raise ValidationError("name", params["name"], str(err)) from err


def _check_sources(data):
    """Raise ValidationError for addresses that nothing can leave with, and for options that say how where nothing gets another address."""
    for number, given in enumerate(data.snat):
        if any(map(_reserved, given.split("-"))):
            raise ValidationError(f"snat[{number}]", given, "is not an address that others can answer to", "give addresses that reach this host")
    versions = [ip_address(each.partition("-")[0]).version for each in data.snat]
    twice = next((each for each in versions if versions.count(each) > 1), None)
    if twice:
        raise ValidationError("snat", list(data.snat), f"has two entries of IPv{twice}", "give one, which may be a range")
    if (data.ports or data.random or data.persistent) and not data.masquerades and not data.snat:
        option = next(name for name in ("ports", "random", "persistent") if getattr(data, name))
        raise ValidationError(option, getattr(data, option), "nothing that leaves gets another address", "say masquerade or snat, or leave it out")
    if data.ipv6 and not data.masquerades:
        raise ValidationError("ipv6", True, "nothing is masqueraded", "say masquerade, give snat an address of IPv6, or leave it out")


def _check_pairs(pairs):
    """Raise ValidationError where not each address of a pair of subnets stands for one other."""
    for number, pair in enumerate(pairs):
        inside, outside = map(ip_network, (pair.inside, pair.outside))
        if (inside.version, inside.prefixlen) != (outside.version, outside.prefixlen):
            raise ValidationError(f"netmap[{number}].outside", pair.outside, f"is not of the size of {pair.inside}",
                                  f"one address stands for one: give a subnet of IPv{inside.version} with prefix /{inside.prefixlen}")
        for name in ("inside", "outside"):
            twice = next((other for other in pairs[:number] if overlap(getattr(pair, name), getattr(other, name))), None)
            if twice is not None:
                raise ValidationError(f"netmap[{number}].{name}", getattr(pair, name), f"overlaps {getattr(twice, name)}, which is given as well",
                                      "one address stands for one: let each be in one pair")


def _check_forward(path, forward):
    if forward.sources is not None and not forward.sources:
        raise ValidationError(f"{path}.sources", [], "is nobody", "leave it out for everybody, or leave the forward out")
    sources = [(f"sources[{number}]", source) for number, source in enumerate(forward.sources or ())]
    for name, given in (("listen", forward.listen), *sources):
        if given and ip_network(given).version != forward.version:
            raise ValidationError(f"{path}.{name}", given, f"is not of IPv{forward.version}, as {forward.to} is", f"give one of IPv{forward.version}")
    if forward.listen and _reserved(forward.listen):
        raise ValidationError(f"{path}.listen", forward.listen, "is not an address that others can reach", "leave it out, to listen to all of the host's")
    if _reserved(forward.to):
        raise ValidationError(f"{path}.to", forward.to, "is not an address that a guest can have", "name the guest's")
    if forward.to_port is None:
        return
    (first, last), (low, high) = forward.listening, span(forward.to_port)
    if low < high and high - low != last - first:
        raise ValidationError(f"{path}.to_port", forward.to_port, f"has another length than port {forward.port}", "give as many, or the first alone")
    if last + forward.shift > 65535:
        raise ValidationError(f"{path}.to_port", forward.to_port, f"the last of {forward.port} would lead to port {last + forward.shift}",
                              "there are 65535: begin lower")


def _reserved(address):
    found = ip_address(address)
    return found.is_multicast or found.is_loopback or found.is_unspecified
