# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture of networks is made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

#: kinds of nodes, from guests to the world
KINDS = ("guest", "nic", "network", "way", "uplink", "world")
#: how bad it is, the worst first
LEVELS = ("bad", "warn", "off", "ok")


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a node, in words, and in few words. ``level`` is one of LEVELS: off is nothing wrong, and nothing that works either."""

    level: str
    words: str
    short: str = ""


@dataclass(frozen=True)
class Node:
    """A thing in the picture. ``host`` is the hypervisor it is on, None for the world; ``facts`` are pairs of words.

    ``depth`` counts the devices between an uplink and its bridge. ``of`` is the guest that a NIC is of.
    """

    id: str
    kind: str
    label: str
    sub: str = ""
    host: str | None = None
    facts: tuple = ()
    troubles: tuple = ()
    depth: int = 0
    of: str | None = None

    @property
    def level(self):
        """How bad it is."""
        return min((each.level for each in self.troubles), key=LEVELS.index, default="ok")


@dataclass(frozen=True)
class Edge:
    """What leads from one node to another, on the way from a guest to the world."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class Host:
    """A hypervisor."""

    name: str
    facts: tuple = ()
    troubles: tuple = ()

    @property
    def level(self):
        """How bad it is."""
        return min((each.level for each in self.troubles), key=LEVELS.index, default="ok")


@dataclass(frozen=True)
class Topology:
    """Hosts, nodes and edges, in the order in which they are drawn."""

    hosts: tuple = ()
    nodes: tuple = ()
    edges: tuple = ()
    index: dict = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self):
        self.index.update({each.id: each for each in self.nodes})

    def troubles(self):
        """[(what it is about, its node's id or None, Trouble)], the worst first."""
        found = [(host.name, None, each) for host in self.hosts for each in host.troubles]
        found += [(f"{node.host}: {node.label}" if node.host else node.label, node.id, each) for node in self.nodes for each in node.troubles]
        return sorted((each for each in found if each[2].level != "off"), key=lambda each: LEVELS.index(each[2].level))
