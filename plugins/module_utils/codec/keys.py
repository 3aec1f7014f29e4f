# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options told to another program by keys of its own.

Its table is {class: {option: (key, how the value is written)}}; a value that is written as None it has no word for.
"""

from __future__ import annotations

import re

from ..model.link_defaults import unusual
from ..model.option import declared


def _keys(value, table):
    return next((cls, keys) for cls, keys in table.items() if isinstance(value, cls))


def pairs(value, table):
    """[(key, text)] of what an instance of options says and the table has a word for."""
    unused, keys = _keys(value, table)
    said = [(key, write(getattr(value, name))) for name, (key, write) in keys.items() if getattr(value, name) not in (None, "")]
    return [(key, text) for key, text in said if text is not None]


def lacking(value, table, elsewhere=()):
    """What an instance says that a new device has not by itself and the table has no word for, as an instance of the table's class, or None.

    ``elsewhere`` names options that are told in other ways.
    """
    if not any(isinstance(value, cls) for cls in table):
        return None
    cls, keys = _keys(value, table)
    own = unusual(value)
    given = {name: getattr(own, name) for name, unused in declared(cls) if getattr(own, name) is not None and name not in elsewhere}
    left = {name: each for name, each in given.items() if name not in keys or keys[name][1](each) is None}
    return cls(**left) if left else None


def text(sections):
    """A file of sections, each a pair of its name and (key, value) pairs; those that have none are left out."""
    body = "\n".join(f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in said) for name, said in sections if said)
    return f"# Made by virtlab.network, and made anew when what it says is asked for otherwise.\n\n{body}"


def parsed(text):
    """[(section, [(key, value)])] of such a file. Source: systemd.syntax(7), of which GLib's key files have all but lines that go on in the next."""
    found, whole = [], re.sub(r"\\\n(?:[#;].*\n)*", " ", text)
    for line in (each.strip() for each in whole.splitlines()):
        if line.startswith("["):
            found.append((line.strip("[]"), []))
        elif line and line[0] not in "#;" and "=" in line and found:
            key, unused, value = line.partition("=")
            found[-1][1].append((key.strip(), value.strip()))
    return found
