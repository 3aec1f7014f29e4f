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

from ..model.kernel import Port
from . import files

FOLDER = Path("/run/virtlab.network")


def remember(uuid, ports):
    """Write down the Ports of a network."""
    _write(f"{uuid}.ports", [asdict(port) for port in ports])


def recall(uuid):
    """The Ports that were written down for a network, or None."""
    found = _read(f"{uuid}.ports")
    return None if found is None else tuple(Port(**{name: _tuples(value) for name, value in port.items()}) for port in found)


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def forget(uuid):
    """Cross it out."""
    _remove(f"{uuid}.ports")


def remember_link(state):
    """Write down the LinkState that a device is to have, before it is made."""
    from ..codec import link_record

    _write(f"{state.name}.link", link_record.dump(state))


def recall_link(name):
    """The LinkState that a device was to have whose making was interrupted, or None."""
    from ..codec import link_record

    found = _read(f"{name}.link")
    return None if found is None else link_record.load(name, found)


def begun():
    """Names of the devices whose making was interrupted."""
    return frozenset(path.stem for path in FOLDER.glob("*.link")) if os.geteuid() == 0 else frozenset()


def forget_link(name):
    """Cross it out."""
    _remove(f"{name}.link")


def _write(name, value):
    """Who is not root can neither put ports back nor make devices, and writes nothing."""
    if os.geteuid() == 0:
        files.write(FOLDER / name, json.dumps(value), 0o600)


def _read(name):
    path = FOLDER / name
    return json.loads(path.read_text(encoding="utf-8")) if os.geteuid() == 0 and path.exists() else None


def _remove(name):
    if os.geteuid() == 0:
        (FOLDER / name).unlink(missing_ok=True)
