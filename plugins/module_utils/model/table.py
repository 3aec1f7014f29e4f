# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nft(8): one a resource, as it is stored for the next boot, and as the kernel has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .firewall import Firewall
from .nat import Nat
from .option import plain

#: classes of what tables are made of, by the kind of resource
CLASSES = {"nat": Nat, "firewall": Firewall}
#: nft(8)'s families of the tables that each may have
FAMILIES = {"nat": ("inet",), "firewall": ("inet", "bridge")}
#: what the kernel has of a table: what was stored, something else, or nothing
IN_PLACE, ALTERED, MISSING = "in place", "altered", "missing"


@dataclass(frozen=True)
class TableState:
    """A table as it is, or as it shall be.

    ``data`` is an instance of the class of its ``kind``, ``text`` what nft(8) reads of it, ``lab`` the mark. ``live`` is what the kernel has of it.
    ``settings`` are pairs of a name of sysctl(8)'s and the number that the table needs it to be, in the order in which they are to be set, ``found`` what
    they are (of a target, what they were before), and ``boot`` tells whether all is stored for the next boot. ``back``, of a state to go back to, are
    settings as they are to be again, whatever the table needs; ``data`` None is a table that is gone.
    ``whom``, of a target, is who it is about on this host: {zone: Members} of a Firewall. ``doors`` are the Doors of neighbours that it needs, all of which
    are recorded, and ``shut`` those of them that are not open any more.
    """

    kind: str
    name: str
    data: Any
    text: str
    lab: str = "default"
    live: str = IN_PLACE
    settings: tuple = ()
    boot: bool = True
    found: tuple = field(default=(), compare=False)
    back: tuple = field(default=(), compare=False)
    whom: Any = field(default=None, compare=False)
    doors: tuple = ()
    shut: tuple = ()

    @property
    def opened(self):
        """Doors that are open."""
        return tuple(each for each in self.doors if each not in self.shut)

    @property
    def tables(self):
        """(nft(8)'s family, name) of each table that it may have."""
        return tuple((family, f"virtlab_{self.kind}_{self.name}") for family in FAMILIES[self.kind])


@dataclass(frozen=True)
class WantedTable:
    """A table as a task asks for it."""

    kind: str
    name: str
    data: Any = None
    state: str = "present"
    lab: str = "default"
    #: names of devices that come and go with it: none
    coming = leaving = leading = serving = ()

    @property
    def family(self):
        """Each kind is a family of its own, of one shape."""
        return self.kind


def report(state):
    """A table's state as a result shows it."""
    if state is None:
        return {"state": "absent"}
    shown = {"name": state.name, "state": "present", **plain(state.data), "lab": state.lab, "rules": state.text.expandtabs(2).splitlines()}
    shown.update({"doors": list(map(str, state.opened))} if state.data.coexist or state.doors else {})
    return {**shown, **({"kernel": state.live} if state.live != IN_PLACE else {}), "sysctl": dict(state.found)}
