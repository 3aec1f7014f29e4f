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
from typing import Any, Optional

from ..errors import BackendError, DependencyError


@dataclass(frozen=True)
class Route:
    """A route of the main table: ``subnet`` (an ipaddress network), ``device``, and ``gateway`` (None: directly connected)."""

    subnet: Any
    device: str
    gateway: Optional[str]


def names():
    """Names of the host's network devices."""
    return frozenset(os.listdir("/sys/class/net"))


def routes():
    """Routes of both families, default routes left out."""
    found = []
    for family in ("-4", "-6"):
        for entry in _ip(family, "route", "show"):
            if entry.get("dst", "default") != "default" and "dev" in entry and entry.get("type", "unicast") == "unicast":
                subnet = ipaddress.ip_network(entry["dst"], strict=False)
                if not subnet.is_link_local and not subnet.is_multicast:
                    found.append(Route(subnet, entry["dev"], entry.get("gateway")))
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
