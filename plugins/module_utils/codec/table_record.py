# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of a table: what was asked, and what nft(8) reads of it."""

from __future__ import annotations

import json
from typing import NamedTuple

from ..model.door import Door
from ..model.option import plain, read
from ..model.table import CLASSES, TableState


class Record(NamedTuple):
    """A table as it is stored: its TableState, and {nft(8)'s family: digest of what nft(8) of a ``version`` prints of its table there}."""

    state: TableState
    version: str
    digests: dict


def text(record):
    """A Record as JSON."""
    state = record.state
    held = {"kind": state.kind, "name": state.name, "lab": state.lab, "data": plain(state.data), "text": state.text, "settings": dict(state.settings),
            "doors": state.doors, "version": record.version, "digests": record.digests}
    return json.dumps(held, indent=1) + "\n"


def parse(given):
    """The Record that text() wrote."""
    held = json.loads(given)
    data = read(CLASSES[held["kind"]], held["data"], strict=False)
    state = TableState(held["kind"], held["name"], data, held["text"], held["lab"], settings=tuple(held["settings"].items()),
                       doors=tuple(Door(*each) for each in held.get("doors", ())))
    return Record(state, held["version"], held["digests"])


def settings(given):
    """What parse() would give as the settings of a record's state; the rest is not read."""
    return tuple(json.loads(given)["settings"].items())
