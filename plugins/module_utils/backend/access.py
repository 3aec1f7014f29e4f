# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh connection that this process came by, and the devices that carry it."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from ..codec import link_json
from ..errors import BackendError
from ..model.access import Access
from . import iproute

#: sshd(8) sets it: the client's address and port, and the server's
VARIABLE = b"SSH_CONNECTION="
#: its word for either address where the connection is none over IP, as by vsock or inetd(8): no device of the host's carries it that a change could cut
UNKNOWN = "UNKNOWN"
PROC = Path("/proc")


def find(devices):
    """The Access by which this process was started, or None where that was not over a network. ``devices`` is the backend of devices."""
    ends = _ends()
    if ends is None:
        return None
    (client, server), entries = ends, devices.entries
    holders = {address["local"]: name for name, entry in entries.items() for address in entry.get("addr_info", ())}
    if server not in holders or client in holders:  # another namespace's, or the host's own
        return None
    route = _route(client, server)
    if route is None:
        return None
    tops = dict.fromkeys([route["dev"], holders[server]])
    carrying, groups = _below([name for name in tops if name in entries and name != "lo"], devices, route.get("gateway", client))
    return Access(client, server, carrying, route["dst"], route.get("gateway"), route.get("metric", 0), groups) if carrying else None


def _ends():
    """(address of the client, address of the server), of this process or the nearest above it that knows: sudo(8) takes the variable out."""
    pid = os.getpid()
    while pid > 1:
        try:
            variables = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
            found = next((each[len(VARIABLE):].decode("ascii").split() for each in variables if each.startswith(VARIABLE)), None)
            pid = int((PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            return None
        if found and found[0] == UNKNOWN:
            return None
        if found and len(found) == 4:
            return tuple(_plain(found[number]) for number in (0, 2))
    return None


def _plain(address):
    """An address without a zone; IPv4's where it is told as IPv6's."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return str(getattr(found, "ipv4_mapped", None) or found)


def _route(client, server):
    """ip(8)'s route back to the client, or None where there is none."""
    try:
        return iproute.read("ip", "route", "get", "fibmatch", client, "from", server)[0]
    except BackendError:  # no route at all: nothing that could be cut
        return None


def _below(tops, devices, hop):
    """(names of devices and of all those below them that frames from ``hop`` come in by, groups of which any is enough as an Access has them)"""
    entries, found, groups, left = devices.entries, [], [], list(tops)
    while left:
        name = left.pop(0)
        if name in found or name not in entries:
            continue
        found.append(name)
        ports, several = _ports(name, devices, hop)
        branches = [_below([port], devices, hop) for port in several]
        groups += [tuple(branch for branch, unused in branches), *(each for unused, more in branches for each in more)] if branches else []
        left += [*filter(None, [link_json.lower(entries[name])]), *ports]
    return tuple(found), tuple(groups)


def _ports(name, devices, hop):
    """(ports of a device that frames from ``hop`` come in by, those of several each of which would do)"""
    ports = [port for port, entry in devices.entries.items() if entry.get("master") == name]
    if link_json.kind_of(devices.entries[name]) == "bridge":
        learned = _learned(name, devices, hop)
        return [learned] if learned in ports else ports, []
    carrying = [port for port in ports if "LOWER_UP" in devices.entries[port]["flags"]]
    return (carrying, []) if len(carrying) == 1 else ([], carrying)


def _learned(bridge, devices, hop):
    """The port of a bridge that a neighbour was learned on, or None."""
    neighbours = iproute.read("ip", "neigh", "show", "to", hop, "dev", bridge)
    mac = next((each["lladdr"] for each in neighbours if "lladdr" in each), None)
    table = devices.macs(bridge) if mac is not None else {}
    return next((port for port, held in table.items() for each in held if each["mac"] == mac and each["state"] != "permanent"), None)
