# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) reads of a translation: forwards as maps, subnets as sets, so that a packet costs one look-up however many there are.

Source: nft(8) 1.0.6 to 1.1.3; all values are of kinds that hold no word of its language.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from .nft_text import block, elements, table


class Family(NamedTuple):
    """The words of one version of IP."""

    version: int
    nft: str
    address: str
    nfproto: str
    #: what never gets another source: groups, and everybody at once
    groups: tuple
    loopback: str


FAMILIES = (
    Family(4, "ip", "ipv4_addr", "ipv4", ("224.0.0.0/4", "255.255.255.255/32"), "127.0.0.0/8"),
    Family(6, "ip6", "ipv6_addr", "ipv6", ("ff00::/8",), "::1"),
)
#: protocols that have ports
TRANSPORTS = "{ tcp, udp, sctp }"


class Form(NamedTuple):
    """What forwards have in common that are one map: whether they listen to one address, are for some sources alone, and whether they keep their port."""

    version: int
    listening: bool
    sources: bool
    range: bool

    @property
    def map(self):
        """The map's name."""
        return "_".join(["to", *(["address"] if self.listening else []), *(["from"] if self.sources else []), *(["range"] if self.range else []),
                         f"ipv{self.version}"])


def text(name, nat, subnets, lab):
    """The table of a Nat. ``subnets`` are all that it is for, as ipaddress has them, and hold where its forwards lead to and what of its netmap is inside.

    The order in which a task names things tells nothing, and is not kept.
    """
    forms = _forms(nat.forwards)
    body, looked_up, sources, reached = [], [], [], []
    for family in FAMILIES:
        inside = [each for each in subnets if each.version == family.version]
        mine = {form: found for form, found in forms.items() if form.version == family.version}
        pairs = [each for each in nat.netmap if ipaddress.ip_network(each.inside).version == family.version]
        for form, found in sorted(mine.items(), key=lambda item: (not item[0].listening, not item[0].sources, item[0].range)):
            body += _map(family, form, found)
            looked_up.append(_look_up(family, form))
        if inside:
            body += block(f"set inside_{family.nfproto}", f"type {family.address}; flags interval", *elements(ipaddress.collapse_addresses(inside)))
        if pairs:
            looked_up.append(f"dnat {family.nft} prefix to {family.nft} daddr map {_pairs((each.outside, each.inside) for each in pairs)}")
            sources.append(f"{_away(family)}{_leaving(nat)}snat {family.nft} prefix to {family.nft} saddr map "
                           f"{_pairs((each.inside, each.outside) for each in pairs)}")
        if mine or pairs:
            reached.append(f"{family.nft} saddr @inside_{family.nfproto} {family.nft} daddr @inside_{family.nfproto} ct status dnat masquerade")
        if inside:
            sources += _sources(family, nat)
    if looked_up:
        body += block("chain forwards", *looked_up)
        body += block("chain prerouting", "type nat hook prerouting priority dstnat; policy accept", "jump forwards")
        local = [f"{family.nft} daddr {family.loopback} return" for family in FAMILIES]
        body += block("chain output", "type nat hook output priority -100; policy accept", *local, "jump forwards")
    if reached or sources:
        body += block("chain postrouting", "type nat hook postrouting priority srcnat; policy accept", *reached, *sources)
    return table("inet", f"virtlab_nat_{name}", lab, body)


def _forms(forwards):
    """{Form: the Forwards of that form}"""
    found = {}
    for each in forwards:
        first, last = each.listening
        found.setdefault(Form(each.version, each.listen is not None, bool(each.sources), first < last and not each.shift), []).append(each)
    return found


def _map(family, form, forwards):
    key = [*([family.address] if form.listening else []), *([family.address] if form.sources else []), "inet_proto", "inet_service"]
    value = family.address if form.range else f"{family.address} . inet_service"
    kept = ["flags interval"] if form.sources or form.range else []
    members = (element for each in sorted(forwards, key=lambda each: (each.listening, str(each))) for element in _elements(form, each))
    return block(f"map {form.map}", f"type {' . '.join(key)} : {value}", *kept, *elements(members))


def _elements(form, forward):
    """What a map has of a forward: one a port and source, unless the port stays the same. Of sources that hold each other the widest is enough."""
    first, last = forward.listening
    ports = [(forward.port, None)] if form.range else [(str(port), str(port + forward.shift)) for port in range(first, last + 1)]
    comment = f' comment "{forward.comment}"' if forward.comment else ""
    for source in ipaddress.collapse_addresses(map(ipaddress.ip_network, forward.sources)) if form.sources else [None]:
        for port, to_port in ports:
            key = [*([forward.listen] if form.listening else []), *([str(source)] if source else []), forward.transport, port]
            yield f"{' . '.join(key)}{comment} : {' . '.join([forward.to, *([to_port] if to_port else [])])}"


def _look_up(family, form):
    key = [*([f"{family.nft} daddr"] if form.listening else []), *([f"{family.nft} saddr"] if form.sources else []), "meta l4proto", "th dport"]
    local = "" if form.listening else "fib daddr type local "
    return f"meta nfproto {family.nfproto} {local}meta l4proto {TRANSPORTS} dnat {family.nft} to {' . '.join(key)} map @{form.map}"


def _pairs(pairs):
    return f"{{ {', '.join(f'{before} : {after}' for before, after in sorted(pairs))} }}"


def _away(family):
    """What packets are that go elsewhere: what stays inside keeps its source, also where bridged frames pass the firewall."""
    return f"{family.nft} daddr != @inside_{family.nfproto} {family.nft} daddr != {{ {', '.join(family.groups)} }} "


def _leaving(nat):
    """What packets are that leave by one of the devices."""
    return "oifname { " + ", ".join(f'"{name}"' for name in sorted(nat.devices)) + " } " if nat.devices else ""


def _sources(family, nat):
    """Rules that give what leaves another source: with other ports, where such are asked for, and without for what has none."""
    given = next((each for each in nat.snat if ipaddress.ip_address(each.partition("-")[0]).version == family.version), None)
    if given is None and not (nat.masquerades and (family.version == 4 or nat.ipv6)):
        return
    which = f"{family.nft} saddr @inside_{family.nfproto} {_away(family)}{_leaving(nat)}"
    flags = ",".join([*([nat.random] if nat.random else []), *(["persistent"] if nat.persistent else [])])
    verb, ports = ("masquerade", f" to :{nat.ports}") if given is None else (f"snat {family.nft} to {_bracketed(given)}", f":{nat.ports}")
    if nat.ports:
        yield f"{which}meta l4proto {TRANSPORTS} {verb}{ports} {flags}".rstrip()
    yield f"{which}{verb} {flags}".rstrip()


def _bracketed(addresses):
    """IPv6 addresses in brackets, as ports may follow."""
    return "-".join(f"[{each}]" for each in addresses.split("-")) if ":" in addresses else addresses
