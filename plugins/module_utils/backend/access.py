# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh connection that this process came by, or may have come by, and the devices that carry it."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
from pathlib import Path

from ..errors import BackendError
from ..model.access import Access
from . import iproute

#: sshd(8) sets it: the client's address and port, and the server's
VARIABLE = b"SSH_CONNECTION="
#: its word for either address where the connection is none over IP, as by vsock or inetd(8): no device of the host's carries it that a change could cut
UNKNOWN = "UNKNOWN"
#: what Ansible runs asynchronous tasks by, which leaves the processes above it, and how the names of programs begin whose connections are ssh's
WRAPPER, SERVERS = b"async_wrapper", ('(("sshd', '(("dropbear')
PROC = Path("/proc")


def find(devices):
    """The Accesses by one of which this process was started; none where that was not over a network. ``devices`` is the backend of devices."""
    return tuple(filter(None, (_access(*ends, devices) for ends in _ends())))


def _access(client, server, port, devices):
    """The Access from one address to a port of another, or None where no device of the host carries it."""
    entries = devices.entries
    holders = {address["local"]: name for name, entry in entries.items() for address in entry.get("addr_info", ())}
    if server not in holders or client in holders:  # another namespace's, or the host's own
        return None
    route = _route(client, server)
    if route is None:
        return None
    tops = dict.fromkeys([route["dev"], holders[server]])
    carrying, groups = _below([name for name in tops if name in entries and name != "lo"], devices, route.get("gateway", client))
    return Access(client, server, carrying, route["dst"], route.get("gateway"), route.get("metric", 0), groups, port) if carrying else None


def _ends():
    """(address of the client, address and port of the server) of the connection that this process came by, or of all that it may have come by.

    sudo(8) takes the variable out, so that those above are asked, the nearest first. An asynchronous task has none above it but its wrapper: with sudo nothing
    tells which connection it came by, and that is not to have come by none. So any ssh session that there is now may be it: Ansible's ssh keeps its own open
    for a minute. Who has no such wrapper above it was started on the host itself, from a terminal, by a timer or by Ansible's local connection: whoever else is
    there by ssh does not ask for the change.
    """
    detached = False
    for words, variables in _above():
        found = _told(variables)
        if UNKNOWN in found:
            return []
        if len(found) == 4:
            return [(_plain(found[0]), _plain(found[2]), int(found[3]))]
        detached = detached or any(WRAPPER in word for word in words)
    return _sessions() if detached else []


def _told(variables):
    """sshd's words for the connection, which are among the variables of a process, or ()."""
    return next((each[len(VARIABLE):].decode("ascii").split() for each in variables if each.startswith(VARIABLE)), ())


def connection():
    """What tells the ssh connection that this process came by from all others: sshd's words. None where none over IP ends on this host."""
    found = next(filter(None, (_told(variables) for unused, variables in _above())), None)
    return found if found and UNKNOWN not in found and _here(found[2]) else None


def _here(address):
    """True for an address of this host, in this namespace."""
    family, kind, protocol, unused, where = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
    with socket.socket(family, kind, protocol) as probe:
        try:
            probe.bind(where)
        except OSError:
            return False
    return True


def _above():
    """Yield (words of its command, its variables) of this process and of those above it, as far as they may be read."""
    pid = os.getpid()
    while pid > 1:
        try:
            words, variables = ((PROC / str(pid) / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
            pid = int((PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            return
        yield words, variables


def _sessions():
    """(address of the client, address and port of the server) of every connection of an ssh server's in this namespace, as ss(8) tells root."""
    command = [iproute.path("ss"), "-H", "-t", "-n", "-p", "state", "established"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    found = [line.split() for line in done.stdout.splitlines() if any(name in line for name in SERVERS)]
    ends = ((peer.rpartition(":")[0], *own.rpartition(":")[::2]) for unused, unused, own, peer, *unused in found)
    return list(dict.fromkeys((_plain(client), _plain(server), int(port)) for client, server, port in ends))


def _plain(address):
    """An address without a zone and brackets; IPv4's where it is told as IPv6's."""
    found = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    return str(getattr(found, "ipv4_mapped", None) or found)


def _route(client, server):
    """ip(8)'s route back to the client, with the next hop that is taken where it has several; None where there is no route."""
    try:
        route = iproute.read("ip", "route", "get", "fibmatch", client, "from", server)[0]
        taken = route if "dev" in route else iproute.read("ip", "route", "get", client, "from", server)[0]
    except BackendError:  # no route at all: nothing that could be cut
        return None
    return {**route, **{name: taken[name] for name in ("dev", "gateway") if name in taken}}


def _below(tops, devices, hop):
    """(names of devices and of all those below them that frames from ``hop`` come in by, groups of which any is enough as an Access has them)"""
    from ..codec import link_json

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
    from ..codec import link_json

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
