# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) prints of tables as JSON, so that two of them can be compared. Source: libnftables-json(5)."""

from __future__ import annotations

import hashlib
import json

#: text of a value that is the same for equal ones; made once, as there are thousands of members
_text = json.JSONEncoder(sort_keys=True).encode


def digests(document):
    """(nft's version, {(family, table): a digest of all that it has}) of the tables in a document."""
    version, tables = "", {}
    for entry in document["nftables"]:
        (what, value), = entry.items()
        if what == "metainfo":
            version = value["version"]
        elif "family" in value:
            place = value["family"], value["name"] if what == "table" else value["table"]
            tables.setdefault(place, []).append(_plain(what, value))
    return version, {place: hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest() for place, lines in tables.items()}


def _plain(what, value):
    """An entry without the number that the kernel gave it, and with members in an order of their own."""
    return _text([what, _sorted({name: inner for name, inner in value.items() if name != "handle"})])


def _sorted(value):
    """The same with the members of all sets and maps in one order, those in the middle of a rule as well."""
    if isinstance(value, dict):
        inner = {name: _sorted(each) for name, each in value.items()}
        return {name: sorted(each, key=_text) if name in ("elem", "set") and isinstance(each, list) else each for name, each in inner.items()}
    return [_sorted(each) if isinstance(each, (dict, list)) else each for each in value] if isinstance(value, list) else value
