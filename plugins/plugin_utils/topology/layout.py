# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: where everything is. Hosts are bands, what is plugged into one network is an interval of rows, and the way to the world goes from left to right.

Many guests of one network are a group, which is one box until it is opened. An interval that opens moves those below it down, and nothing else: so a box is at
its ``y`` and what the open groups of the intervals above have ``more``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .model import LEVELS, Edge

#: more guests than this on one network are a group, in a picture of so many guests at most; and in one of more
FEW, GUESTS, FEWER = 8, 24, 3
ROW, HEIGHT, HEAD, PAD, TOP, MARGIN = 46, 36, 40, 14, 40, 20
#: titles, widths, and the room behind each kind's column for lines and their words
COLUMNS = {"guest": ("Guests", 146, 28), "nic": ("NICs", 164, 76), "network": ("Networks, bridges", 180, 56), "way": ("Ways out", 126, 46),
           "uplink": ("Uplinks", 142, 86), "world": ("World", 60, 0)}
#: the room between a device and the one below it
BELOW = 30


@dataclass(frozen=True)
class Box:
    """Where a node is. ``interval`` counts from the top; ``group`` is the group that it is shown with."""

    x: int
    y: int
    width: int
    height: int
    interval: int
    group: str | None = None


@dataclass(frozen=True)
class Group:
    """Guests of one network, as one box."""

    id: str
    label: str
    sub: str
    level: str
    box: Box
    more: int
    members: tuple
    edges: tuple


@dataclass(frozen=True)
class Band:
    """A host's rows, from its first interval to its last one."""

    host: object
    y: int
    height: int
    first: int
    last: int


@dataclass
class Layout:
    """The whole."""

    columns: list = field(default_factory=list)
    boxes: dict = field(default_factory=dict)
    groups: list = field(default_factory=list)
    bands: list = field(default_factory=list)
    width: int = 0
    height: int = 0
    intervals: int = 0


def layout(topology):
    """The Layout of a Topology."""
    return _Drawing(topology).layout


class _Drawing:
    """Goes through a topology from top to bottom."""

    def __init__(self, topology):
        self.topology, self.layout = topology, Layout()
        self.leading = {}
        for edge in topology.edges:
            self.leading.setdefault(edge.source, []).append(edge.target)
        self.few = FEW if sum(node.kind == "guest" for node in topology.nodes) <= GUESTS else FEWER
        self.x = self._columns()
        self.y = TOP
        for host in topology.hosts:
            self._host(host)
        self.layout.height = self.y + MARGIN
        self._world()

    def _columns(self):
        """{(kind, depth): where its column begins}."""
        depths = [node.depth for node in self.topology.nodes if node.kind == "uplink"]
        starts, at = {}, MARGIN + PAD
        kinds = {node.kind for node in self.topology.nodes}
        for kind, (title, width, room) in COLUMNS.items():
            title = title if kind in kinds else ""
            for depth in range(max(depths, default=0) + 1 if kind == "uplink" else 1):
                starts[kind, depth] = at
                self.layout.columns.append((title if depth == 0 else "below", at, width))
                at += width + (BELOW if kind == "uplink" and depth < max(depths, default=0) else room)
        self.layout.width = at + MARGIN
        return starts

    def _host(self, host):
        top, first = self.y, self.layout.intervals
        self.y += HEAD
        nodes = [node for node in self.topology.nodes if node.host == host.name]
        segments = [node for node in nodes if node.kind == "network"]
        nics = {}
        for node in nodes:
            if node.kind == "nic":
                nics.setdefault(node.of, []).append(node)
        homes = {}
        for node in nodes:
            if node.kind == "guest":
                led = [target for nic in nics.get(node.id, ()) for target in self.leading.get(nic.id, ())]
                homes.setdefault(led[0] if led and self.topology.index[led[0]].kind == "network" else None, []).append(node)
        for segment in [*segments, *([None] if None in homes else [])]:
            self._interval(segment, homes.get(segment.id if segment else None, []), nics)
        height = max(self.y - top, HEAD + PAD)
        self.layout.bands.append(Band(host, top, height, first, self.layout.intervals))
        self.y = top + height + PAD

    def _interval(self, segment, guests, nics):
        rows = {}
        if len(guests) > self.few:
            opened = self._group(segment, guests, nics)
            rows["guest", 0] = 1
        else:
            opened = self._listed(guests, nics, 0)
            rows["guest", 0] = opened
        if segment:
            self._put(segment, rows)
        for nic in [nic for guest in guests for nic in nics.get(guest.id, ())] + ([segment] if segment else []):
            self._out(nic.id, rows)
        height = max(rows.values())
        if len(guests) > self.few:
            self.layout.groups[-1] = _opening(self.layout.groups[-1], max(0, opened - height) * ROW)
        self.y += height * ROW
        self.layout.intervals += 1

    def _put(self, node, rows, group=None):
        """A node in the first row of its column that is free."""
        column = (node.kind, node.depth)
        row = rows.get(column, 0)
        rows[column] = row + 1
        self.layout.boxes[node.id] = Box(self.x[column], self.y + row * ROW, COLUMNS[node.kind][1], HEIGHT, self.layout.intervals, group)

    def _out(self, place, rows):
        """What a node leads to: ways and uplinks that have no place yet."""
        for target in self.leading.get(place, ()):
            node = self.topology.index[target]
            if node.kind in ("way", "uplink") and target not in self.layout.boxes:
                self._put(node, rows)
                self._out(target, rows)

    def _listed(self, guests, nics, row, group=None):
        """Guests from a row on, each as high as its NICs; the row after the last."""
        for guest in guests:
            own = nics.get(guest.id, ())
            for kind, listed in (("guest", [guest]), ("nic", own)):
                for number, node in enumerate(listed):
                    self._put(node, {(kind, 0): row + number}, group)
            row += max(1, len(own))
        return row

    def _group(self, segment, guests, nics):
        name = f"group/{segment.id}" if segment else f"group/{guests[0].host}"
        own = [nic for guest in guests for nic in nics.get(guest.id, ())]
        count = Counter(target for nic in own for target in self.leading.get(nic.id, ()))
        states = Counter(dict(guest.facts)["state"] for guest in guests)
        wrong = [node for node in (*guests, *own) if node.level in ("bad", "warn")]
        sub = ", ".join([*(f"{number} {state}" for state, number in sorted(states.items())), *([f"{len(wrong)} with troubles"] if wrong else [])])
        level = min((node.level for node in wrong), key=LEVELS.index, default="ok")
        width = COLUMNS["guest"][1] + COLUMNS["guest"][2] + COLUMNS["nic"][1]
        box = Box(self.x["guest", 0], self.y, width, HEIGHT, self.layout.intervals)
        edges = tuple(Edge(name, target, f"{number} NICs" if number > 1 else "1 NIC") for target, number in count.items())
        self.layout.groups.append(Group(name, f"{len(guests)} guests", sub, level, box, 0, tuple(node.id for node in (*guests, *own)), edges))
        return self._listed(guests, nics, 1, name)

    def _world(self):
        """The world is as high as all hosts are."""
        for node in self.topology.nodes:
            if node.kind == "world":
                self.layout.boxes[node.id] = Box(self.x["world", 0], TOP, COLUMNS["world"][1], self.layout.height - TOP - MARGIN - PAD, -1)


def _opening(group, more):
    """A Group that takes ``more`` room when it is open."""
    return Group(group.id, group.label, group.sub, group.level, group.box, more, group.members, group.edges)
