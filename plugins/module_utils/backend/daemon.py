# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's own processes on this host: the daemon of its networks, and their dnsmasqs."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from ..errors import BackendError

#: in the modular layout, and in the monolithic one
DAEMONS = ("virtnetworkd", "libvirtd")
RUN = Path("/run")


def reload():
    """Have the daemon of the networks put back rules of the firewall and dnsmasqs that it keeps for them. It does so when it gets to it."""
    unused, pid = _daemon()
    os.kill(pid, signal.SIGHUP)


def restart():
    """Start the daemon of the networks anew, which also makes its chains in the firewall. Guests go on; whoever is connected to it is not any more."""
    name, unused = _daemon()
    done = subprocess.run(["systemctl", "restart", f"{name}.service"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"systemctl restart {name}.service failed: {done.stderr.strip()}")


def _daemon():
    """(name, pid)"""
    for name in DAEMONS:
        pid = _pid(RUN / f"{name}.pid")
        if pid and _program(pid) == name:
            return name, pid
    raise BackendError(f"none of {', '.join(DAEMONS)} runs on this host, so none can put back the rules and services of its networks")


def dnsmasq_runs(network):
    """True where the dnsmasq of a network, by its name, is alive."""
    pid = _pid(RUN / f"libvirt/network/{network}.pid")
    return pid is not None and _program(pid) == "dnsmasq"


def _pid(path):
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _program(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except OSError:
        return None
