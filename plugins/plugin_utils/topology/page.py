# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: a Topology as one HTML page that needs nothing else. What is drawn here is the picture; page.js opens, finds and shows parts of it.

What stands in it comes from hosts and guests: it is text in attributes and elements, and JSON that ends no script. The page itself forbids all other scripts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import unicodedata
from html import escape
from pathlib import Path

from .layout import COLUMNS, HEAD, HEIGHT, MARGIN, PAD, TOP, layout

#: pixels of a character, at most, of labels and of what stands below
LABEL, SUB, EDGE = 7.2, 5.9, 5.6
#: pixels in front of a box's words, and behind them
BEFORE, BEHIND = 34, 8
SAID = {"bad": "broken", "warn": "warning", "off": "off", "ok": "fine"}
NAMES = {"guest": "guest", "nic": "NIC", "network": "network", "way": "way out", "uplink": "uplink", "world": "world"}
ICONS = {
    "guest": "M2 3h12v8H2z M6 14h4 M8 11v3",
    "nic": "M4 2v4 M8 2v4 M12 2v4 M2 6h12v4a4 4 0 0 1-4 4H6a4 4 0 0 1-4-4z",
    "network": "M1 8h14 M4 8V3 M12 8V3 M8 8v5 M2.500 1h3v2h-3z M10.500 1h3v2h-3z M6.500 13h3v2h-3z",
    "way": "M2 5h9 M8 2l3 3-3 3 M14 11H5 M8 8l-3 3 3 3",
    "uplink": "M2 4h12v9H2z M5 13V9h6v4 M7 9V7h2v2",
    "world": "M8 1.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13 M1.500 8h13 M8 1.500c-4 4-4 9 0 13c4-4 4-9 0-13",
    "group": "M4.500 5.500h10v8h-10z M2 3h10",
}


