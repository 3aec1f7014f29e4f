# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure plans: what differs, what is to be done about it, in which order, and what each change costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: What a change costs those who use the resource, from nothing to most: no guest notices; dnsmasq is started anew, which is away for
#: less than a second; the resource goes down and, unless it was to go down, up again, with all its ports; another takes its place,
#: where its ports cannot follow.
COSTS = ("live", "dnsmasq", "restart", "replace")


@dataclass(frozen=True)
class Change:
    """One field that differs. ``before`` and ``after`` are plain values."""

    field: str
    before: Any
    after: Any
    cost: str


@dataclass(frozen=True)
class Step:
    """One action of a backend: a verb, and what it is to work with (a definition, a flag, or nothing)."""

    verb: str
    value: Any = None


@dataclass(frozen=True)
class Item:
    """The plan for one resource. ``observed`` and ``target`` are states; None is absent. ``before`` and ``after`` are their reports.

    ``needs`` are the keys of those that must make room for it first.
    """

    kind: str
    key: str
    observed: Any
    target: Any
    before: dict
    after: dict
    steps: tuple = ()
    changes: tuple = ()
    guests: tuple = ()
    warnings: tuple = ()
    needs: tuple = ()

    @property
    def cost(self):
        """The dearest of the item's changes; '' where nothing changes."""
        return max((change.cost for change in self.changes), key=COSTS.index, default="")


@dataclass(frozen=True)
class Plan:
    """Items in the order in which they are applied."""

    items: tuple = ()

    @property
    def changed(self):
        """True where anything is to be done, other than crossing out what a run wrote down for itself."""
        return any(step.verb != "forget" for item in self.items for step in item.steps)
