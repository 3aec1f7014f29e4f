# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hook of libvirt's that puts a network's bridge_ports on its bridge, whoever starts the network. Source: https://libvirt.org/hooks.html"""

from __future__ import annotations

import inspect
import os
from pathlib import Path

from . import bridge_ports_hook, files

#: libvirt runs what is executable in this folder, each for itself
PATH = Path("/etc/libvirt/hooks/network.d/virtlab-bridge-ports")


def _text():
    return f"#!/usr/bin/env python3\n{inspect.getsource(bridge_ports_hook)}"


def installed():
    """True where it is there, as this release has it."""
    return os.access(PATH, os.X_OK) and PATH.read_text(encoding="utf-8") == _text()


def install():
    """Write it."""
    files.write(PATH, _text(), 0o755)


def remove():
    """Remove it, and its folder if nobody else has a hook there."""
    files.remove(PATH)