def page(topology, title="Topology"):
    """The whole page."""
    drawn = layout(topology)
    assets = {name: Path(__file__).with_name(f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    policy = f"default-src 'none'; style-src '{_digest(assets['css'])}'; script-src '{_digest(assets['js'])}'; base-uri 'none'; form-action 'none'"
    troubles = topology.troubles()
    numbers = {"host": len(topology.hosts), **{kind: sum(node.kind == kind for node in topology.nodes) for kind in ("network", "guest")}}
    counts = " · ".join(f"{number} {word}{'s' * (number != 1)}" for word, number in numbers.items())
    health = _health(troubles)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<style>{assets['css']}</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
<p id="counts">{counts}</p>
<p id="health" class="{health[0]}">{health[1]}</p>
<span class="room"></span>
<label class="search"><span class="hidden">Find</span>
<input id="search" type="search" placeholder="Name, address, MAC, VLAN …" autocomplete="off" spellcheck="false"></label>
<output id="found" for="search"></output>
<button id="open" type="button"{'' if drawn.groups else ' hidden'}>Open all groups</button>
</header>
<main>
<div id="picture" tabindex="-1">
{_svg(topology, drawn)}
</div>
<aside id="panel" aria-live="polite">
<h2>Health</h2>
{_troubles(topology, troubles)}
<h2>Legend</h2>
<ul class="legend"><li class="ok">fine</li><li class="off">off: shut off, inactive</li><li class="warn">warning</li><li class="bad">broken</li></ul>
<p class="hint">Choose a box to see what is known of it, and its way to the world. Arrow keys go along the lines, Escape comes back here, / finds.</p>
</aside>
<aside id="facts" aria-live="polite" hidden></aside>
</main>
<script id="data" type="application/json">{_data(topology, drawn)}</script>
<script>{assets['js']}</script>
</body>
</html>
"""


def _digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _health(troubles):
    counts = {level: sum(each.level == level for unused, unused_id, each in troubles) for level in ("bad", "warn")}
    words = [f"{counts['bad']} broken" if counts["bad"] else "", f"{counts['warn']} warning{'s' * (counts['warn'] != 1)}" if counts["warn"] else ""]
    return next((level for level in counts if counts[level]), "ok"), ", ".join(filter(None, words)) or "all is well"


def _troubles(topology, troubles):
    place = {node.id: number for number, node in enumerate(topology.nodes)}
    if not troubles:
        return '<p class="hint">Nothing is wrong, as far as the hosts tell.</p>'
    rows = []
    for about, name, each in troubles:
        said = f"<b>{escape(about)}</b> <span>{escape(each.words)}</span>"
        inner = f'<button type="button" data-go="{place[name]}">{said}</button>' if name else f"<div>{said}</div>"
        rows.append(f'<li class="{each.level}">{inner}</li>')
    return '<ul class="troubles">' + "".join(rows) + "</ul>"


def _data(topology, drawn):
    """All that page.js needs, in JSON that ends no script."""
    place = {node.id: number for number, node in enumerate(topology.nodes)}
    place.update({group.id: len(topology.nodes) + number for number, group in enumerate(drawn.groups)})
    nodes = []
    for node in topology.nodes:
        box = drawn.boxes[node.id]
        nodes.append({"kind": NAMES[node.kind], "label": node.label, "host": node.host, "level": node.level, "facts": node.facts,
                      "troubles": [[each.level, each.words] for each in node.troubles], **_place(box), "group": place.get(box.group)})
    for group in drawn.groups:
        nodes.append({"kind": "group", "label": group.label, "host": topology.index[group.members[0]].host, "level": group.level,
                      "facts": [["guests", group.sub]], "troubles": [], **_place(group.box), "group": None, "more": group.more,
                      "members": [place[each] for each in group.members]})
    edges = [[place[edge.source], place[edge.target], edge.label] for edge in _edges(topology, drawn)]
    bands = [[band.y, band.height, band.first, band.last] for band in drawn.bands]
    text = json.dumps({"nodes": nodes, "edges": edges, "bands": bands, "height": drawn.height, "row": HEIGHT}, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _place(box):
    return {"x": box.x, "y": box.y, "w": box.width, "h": box.height, "at": box.interval}


def _edges(topology, drawn):
    return [*topology.edges, *(edge for group in drawn.groups for edge in group.edges)]


def _svg(topology, drawn):
    known = {**drawn.boxes, **{group.id: group.box for group in drawn.groups}}
    hidden = {member for group in drawn.groups for member in group.members}
    bands = "".join(_band(band, drawn.width, topology) for band in drawn.bands)
    titles = "".join(f'<text class="title" x="{x}" y="{TOP - 16}">{escape(title)}</text>' for title, x, unused in drawn.columns)
    edges = "".join(f'<path class="edge" d="{_path(known[edge.source], known[edge.target])}"{_off(edge.source in hidden or edge.target in hidden)}/>'
                    for edge in _edges(topology, drawn))
    said = {}
    for edge in topology.edges:
        if edge.label and edge.label not in said.setdefault(edge.source, []):
            said[edge.source].append(edge.label)
    up = {edge.source for edge in topology.edges if edge.label and known[edge.source].y > known[edge.target].y and known[edge.target].interval >= 0}
    boxes = "".join(_node(node, drawn.boxes[node.id], said.get(node.id, ()), node.id in up, node.id in hidden) for node in topology.nodes)
    boxes += "".join(_group(group, topology) for group in drawn.groups)
    return (f'<svg id="map" xmlns="http://www.w3.org/2000/svg" width="{drawn.width}" height="{drawn.height}" viewBox="0 0 {drawn.width} {drawn.height}" '
            f'role="group" aria-label="Guests, their networks, and their ways to the world">{titles}{bands}<g id="edges">{edges}</g>'
            f'<g id="boxes">{boxes}</g></svg>')


def _off(hidden):
    return ' visibility="hidden"' if hidden else ""


def _band(band, width, topology):
    host, guests = band.host, sum(node.kind == "guest" and node.host == band.host.name for node in topology.nodes)
    words = " · ".join([f"{guests} guest{'s' * (guests != 1)}", *(each.short for each in host.troubles)])
    room = int((width - 2 * MARGIN - 40 - len(host.name) * 8.6) / SUB)
    facts = "\n".join([host.name, *(f"{name}: {value}" for name, value in host.facts), *(each.words for each in host.troubles)])
    return (f'<g class="band {host.level}"><title>{escape(_clean(facts))}</title><rect x="{MARGIN}" y="{band.y}" width="{_inner(width)}" '
            f'height="{band.height}" rx="12"/><text x="{MARGIN + PAD}" y="{band.y + HEAD - 16}"><tspan class="host">{escape(_clean(host.name))}</tspan>'
            f'<tspan class="words" dx="12">{escape(_cut(words, room))}</tspan></text></g>')


def _inner(width):
    """How wide a band is: the world is beyond it."""
    return width - 2 * MARGIN - COLUMNS["world"][1] - COLUMNS["uplink"][2] // 2


def _node(node, box, said, up, hidden):
    words = "; ".join(each.words for each in node.troubles)
    name = f"{NAMES[node.kind]} {node.label}" + (f" on {node.host}" if node.host else "") + f", {SAID[node.level]}" + (f": {words}" if words else "")
    if node.kind == "world":
        inner = (f'<rect class="box" width="{box.width}" height="{box.height}" rx="12"/>'
                 f'<g class="icon"><path transform="translate({box.width // 2 - 16} 14) scale(2)" d="{ICONS["world"]}"/></g>'
                 f'<text class="label middle" x="{box.width // 2}" y="68">World</text>')
    else:
        inner = _box(node.kind, node.label, node.sub, node.level, box, said, up)
    return _button(f"node {node.kind} {node.level}", name, "\n".join(filter(None, [node.label, node.sub, words])), box, hidden, inner)


def _group(group, topology):
    name = f"group of {group.label}, {group.sub}, on {topology.index[group.members[0]].host}"
    inner = f'<rect class="box pile" x="5" y="-4" width="{group.box.width - 10}" height="{group.box.height}" rx="8"/>'
    inner += _box("group", group.label, group.sub, group.level, group.box)
    inner += f'<path class="turn" d="M{group.box.width - 40} 13l6 5-6 5"/>'
    return _button(f"node group {group.level}", name, f"{group.label}\n{group.sub}", group.box, False, inner, ' aria-expanded="false"')


def _button(classes, name, title, box, hidden, inner, more=""):
    return (f'<g class="{classes}" tabindex="0" role="button" aria-label="{escape(_clean(name))}"{more} transform="translate({box.x} {box.y})"{_off(hidden)}>'
            f"<title>{escape(_clean(title))}</title>{inner}</g>")


def _box(kind, label, sub, level, box, said=(), up=False):
    """What is in a box, and behind it what its lines are called, where they do not go."""
    room = box.width - BEFORE - BEHIND - (18 if level in ("bad", "warn") else 0)
    mark = {"bad": "×", "warn": "!"}.get(level)
    words = escape(_cut(", ".join(said), int(70 / EDGE)))
    out = f'<text class="out" x="{box.width + 5}" y="{box.height // 2 + (12 if up else -4)}">{words}</text>' if said else ""
    return (f'<rect class="box" width="{box.width}" height="{box.height}" rx="8"/>'
            f'<rect class="stripe" x="0" y="8" width="4" height="{box.height - 16}" rx="2"/>'
            f'<g class="icon"><path transform="translate(11 10)" d="{ICONS[kind]}"/></g>'
            f'<text class="label" x="{BEFORE}" y="15">{escape(_cut(label, int(room / LABEL)))}</text>'
            f'<text class="sub" x="{BEFORE}" y="29">{escape(_cut(sub, int((box.width - BEFORE - BEHIND) / SUB)))}</text>'
            + (f'<text class="mark" x="{box.width - 15}" y="16">{mark}</text>' if mark else "") + out)


def _clean(text):
    """Text without what XML has no character for, and no eye sees."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def _cut(text, room):
    """As much of a text as there is room for, counted in narrow characters."""
    text, used = _clean(text), 0
    for place, each in enumerate(text):
        used += 2 if unicodedata.east_asian_width(each) in "WF" else 1
        if used > room:
            return text[:max(0, place - 1)] + "…"
    return text


def _path(source, target):
    """A line from the right side of a box to the left one of another, the same that page.js draws."""
    start, end = (source.x + source.width, source.y + HEIGHT / 2), (target.x, (source.y if target.interval < 0 else target.y) + HEIGHT / 2)
    bend = (end[0] - start[0]) / 2
    return f"M{start[0]:g} {start[1]:g}C{start[0] + bend:g} {start[1]:g} {end[0] - bend:g} {end[1]:g} {end[0]:g} {end[1]:g}"
