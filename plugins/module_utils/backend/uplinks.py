# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uplinks of bridges, written down under /var/lib, so that NICs get back what was theirs, weeks later too."""

from __future__ import annotations

import json
from pathlib import Path

from ..codec import uplink
from . import files

FOLDER = Path("/var/lib/virtlab.network/uplinks")


def recorded():
    """Names of the bridges that have one."""
    return frozenset(path.stem for path in FOLDER.glob("*.json"))


def recall(name):
    """The Uplink of a bridge, or None."""
    text = files.text(FOLDER / f"{name}.json")
    return None if text is None else uplink.load(json.loads(text))


def remember(name, given):
    """Write the Uplink of a bridge down, or cross it out where that is None."""
    path = FOLDER / f"{name}.json"
    if given is None:
        files.remove(path)
    else:
        files.write(path, json.dumps(uplink.dump(given), indent=1), durable=True)
