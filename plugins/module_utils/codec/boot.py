# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done at boot besides what systemd-networkd or NetworkManager do, for want of words. Run by backend/boot_script.py.

An entry is {"run": commands, each a list of words}, {"run": ..., "unless": the name of a device that is then there already}, or {"write": text, "to": path of
a file}.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.bridge import numbers
from ..model.link import Link
from ..model.link_kinds import ALONE, DOWN, FIXED, Bond, Nic
from ..model.option import declared
from . import keys, link_words

NUMVFS = "/sys/class/net/{}/device/sriov_numvfs"


def _said(value):
    return {name for name, unused in declared(type(value)) if getattr(value, name) is not None} if value is not None else set()


def makes(record, table, elsewhere, kinds):
    """True where a program that has these words, and makes devices of these kinds, can make the device of a LinkState."""
    return record.kind in kinds and not _said(keys.lacking(record.data, table, elsewhere)) & FIXED.get(type(record.data), set())


def gaps(record, table, elsewhere):
    """Names of options that nobody sets at boot: those of a bond that are changed while it is down, which would cut off what is on it."""
    left = keys.lacking(record.data, table, elsewhere) if isinstance(record.data, Bond) else None
    return [f"{record.prefix}{name}" for name in sorted(_said(left) & (DOWN | ALONE))]


def entries(record, table, elsewhere, kinds, default=False):
    """The entries for a LinkState of what was ever asked of a device; ``default`` where a port has its bridge's default VLAN although others are said."""
    name, data = record.name, keys.lacking(record.data, table, elsewhere)
    found, commands = [], []
    if record.kind != "nic" and not makes(record, table, elsewhere, kinds):
        first, *commands = link_words.create(name, record)
        found, data = [{"run": [list(first)], "unless": name}], None
    if isinstance(data, Bond):
        data = replace(data, **dict.fromkeys(DOWN | ALONE))
    commands += link_words.change(name, record.kind, Link(txqueuelen=record.link.txqueuelen), data)
    for device, settings in _ports(record):
        left = keys.lacking(settings, table, elsewhere)
        commands += link_words.port(device, left) if left is not None else ()
    if default:
        commands += _default_vlan(record)
    if isinstance(record.data, Nic) and record.data.sriov_numvfs is not None:
        found.append({"write": str(record.data.sriov_numvfs), "to": NUMVFS.format(name)})
    for port in record.ports if record.kind == "team" else ():  # which takes only such as are down
        found.append({"run": [list(command) for command in (*link_words.updown(port, False), *link_words.controller(port, name))]})
    return [*found, *({"run": [list(command)]} for command in commands)]


def whole(record):
    """Commands for what all devices have, for one that nobody else configures."""
    link = record.link
    yield from link_words.controller(record.name, link.controller) if link.controller else ()
    yield from link_words.updown(record.name, link.up is not False)
    for cidr in link.addresses or ():
        yield from link_words.address("replace", record.name, cidr)
    for route in link.routes or ():
        yield from link_words.route("replace", record.name, route)


def _ports(record):
    """(device, settings as a port) of those that a record says."""
    ports = [(port.name, port) for port in record.ports] if record.kind == "bridge" else []
    return [*ports, *([(record.name, record.link.port)] if record.link.port is not None else [])]


def _default_vlan(record):
    """Take the bridge's default VLAN off those who say others."""
    pvid = getattr(record.data, "vlan_default_pvid", None)
    default = 1 if pvid is None else pvid
    said = [(device, settings, ()) for device, settings in _ports(record)] + ([(record.name, record.vlans, ("self",))] if record.vlans is not None else [])
    for device, vlans, own in said:
        if default and vlans.given and default not in {*numbers(vlans.untagged or ()), *numbers(vlans.tagged or ()), vlans.pvid}:
            yield ("bridge", "vlan", "del", "dev", device, "vid", str(default), *own)
