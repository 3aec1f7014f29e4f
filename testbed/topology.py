# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab consists of: its hosts, their NICs, and the segments that these are on."""

from __future__ import annotations

import ipaddress
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
#: what a host can be, and what a virtual machine's NIC can be: igb has virtual functions (SR-IOV)
KINDS = ("namespaces", "vm")
MODELS = ("virtio", "igb")
#: who brings up the network of a virtual machine
MANAGERS = ("networkd", "networkmanager")
MEMORY = 1024
#: names that the kernel or the bed has for something else
RESERVED = {"nic": ("lo", "mgmt0"), "segment": ("lo", "all", "default")}
#: a host's name and its NIC's together name the cable's end at the segment, a device, which takes 15 characters
NAMES = {"host": "[a-z][a-z0-9]{0,7}", "nic": "[a-z][a-z0-9]{0,5}", "segment": "[a-z][a-z0-9]{0,14}"}


@dataclass(frozen=True)
class Nic:
    """One NIC of a host: its name, the segment that its cable goes to, its addresses, MTU, MAC address ('' leaves it to chance) and model.

    With ``dhcp`` it asks for addresses, routes and all else by DHCP, and takes what routers advertise.
    """

    name: str
    segment: str
    addresses: tuple = ()
    mtu: int = MTU
    mac: str = ""
    model: str = MODELS[0]
    dhcp: bool = False

    @property
    def uplink(self):
        """True where the world is reached through it."""
        return (self.name, self.segment) == (UPLINK, LAN)


@dataclass(frozen=True)
class Plan:
    """A host to be: its number in the lab, its name, kind and release of Debian, and its NICs.

    ``memory``, in MiB, ``packages`` beyond those that every host has, and ``manager``, which brings up its network, are a virtual machine's.
    """

    number: int
    name: str
    kind: str
    suite: str
    nics: tuple
    memory: int = MEMORY
    packages: tuple = ()
    manager: str = MANAGERS[0]


def plain(count, suite, kind=KINDS[0]):
    """Plans of ``count`` hosts named host1, host2, ..., each with an uplink alone."""
    return of({"suite": suite, "kind": kind, "hosts": {f"host{number}": {} for number in range(1, count + 1)}})


def read(path, **otherwise):
    """Plans of the hosts that a JSON file describes, in its order; ``otherwise`` says what it does not. Raises BedError where it is not as it must be."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise BedError(f"cannot read the topology {path}: {err}") from err
    return of({**otherwise, **document} if isinstance(document, dict) else document)


def of(document):
    """Plans of the hosts of ``{"suite": S, "kind": K, "hosts": {NAME: {"nics": {NIC: SEGMENT or {"segment": ..., ...}}, ...}}}``.

    What a host does not say for itself (suite, kind, memory, packages, manager) it has of the document. A host without ``nics`` has its uplink alone. An
    uplink has addresses of its own, whatever else is given for it, unless it is to ask for them by DHCP.
    """
    shared = {"suite": str, "kind": str, "memory": int, "packages": list, "manager": str}
    document = _known("the topology", document, {**shared, "hosts": dict})
    if not 1 <= len(document.get("hosts", {})) <= MOST:
        raise BedError(f"the topology has {len(document.get('hosts', {}))} hosts: must be 1 to {MOST}")
    plans = []
    for number, (name, entry) in enumerate(document["hosts"].items(), FIRST):
        _name("host", name)
        if name == world.HOST:
            raise BedError(f"host is {name!r}: that name is taken by what is outside the hosts")
        entry = {**{key: document[key] for key in shared if key in document}, **_known(f"host {name}", entry, {**shared, "nics": dict})}
        nics = tuple(_nic(nic, wanted, number) for nic, wanted in entry.get("nics", {UPLINK: LAN}).items())
        kind = _one_of("kind", entry.get("kind", KINDS[0]), KINDS)
        machines = {key: entry[key] for key in ("memory", "packages", "manager") if key in entry}
        if kind != "vm" and (machines or any(nic.model != MODELS[0] or nic.dhcp for nic in nics)):
            raise BedError(f"host {name} is of kind {kind}: memory, packages, manager and NICs of model igb or with dhcp are for those of kind vm")
        suite = _one_of("suite", entry.get("suite", "bookworm"), root.RELEASES if kind == "vm" else root.SUITES)
        _within(f"memory of host {name}", machines.get("memory", MEMORY), 512, 65536)
        _one_of(f"manager of host {name}", machines.get("manager", MANAGERS[0]), MANAGERS)
        if "packages" in machines:
            if not all(isinstance(package, str) for package in machines["packages"]):
                raise BedError(f"packages of host {name} is {machines['packages']!r}: must be names")
            machines["packages"] = tuple(sorted(machines["packages"]))
        plans.append(Plan(number, name, kind, suite, nics, **machines))
    macs = [nic.mac for plan in plans for nic in plan.nics if nic.mac]
    if len(set(macs)) < len(macs):
        raise BedError(f"mac is there twice: {', '.join(sorted(mac for mac in set(macs) if macs.count(mac) > 1))}")
    return plans


def _nic(name, wanted, number):
    wanted = {"segment": wanted} if isinstance(wanted, str) else wanted
    kinds = {"segment": str, "addresses": list, "mtu": int, "mac": str, "model": str, "dhcp": bool}
    given = {"segment": "", **_known(f"nic {name}", wanted, kinds), "addresses": tuple(wanted.get("addresses", ()))}
    nic = Nic(_name("nic", name), **given)
    _name("segment", nic.segment)
    _one_of("model", nic.model, MODELS)
    _check_nic(nic)
    own = [address.format(number) for address in ADDRESSES] if nic.uplink and not nic.dhcp else []
    return replace(nic, addresses=(*own, *nic.addresses))


def _one_of(what, value, allowed):
    if value not in allowed:
        raise BedError(f"{what} is {value!r}: must be one of {', '.join(allowed)}")
    return value


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
    if name in RESERVED.get(kind, ()):
        raise BedError(f"{kind} is {name!r}: that name is taken")
    return name


def _within(what, value, least, most):
    if isinstance(value, bool) or not least <= value <= most:
        raise BedError(f"{what} is {value!r}: must be {least} to {most}")


def _check_nic(nic):
    _within(f"mtu of nic {nic.name}", nic.mtu, 68, 9216)
    if nic.mac and not re.fullmatch("[0-9a-f][02468ace](:[0-9a-f]{2}){5}", nic.mac):
        raise BedError(f"mac of nic {nic.name} is {nic.mac!r}: must be that of one device, six times two hexadecimal digits in lower case")
    for address in nic.addresses:
        try:
            ipaddress.ip_interface(address)
        except ValueError as err:
            raise BedError(f"addresses of nic {nic.name} has {address!r}: {err}") from err
        if "/" not in str(address):
            raise BedError(f"addresses of nic {nic.name} has {address!r}: must have a prefix, as in 10.0.0.1/24")
