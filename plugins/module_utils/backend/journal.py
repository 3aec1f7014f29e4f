# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is in the midst of, for the next one if it is killed: the ports of networks that are stopped to be started anew, and devices that are made.

Under /run: after a reboot ports and devices are gone, and nothing is left to go on from.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from ..codec import link_record
from ..model.kernel import Port

FOLDER = Path("/run/virtlab.network")


def remember(uuid, ports):
    """Write down the Ports of a network. Who is not root could put none back, and writes nothing."""
    if os.geteuid() != 0:
        return
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    scratch = FOLDER / f"{uuid}.new"
    scratch.write_text(json.dumps([asdict(port) for port in ports]), encoding="utf-8")
    os.replace(scratch, FOLDER / f"{uuid}.ports")


def recall(uuid):
    """The Ports that were written down for a network, or None."""
    path = FOLDER / f"{uuid}.ports"
    if os.geteuid() != 0 or not path.exists():
        return None
    return tuple(Port(**{name: _tuples(value) for name, value in port.items()}) for port in json.loads(path.read_text(encoding="utf-8")))


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def forget(uuid):
    """Cross it out."""
    if os.geteuid() == 0:
        (FOLDER / f"{uuid}.ports").unlink(missing_ok=True)


def remember_link(state):
    """Write down the LinkState that a device is to have, before it is made. Who is not root makes none."""
    if os.geteuid() != 0:
        return
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    scratch = FOLDER / f"{state.name}.new"
    scratch.write_text(json.dumps(link_record.dump(state)), encoding="utf-8")
    os.replace(scratch, FOLDER / f"{state.name}.link")


def recall_link(name):
    """The LinkState that a device was to have whose making was interrupted, or None."""
    path = FOLDER / f"{name}.link"
    if os.geteuid() != 0 or not path.exists():
        return None
    return link_record.load(name, json.loads(path.read_text(encoding="utf-8")))


def forget_link(name):
    """Cross it out."""
    if os.geteuid() == 0:
        (FOLDER / f"{name}.link").unlink(missing_ok=True)
