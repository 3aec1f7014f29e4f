# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of who reaches whom, and the cells that it comes to on the hosts of a play. Pure: lists and dicts in, lists and dicts out."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ..module_utils.errors import ValidationError
from ..module_utils.model.ends import End
from ..module_utils.model.option import declared
from ..module_utils.model.probe import ALLOWED, FAMILIES, REFUSED

#: what an end is by: plugged in, or the host itself, which ask and are asked; a guest, or addresses outside, which are asked alone
PLUGGED, ASKING, KINDS = ("network", "bridge"), ("network", "bridge", "host"), ("network", "bridge", "host", "guest", "address")
#: what the role adds to the options of an End of virt_ends, and what it gives them itself
OWN, GIVEN = ("address", "hosts", "local"), ("name", "listen")
ROW = ("from", "to", ALLOWED, REFUSED, "both", "family")
PORT = re.compile(r"(?:(tcp|udp)/)?([1-9][0-9]{0,4})")
#: what tells the second of two guests of one network
TWIN = "+"


class Wish(NamedTuple):
    """What the table says of one cell, by names of ends; ``said`` where a row does so in as many words, and ``alone`` where it names the family."""

    expect: str
    said: str = ""
    alone: bool = False


def ends_of(given):
    """{name: options} of all ends. Raises ValidationError."""
    if not isinstance(given, dict) or not given:
        raise ValidationError("verify_ends", given, "there is nobody to ask or be asked", "name some, each with network, bridge, host, guest or address")
    known = {name for name, unused in declared(End)} - set(GIVEN) | set(OWN)
    for name, end in given.items():
        path = f"verify_ends.{name}"
        odd = next((each for each in end if each not in known), None) if isinstance(end, dict) else name
        if odd is not None:
            raise ValidationError(f"{path}.{odd}", end.get(odd) if isinstance(end, dict) else end, f"is none of {', '.join(sorted(known))}", "leave it out")
        kinds = [each for each in KINDS if end.get(each) and not (each == "network" and end.get("guest"))]
        if len(kinds) != 1:
            raise ValidationError(path, ", ".join(kinds), f"an end is one of {', '.join(KINDS)}", "give one, and another end for the others")
        for number, address in enumerate(listed(end.get("address"))):
            _check_address(f"{path}.address[{number}]", address)
        if kinds == ["address"] and len(end) > 1:
            raise ValidationError(f"{path}.address", end["address"], "what is outside is on no host, and has nothing but addresses", "leave the rest out")
    return given


def _check_address(path, address):
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ValidationError(path, address, "must be an IPv4 or IPv6 address") from None


def kind_of(end):
    """One of KINDS."""
    return "guest" if end.get("guest") else next(each for each in KINDS if end.get(each))


def wishes(table, ends, default):
    """{(from, to, port, family): Wish} by names of ends, in the order of the table and then of the ends. Raises ValidationError."""
    if default not in (REFUSED, ALLOWED, ""):
        raise ValidationError("verify_default", default, f"must be {REFUSED}, {ALLOWED} or empty")
    found = {}
    for number, row in enumerate(table):
        _read(f"verify_table[{number}]", row, ends, found)
    ports = list(dict.fromkeys(port for unused, unused, port, unused in found))
    if not ports:
        raise ValidationError("verify_table", table, "says nothing of any port", f"give rows with from, to, and ports in {ALLOWED} or {REFUSED}")
    if default:
        asking = [name for name, end in ends.items() if kind_of(end) in ASKING]
        for key in ((one, other, port, family) for one in asking for other in ends for port in ports for family in FAMILIES if one != other):
            found.setdefault(key, Wish(default))
    return found


