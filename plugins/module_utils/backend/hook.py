# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hook of libvirt's that gives a network its bridge_ports and proxied addresses, whoever starts it. Source: https://libvirt.org/hooks.html"""

from __future__ import annotations

import inspect
import os
from pathlib import Path

from . import files, network_hook

#: libvirt runs what is executable in this folder, each for itself
PATH = Path("/etc/libvirt/hooks/network.d/virtlab-network")
#: what it was called when it did nothing but put ports on bridges
FORMER = PATH.with_name("virtlab-bridge-ports")


def _text():
    return f"#!/usr/bin/env python3\n{inspect.getsource(network_hook)}"


def installed():
    """True where it is there, as this release has it."""
    return os.access(PATH, os.X_OK) and PATH.read_text(encoding="utf-8") == _text() and not FORMER.exists()


def install():
    """Write it."""
    files.write(PATH, _text(), 0o755)
    files.remove(FORMER)


def remove():
    """Remove it, and its folder if nobody else has a hook there."""
    for path in (FORMER, PATH):
        files.remove(path)
