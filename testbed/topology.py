# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab consists of: its hosts, their NICs, and the segments that these are on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from . import root, world
from .bed import BedError

#: addresses of a host's uplink by its number, and how many hosts there are addresses for
ADDRESSES = ("198.51.100.{}/24", "2001:db8:100::{}/64")
FIRST, MOST = 11, 200
UPLINK, LAN = "eth0", "lan"
MTU = 1500
#: a host's name and its NIC's together name the cable's end at the segment, a device, which takes 15 characters
NAMES = {"host": "[a-z][a-z0-9]{0,7}", "nic": "[a-z][a-z0-9]{0,5}", "segment": "[a-z][a-z0-9]{0,14}"}


@dataclass(frozen=True)
class Nic:
    """One NIC of a host: its name, the segment that its cable goes to, and where not left to chance its addresses, MTU and MAC address."""

    name: str
    segment: str
    addresses: tuple = ()
    mtu: int = MTU
    mac: str = ""

    @property
    def uplink(self):
        """True where the world is reached through it."""
        return (self.name, self.segment) == (UPLINK, LAN)


@dataclass(frozen=True)
class Plan:
    """A host to be: its name, the suite of its root, and its NICs."""

    name: str
    suite: str
    nics: tuple


def plain(count, suite):
    """Plans of ``count`` hosts named host1, host2, ..., each with an uplink alone."""
    return of({"suite": suite, "hosts": {f"host{number}": {} for number in range(1, count + 1)}})


def read(path):
    """Plans of the hosts that a JSON file describes, in its order. Raises BedError where it is not as it must be."""
    try:
        return of(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as err:
        raise BedError(f"cannot read the topology {path}: {err}") from err


def of(document):
    """Plans of the hosts of ``{"suite": S, "hosts": {NAME: {"suite": S, "nics": {NIC: SEGMENT or {"segment": ..., ...}}}}}``.

    A host without ``nics`` has its uplink alone. An uplink has addresses of its own, whatever else is given for it.
    """
    document = _known("the topology", document, {"suite": str, "hosts": dict})
    if not 1 <= len(document.get("hosts", {})) <= MOST:
        raise BedError(f"the topology has {len(document.get('hosts', {}))} hosts: must be 1 to {MOST}")
    plans = []
    for number, (name, entry) in enumerate(document["hosts"].items(), FIRST):
        _name("host", name)
        if name == world.HOST:
            raise BedError(f"host is {name!r}: that name is taken by what is outside the hosts")
        entry = _known(f"host {name}", entry, {"suite": str, "nics": dict})
        suite = entry.get("suite", document.get("suite", "bookworm"))
        if suite not in root.SUITES:
            raise BedError(f"suite is {suite!r}: must be one of {', '.join(root.SUITES)}")
        plans.append(Plan(name, suite, tuple(_nic(nic, wanted, number) for nic, wanted in entry.get("nics", {UPLINK: LAN}).items())))
    return plans


def _nic(name, wanted, number):
    wanted = {"segment": wanted} if isinstance(wanted, str) else wanted
    kinds = {"segment": str, "addresses": list, "mtu": int, "mac": str}
    given = {"segment": "", **_known(f"nic {name}", wanted, kinds), "addresses": tuple(wanted.get("addresses", ()))}
    nic = Nic(_name("nic", name), **given)
    _name("segment", nic.segment)
    return replace(nic, addresses=(*(address.format(number) for address in ADDRESSES), *nic.addresses)) if nic.uplink else nic


def _known(what, entry, kinds):
    if not isinstance(entry, dict):
        raise BedError(f"{what} is {entry!r}: must be a dictionary")
    for key, value in entry.items():
        if key not in kinds or not isinstance(value, kinds[key]):
            raise BedError(f"{what} has {key}={value!r}: must be {', '.join(f'{known} ({kind.__name__})' for known, kind in kinds.items())}")
    return entry


def _name(kind, name):
    if not re.fullmatch(NAMES[kind], name):
        raise BedError(f"{kind} is {name!r}: must match {NAMES[kind]}")
    return name
