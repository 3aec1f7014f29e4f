# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: a Topology as text that Mermaid and Graphviz draw. Many guests of one network are one box, as in the page before it is opened.

What stands in it comes from hosts and guests: neither a name nor an address is ever a word of the language.
"""

from __future__ import annotations

import re

from .layout import layout

#: what Mermaid takes as it is; the rest is written by number
PLAIN = re.compile(r"[^A-Za-z0-9 .,:/()+_-]")
COLOURS = {"ok": ("#e8f1fb", "#3b6ea5"), "off": ("#f1f1f1", "#8a8a8a"), "warn": ("#fff3d6", "#b7791f"), "bad": ("#fde4e1", "#c0392b")}
SHAPES = {"guest": ("(", ")"), "nic": ("([", "])"), "network": ("[", "]"), "way": ("{{", "}}"), "uplink": ("[/", "/]"), "world": ("((", "))")}
DOT = {"guest": "box", "nic": "oval", "network": "box3d", "way": "hexagon", "uplink": "cds", "world": "doublecircle"}


def _shown(topology):
    """([(id, kind, host, words, level)], edges) with groups in the place of their members."""
    drawn = layout(topology)
    inside = {member: group.id for group in drawn.groups for member in group.members}
    nodes = [(node.id, node.kind, node.host, [node.label, node.sub, *_troubles(node, node.sub)], node.level)
             for node in topology.nodes if node.id not in inside]
    hosts = {member: topology.index[member].host for member in inside}
    nodes += [(group.id, "guest", hosts[group.members[0]], [group.label, group.sub], group.level) for group in drawn.groups]
    edges = [edge for edge in topology.edges if edge.source not in inside] + [edge for group in drawn.groups for edge in group.edges]
    return nodes, edges


def _troubles(thing, said=""):
    """What is wrong, in few words, unless that is said already."""
    return [f"{each.level.replace('bad', 'broken')}: {each.short}" for each in thing.troubles if each.level in ("bad", "warn") and each.short not in said]


def mermaid(topology):
    """The text of a Mermaid flowchart."""
    nodes, edges = _shown(topology)
    number = {each[0]: f"n{place}" for place, each in enumerate(nodes)}
    lines = ["flowchart LR"]
    lines += [f"  classDef {level} fill:{fill},stroke:{stroke},color:#1b1f24" for level, (fill, stroke) in COLOURS.items()]
    for place, host in enumerate([*topology.hosts, None]):
        mine = [each for each in nodes if each[2] == (host.name if host else None)]
        said = [host.name, *_troubles(host)] if host else []
        lines += [f'  subgraph h{place}["{_mermaid(said)}"]'] if host else []
        lines += [f'    {number[name]}{SHAPES[kind][0]}"{_mermaid(words)}"{SHAPES[kind][1]}:::{level}' for name, kind, unused, words, level in mine]
        lines += ([f"    e{place}[ ]"] if not mine else []) + ["  end"] if host else []
    lines += [f"  {number[edge.source]} -->" + (f'|"{_mermaid([edge.label])}"| ' if edge.label else " ") + number[edge.target] for edge in edges]
    return "\n".join(lines) + "\n"


def _mermaid(words):
    return "<br/>".join(PLAIN.sub(lambda found: f"#{ord(found[0])};", each) for each in words if each)


def dot(topology):
    """The text of a Graphviz graph."""
    nodes, edges = _shown(topology)
    lines = ["digraph topology {", "  rankdir=LR;", '  node [style=filled, fontname="sans-serif", fontsize=11];', '  edge [fontname="sans-serif", fontsize=9];']
    for place, host in enumerate([*topology.hosts, None]):
        mine = [each for each in nodes if each[2] == (host.name if host else None)]
        said = [host.name, *_troubles(host)] if host else []
        lines += [f"  subgraph cluster_{place} {{", f"    label={_dot(said)};"] if host else []
        lines += [f'    {_dot([name])} [label={_dot(words)}, shape={DOT[kind]}, fillcolor="{COLOURS[level][0]}", color="{COLOURS[level][1]}"];'
                  for name, kind, unused, words, level in mine]
        lines += ([f'    "empty {place}" [style=invis];'] if not mine else []) + ["  }"] if host else []
    lines += [f"  {_dot([edge.source])} -> {_dot([edge.target])}" + (f" [label={_dot([edge.label])}]" if edge.label else "") + ";" for edge in edges]
    return "\n".join([*lines, "}"]) + "\n"


def _dot(words):
    """A quoted string of some lines: a backslash or a quote is itself, and an ampersand begins no entity."""
    clean = ["".join(each if each.isprintable() else " " for each in line) for line in words if line]
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in clean) + '"'
