# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure plans: what differs, what is to be done about it, in which order, and what each change costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

#: What a change costs those who use the resource, from nothing to most: no guest notices; dnsmasq is started anew, which is away for
#: less than a second; the resource goes down and, unless it was to go down, up again, with all its ports; another takes its place,
#: where its ports cannot follow. A guest's NIC is down where it is unplugged, has no carrier, or leads elsewhere.
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
class Grip:
    """What of the host a resource's state has to do with: names of devices that it makes and that it refers to, names that only one resource can hold
    at a time (bridges, their ports, and what translates for a network), and subnets (as ipaddress has them), which only one can have either.
    """

    makes: frozenset = frozenset()
    uses: frozenset = frozenset()
    holds: frozenset = frozenset()
    subnets: tuple = ()


def translation(network):
    """What only one can hold: libvirt, by the network's forward mode, or a nat. Who takes it over has it from the other, and gives it back where it fails."""
    return f"translation of {network}"


class Others(NamedTuple):
    """What those of a plan's resources do that are of another family: names of devices that they make, and of devices that they take off bridges; those of
    what they make that lead to a segment of others; who ``serving`` DHCP: (network, its bridge or None, families), without families who does not any more;
    the NetworkStates that ``networks`` shall have, (name, state or None); the ``bridges`` that they make or change, (name, addresses or None for the same); and
    guests' NICs that are ``moving``, (guest, MAC address, (type, name) of what they are attached to then, or None); the Items of guests' NICs; and the guests
    that are ``powering`` up or down, (guest, whether it is to run).
    """

    coming: frozenset = frozenset()
    leaving: frozenset = frozenset()
    leading: frozenset = frozenset()
    serving: frozenset = frozenset()
    networks: tuple = ()
    bridges: tuple = ()
    moving: tuple = ()
    plugging: tuple = ()
    powering: tuple = ()


NO_OTHERS = Others()


def parting(guests, here, moving):
    """Those of ``guests`` whose NIC the same plan takes away from ``here``, (type, name) of what it is attached to, before that goes."""
    gone = {(domain, mac) for domain, mac, to in moving if to not in here}
    return tuple(guest for guest in guests if (guest.domain, guest.mac) in gone)


@dataclass(frozen=True)
class Item:
    """The plan for one resource. ``observed`` and ``target`` are states; None is absent. ``before`` and ``after`` are their reports.

    ``family`` tells which plans and which backend it is of, ``kind`` is the word for it, ``key`` its name. ``had`` and ``has`` are the Grips of the two
    states, ``needs`` the ids of those that must make room for it first. ``notes`` are facts for the report that its states do not have. ``taken`` are Items
    of what it takes from others, to be rolled back with it, and ``within`` those that are brought about with it, as the NICs of a guest that is made.
    """

    family: str
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
    had: Grip = Grip()
    has: Grip = Grip()
    needs: tuple = ()
    notes: dict = field(default_factory=dict)
    taken: tuple = ()
    within: tuple = ()

    @property
    def id(self):
        """What tells it from all others of a plan."""
        return self.family, self.key

    @property
    def said(self):
        """The resource in words."""
        return f"{self.kind} {self.key}"

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