def _read(path, row, ends, found):
    """Add what a row says to what was found before."""
    odd = next((each for each in row if each not in ROW), None)
    if odd is not None:
        raise ValidationError(f"{path}.{odd}", row[odd], f"is none of {', '.join(ROW)}", "leave it out")
    if row.get("family") not in (None, *FAMILIES):
        raise ValidationError(f"{path}.family", row["family"], f"must be one of {', '.join(FAMILIES)}", "leave it out for both")
    froms, tos = (_names(path, row, word, ends) for word in ("from", "to"))
    pairs = [(one, other) for one in froms for other in tos]
    pairs += [(other, one) for one, other in pairs] if row.get("both") else []
    asking = next((one for one, unused in pairs if kind_of(ends[one]) not in ASKING), None)
    if asking is not None:
        kind, word = kind_of(ends[asking]), "both" if row.get("both") else "from"
        raise ValidationError(f"{path}.{word}", asking, f"is of kind {kind}, from which nobody asks", "name it in to alone")
    if not any(row.get(word) for word in (ALLOWED, REFUSED)):
        raise ValidationError(path, row, "says of no port what is to become of it", f"give ports in {ALLOWED} or {REFUSED}")
    for expect in (ALLOWED, REFUSED):
        for port in _ports(f"{path}.{expect}", row.get(expect)):
            for key in ((one, other, port, family) for one, other in dict.fromkeys(pairs) for family in ([row["family"]] if row.get("family") else FAMILIES)):
                before = found.setdefault(key, Wish(expect, path, bool(row.get("family"))))
                if before.expect != expect:
                    raise ValidationError(f"{path}.{expect}", port, f"{before.said} says that {key[0]} to {key[1]} is {before.expect}", "leave one of them out")


def _names(path, row, word, ends):
    names = listed(row.get(word))
    unknown = next((each for each in names if each not in ends), None)
    if unknown is not None or not names:
        raise ValidationError(f"{path}.{word}", unknown, f"is none of the ends, which are {', '.join(ends)}", "name one of them, or add it to verify_ends")
    return names


def _ports(path, given):
    return [port_of(path, each) for each in listed(given)]


def port_of(path, given):
    """A port as cells have it: icmp, tcp/80 or udp/53. Raises ValidationError."""
    found = PORT.fullmatch(str(given))
    if str(given) == "icmp":
        return "icmp"
    if not found or int(found[2]) > 65535:
        raise ValidationError(path, given, "must be icmp, a port of TCP such as 443 or tcp/443, or of UDP such as udp/53")
    return f"{found[1] or 'tcp'}/{found[2]}"


def listed(value):
    """A value as a list: one thing may stand for a list of one."""
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def standing(given, table, default, host):
    """The ends of one host, as virt_ends takes them: each answers on all ports that it is asked on."""
    ends = ends_of(given)
    asked, found = wishes(table, ends, default), []
    for name, end in ends.items():
        kind = kind_of(end)
        if kind == "address" or end.get("hosts") and host not in end["hosts"]:
            continue
        options = {word: value for word, value in end.items() if word not in OWN}
        ports = sorted({port for unused, to, port, unused in asked if to == name and port != "icmp"}) if kind in PLUGGED else []
        listen = {"listen": [{"protocol": port.partition("/")[0], "port": int(port.partition("/")[2])} for port in ports]} if ports else {}
        found.append({"name": name, **options, **listen})
        if any((one, other) == (name, name) for one, other, unused, unused in asked) and kind in PLUGGED:
            if end.get("addresses"):
                raise ValidationError(f"verify_ends.{name}.addresses", end["addresses"], "two guests of one network that ask each other cannot have the same",
                                      "leave them to DHCP, or name the second guest as an end of its own")
            found.append({**found[-1], "name": name + TWIN, **({"mac": None} if options.get("mac") else {})})
    return [{word: value for word, value in each.items() if value is not None} for each in found]


