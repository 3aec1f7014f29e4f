# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's devices and routes, read with iproute2's JSON."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from ..errors import BackendError, DependencyError

#: routes that lead to no device
NOWHERE = ("unreachable", "blackhole", "prohibit")


@dataclass(frozen=True)
class Route:
    """A route of the main table: ``subnet`` (an ipaddress network), ``device`` (or one of NOWHERE), and whether it is that of the device's own subnet."""

    subnet: Any
    device: str
    connected: bool


def ports(bridge):
    """Names of a bridge's ports; () where there is no such bridge."""
    folder = f"/sys/class/net/{bridge}/brif"
    return tuple(os.listdir(folder)) if os.path.isdir(folder) else ()


def names():
    """Names of the host's network devices."""
    return frozenset(os.listdir("/sys/class/net"))


def routes():
    """Routes of both families, default routes left out."""
    found = []
    for family in ("-4", "-6"):
        for entry in _ip(family, "route", "show"):
            kind = entry.get("type", "unicast")
            if entry.get("dst", "default") == "default" or kind not in ("unicast",) + NOWHERE:
                continue
            subnet = ipaddress.ip_network(entry["dst"], strict=False)
            if not subnet.is_link_local and not subnet.is_multicast:
                hops = [entry, *entry.get("nexthops", ())] if kind == "unicast" else [{"dev": kind}]
                found += [Route(subnet, hop["dev"], entry.get("protocol") == "kernel") for hop in hops if "dev" in hop]
    return tuple(found)


def _ip(*arguments):
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise DependencyError("the managed host has no ip(8): install the package iproute2 (iproute on RedHat families)")
    command = [program, "-j", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return json.loads(done.stdout or "[]")
