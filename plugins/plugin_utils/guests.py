# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: from guests' NICs, as virt_interface_info tells them, to guests; which address is a guest's, and what it is called."""

from __future__ import annotations

import ipaddress
from collections import Counter
from itertools import groupby

from . import addresses

#: what virt_interface_info says of the guest with each of its NICs, by the name that it has of a guest
OF_GUEST = {"guest": "domain", "uuid": "uuid", "driver": "driver", "state": "domain_state", "persistent": "persistent"}
OF_NIC = ("mac", "alias", "target", "type", "model", "link", "lab", "stored", "live")
FAMILIES = {"ipv4": 4, "ipv6": 6}


def guests(hypervisor, uri, interfaces):
    """A list of dicts, one a guest, of NICs that are sorted by guest."""
    found = []
    for listed in [list(group) for unused, group in groupby(interfaces, key=lambda each: each["uuid"])]:
        nics = [_nic(each) for each in listed]
        found.append({
            "hypervisor": hypervisor, "uri": uri, **{ours: listed[0][theirs] for ours, theirs in OF_GUEST.items()}, "nics": nics,
            "networks": _once(each["network"] for each in nics), "labs": _once(each["lab"] for each in nics),
            "addresses": _once(each["address"] for nic in nics for each in nic["addresses"]),
        })
    return found


def _once(values):
    return list(dict.fromkeys(value for value in values if value))


def _nic(told):
    """A NIC as it runs, or else as it is stored; addresses without their prefixes."""
    config = {**(told["config"] or {}), **told.get("running", {})}
    known = [{"address": str(each), "told_by": source} for each, source in addresses.of(told)]
    return {**{name: told[name] for name in OF_NIC}, "network": config.get("network"), "bridge": config.get("bridge"), "addresses": known}


def address(guest, networks=(), families=tuple(FAMILIES), sources=addresses.SOURCES):
    """The address by which a guest is best reached, or None: on the first of ``networks``, of the first family, told by the first of ``sources``.

    Addresses of the link alone are none: they take the name of a device as well. Nor are families and sources that are not listed.
    """
    found = []
    for place, nic in enumerate(guest["nics"]):
        near = networks.index(nic["network"]) if nic["network"] in networks else len(networks)
        for each in nic["addresses"]:
            value = ipaddress.ip_address(each["address"])
            family = next(name for name, version in FAMILIES.items() if version == value.version)
            if family in families and each["told_by"] in sources and addresses.reached(value):
                found.append((near, families.index(family), sources.index(each["told_by"]), place, value))
    return str(min(found)[-1]) if found else None


def present(found):
    """Guests without those that are stored here and run elsewhere, as after a migration: one UUID is one guest."""
    running = {each["uuid"] for each in found if each["state"] != "shut off"}
    return [each for each in found if each["state"] != "shut off" or each["uuid"] not in running]


#: what a guest is called, each way for those that the one before left without a name of their own
WAYS = ("{name}", "{name}.{hypervisor}", "{name}.{driver}.{hypervisor}", "{name}.{uuid}.{hypervisor}")


def names(found, wanted, taken):
    """What guests are called in the inventory: (a list of names in the guests' order, those of ``wanted`` that were not given to anyone).

    ``wanted`` has a name for each, and ``taken`` are others' names. Two that want the same both get longer ones, so that it does not depend on who came first.
    """
    called, used = {}, set(taken)
    for way in WAYS:
        asked = {number: way.format(**{**guest, "driver": guest["driver"].lower(), "name": wanted[number]})
                 for number, guest in enumerate(found) if number not in called}
        count = Counter(asked.values())
        called.update({number: name for number, name in asked.items() if name not in used and count[name] == 1})
        used |= set(count)
    return [called[number] for number in range(len(found))], sorted({name for number, name in enumerate(wanted) if called[number] != name})