def plan(given, table, default, hosts, stood):
    """{"cells": [...], "points": [...]} of all hosts of the play; ``stood`` is {host: result of virt_ends with its ends}, without those that were lost."""
    ends = ends_of(given)
    asked = wishes(table, ends, default)
    there = {(each["name"], host): each for host, result in stood.items() for each in result.get("ends", ())}
    places = {name: [""] if kind_of(end) == "address" else list(end.get("hosts") or hosts) for name, end in ends.items()}
    places.update({name: [host for host in places[name] if not there.get((name, host), {"problem": "is not there"})["problem"]] or places[name]
                   for name, end in ends.items() if end.get("guest") and not end.get("hosts")})
    points = {(name, host): _point(name, host, ends[name], there, stood, len(places[name]) > 1) for name in ends for host in places[name]}
    twins = [name for name, end in ends.items() if kind_of(end) in PLUGGED and any(key[:2] == (name, name) for key in asked)]
    points.update({(name + TWIN, host): {**_point(name + TWIN, host, ends[name], there, stood, False), "label": points[name, host]["label"]}
                   for name in twins for host in places[name]})
    cells = []
    for (one, other) in dict.fromkeys(key[:2] for key in asked):
        for here in places[one]:
            for far in places[other]:
                if here != far and far and ends[other].get("local"):
                    continue
                target = other + TWIN if (one, here) == (other, far) and other in twins else other
                ports = [(port, family, wish) for (a, b, port, family), wish in asked.items() if (a, b) == (one, other)]
                cells += _cells(points[one, here], points[target, far], ports)
    return {"cells": [{"id": number, **each} for number, each in enumerate(cells)], "points": list(points.values())}


def _point(name, host, end, there, stood, many):
    """One end on one host: what it is called, its addresses by family, and what is wrong with it."""
    found = there.get((name, host), {})
    addresses = listed(end.get("address")) or [each["address"].partition("/")[0] for each in found.get("addresses", ()) if each["by"] != "link-local"]
    lost = f"host {host} was not reached" if host not in stood else "is not there"
    return {
        "end": name, "host": host, "label": f"{name}@{host}" if many else name, "kind": kind_of(end), "mac": found.get("plugged", {}).get("mac", ""),
        "addresses": {family: _of_family(addresses, number) for family, number in FAMILIES.items()},
        "problem": "" if end.get("address") else found.get("problem", lost),
    }


def _of_family(addresses, version):
    return [each for each in addresses if ipaddress.ip_address(each).version == version]


def _cells(one, other, ports):
    """The cells of two points: of each port those families that both have; where they have none in common, one that nobody can get through by."""
    common = [family for family in FAMILIES if one["addresses"][family] and other["addresses"][family]]
    away = next((f"{each['label']}: {each['problem']}" for each in (one, other) if not any(each["addresses"].values())), "")
    found = {}
    for port, family, wish in ports:
        if family in common or wish.alone:
            key = (port, family)
        elif not common:
            key = (port, "")
        else:
            continue
        target = other["addresses"][family][0] if family in common else ""
        found[key] = {
            "from": one["end"], "from_host": one["host"], "from_label": one["label"], "to": other["end"], "to_host": other["host"], "to_label": other["label"],
            "port": port, "family": key[1], "expect": wish.expect, "target": target, "mac": other["mac"] if other["kind"] in PLUGGED else "",
            "sources": one["addresses"][family] if family in common else [], "away": away,
            "name": " ".join(filter(None, [one["label"], "->", other["label"], port, key[1]])),
        }
    return list(found.values())


def questions(cells, host):
    """What virt_ends asks for these cells from one host, as its checks."""
    return [_question(cell) for cell in cells if cell["from_host"] == host and cell["target"] and not cell["away"]]


def _question(cell):
    protocol, unused, port = cell["port"].partition("/")
    return {"end": cell["from"], "name": cell["name"], "ping" if protocol == "icmp" else protocol: cell["target"], "expect": [cell["expect"]],
            **({"port": int(port)} if port else {})}


def flows(cells):
    """What virt_ends watches for these cells."""
    found = dict.fromkeys((cell["port"], cell["target"]) for cell in cells if cell["target"])
    return [{"protocol": port.partition("/")[0], "target": target, **({"port": int(port.partition("/")[2])} if "/" in port else {})} for port, target in found]
