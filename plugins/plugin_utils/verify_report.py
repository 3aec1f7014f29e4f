# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict as people read it, a matrix, and as CI does, JUnit's XML. Pure.

There is no one schema of JUnit's XML. What is written here is within those of Ant and of Jenkins' xUnit, and says everything in the text of a failure, as
GitLab shows nothing else.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .verify_verdict import RIGHT, UNPROVED, WRONG, detailed, explained

#: what XML 1.0 has no place for
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: what marks a cell that is wrong, and stands for one that nobody knows, and that nobody asked for
MARK, NOBODY, NOTHING = "!", "?", "."
SHORT = {"ipv4": "4", "ipv6": "6"}


def matrix(verdict):
    """Lines of text: for each port who asks (rows) and who is asked (columns); beneath, what is wrong."""
    cells, lines = verdict["cells"], []
    for port in dict.fromkeys(cell["port"] for cell in cells):
        lines += [*_grid(port, [cell for cell in cells if cell["port"] == port], verdict["labels"]), ""]
    counts = verdict["counts"]
    lines.append(f"{counts[RIGHT]} of {sum(counts.values())} cells are right, {counts[WRONG]} wrong ({MARK}), {counts[UNPROVED]} unproved ({NOBODY})")
    for end in verdict["ends"]:
        lines += ["", f"{end['label']}: {end['problem']}"] if end["problem"] else []
    for cell in cells:
        if cell["status"] != RIGHT:
            lines += ["", explained({**cell, "way": {}, "again": ""}), *(f"  {line}" for line in detailed(cell))]
    return lines


def _grid(port, cells, labels):
    rows, columns = ([label for label in labels if any(cell[word] == label for cell in cells)] for word in ("from_label", "to_label"))
    table = [[port, *columns]]
    for row in rows:
        table.append([row, *(_word([cell for cell in cells if (cell["from_label"], cell["to_label"]) == (row, column)]) for column in columns)])
    widths = [max(map(len, column)) for column in zip(*table)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in table]


def _word(cells):
    """What was seen of a pair, of both families at once where they agree."""
    told = {cell["family"]: _seen(cell) for cell in cells}
    if len(set(told.values())) <= 1:
        return next(iter(told.values()), NOTHING)
    return " ".join(f"{SHORT.get(family, family)}:{word}" for family, word in told.items())


def _seen(cell):
    return {RIGHT: cell["seen"], WRONG: MARK + cell["seen"], UNPROVED: NOBODY}[cell["status"]]


def junit(verdict, name, when):
    """JUnit's XML: a suite for each host that asks, a case for each cell and each end that had to be there. ``when`` is a time of ISO 8601, without zone."""
    root = ElementTree.Element("testsuites")
    hosts = dict.fromkeys([*(end["host"] for end in verdict["ends"]), *(cell["from_host"] for cell in verdict["cells"])])
    for number, host in enumerate(hosts):
        cases = [_end(end, name) for end in verdict["ends"] if end["host"] == host]
        cases += [_cell(cell, name) for cell in verdict["cells"] if cell["from_host"] == host]
        counts = {f"{kind}s": str(sum(case.find(kind) is not None for case in cases)) for kind in ("failure", "error")}
        seconds = f"{sum(float(case.get('time')) for case in cases):.3f}"
        suite = ElementTree.SubElement(root, "testsuite", {
            "name": _clean(f"{name} {host}"), "package": _clean(name), "id": str(number), "hostname": _clean(host), "timestamp": when,
            "tests": str(len(cases)), **counts, "skipped": "0", "time": seconds})
        ElementTree.SubElement(suite, "properties")
        suite.extend(cases)
        for word in ("system-out", "system-err"):
            ElementTree.SubElement(suite, word)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(classname, name, seconds):
    return ElementTree.Element("testcase", {"classname": _clean(classname), "name": _clean(name), "time": f"{seconds:.3f}"})


def _end(end, name):
    case = _case(f"{name}.ends", f"{end['label']} is there", 0)
    if end["problem"]:
        ElementTree.SubElement(case, "error", {"type": UNPROVED, "message": _clean(end["problem"])}).text = _clean(end["problem"])
    return case


def _cell(cell, name):
    case = _case(f"{name}.{cell['from_label']}", f"{cell['name']}: {cell['expect']}", cell["seconds"])
    if cell["status"] != RIGHT:
        first = explained({**cell, "way": {}, "again": ""})
        kind = "failure" if cell["status"] == WRONG else "error"
        ElementTree.SubElement(case, kind, {"type": cell["status"], "message": _clean(first)}).text = _clean("\n".join([first, *detailed(cell)]))
    return case


def _clean(text):
    return UNWRITABLE.sub("\ufffd", text)
