# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of each cell, held against what the table says. Pure."""

from __future__ import annotations

from ..module_utils.model.probe import ALLOWED, REFUSED
from .verify_table import questions
from .verify_way import way

#: what a cell may come to
RIGHT, WRONG, UNPROVED = "right", "wrong", "unproved"


def found(plan, asked, cells=None):
    """{id: what virt_ends found} of cells, all where none are given; ``asked`` is {host: result of virt_ends with its checks}."""
    results = {}
    for host, result in asked.items():
        mine = [cell for cell in (plan["cells"] if cells is None else cells) if questions([cell], host)]
        results.update({cell["id"]: check for cell, check in zip(mine, result.get("checks", ()))})
    return results


def judged(cell, check):
    """A cell with its ``status``, what was ``seen``, and what was ``said`` of it."""
    if cell["away"]:
        return {**cell, "status": UNPROVED, "seen": "", "said": cell["away"], "seconds": 0.0}
    if not cell["target"]:
        said = f"{cell['from_label']} and {cell['to_label']} have no version of IP in common" if not cell["family"] else f"one of them has no {cell['family']}"
        return {**cell, "status": RIGHT if cell["expect"] == REFUSED else WRONG, "seen": REFUSED, "said": said, "seconds": 0.0}
    if check is None or check["outcome"] == "lost":
        said = check["said"] if check else f"host {cell['from_host']} was lost before it told"
        return {**cell, "status": UNPROVED, "seen": "", "said": said, "seconds": 0.0}
    seen = ALLOWED if check["outcome"] == ALLOWED else REFUSED
    told = {**cell, "seen": seen, "outcome": check["outcome"], "said": check["said"], "seconds": check["seconds"], "by": check.get("by", "")}
    other = check.get("answered_by")
    if cell["mac"] and other and other != cell["mac"]:
        return {**told, "status": WRONG, "said": f"{check['said']}, and that is not {cell['to_label']} ({cell['mac']}), but {other}"}
    return {**told, "status": RIGHT if seen == cell["expect"] else WRONG}


def wrong(plan, asked):
    """The cells that are not as the table says, and whose packets can be watched."""
    results = found(plan, asked)
    return [cell for cell in plan["cells"] if judged(cell, results.get(cell["id"]))["status"] == WRONG and cell["target"]]


def verdict(plan, asked, again, looked):
    """{"ok", "counts", "cells", "ends", "labels", "problems"}: every cell, with the way of those that are wrong, as they were asked again."""
    first, watched = found(plan, asked), wrong(plan, asked)
    second = found(plan, again, watched)
    looks = {host: result for host, result in looked.items() if "seen" in result}
    cells = [_told(cell, first.get(cell["id"]), second.get(cell["id"]), looks) for cell in plan["cells"]]
    ends = _ends(plan["points"])
    counts = {status: sum(cell["status"] == status for cell in cells) for status in (RIGHT, WRONG, UNPROVED)}
    problems = [f"{each['label']}: {each['problem']}" for each in ends if each["problem"]] + [explained(cell) for cell in cells if cell["status"] != RIGHT]
    labels = list(dict.fromkeys(each["label"] for each in plan["points"]))
    return {"ok": not problems, "counts": counts, "cells": cells, "ends": ends, "labels": labels, "problems": problems}


def _ends(points):
    """What is wrong with each end that had to be there; two guests of one network are one."""
    found = {}
    for each in points:
        if each["kind"] != "address":
            found.setdefault((each["label"], each["host"]), {})[each["problem"]] = True
    return [{"label": label, "host": host, "problem": "; ".join(filter(None, problems))} for (label, host), problems in found.items()]


def _told(cell, check, second, looks):
    cell = judged(cell, check)
    if cell["status"] != WRONG or not second or not looks:
        return cell
    now = judged(cell, second)
    if now["seen"] != cell["seen"]:
        return {**cell, "way": {"hops": [], "died": "", "rule": ""}, "again": f"asked again it was {now['seen']}: {now['said']}"}
    return {**cell, "way": way(cell, now["seen"], looks, now["by"])}


def explained(cell):
    """What is not right of a cell, in one sentence or some."""
    if cell["status"] == UNPROVED:
        return f"{cell['name']}: {cell['expect']} was expected, and nobody knows: {cell['said']}"
    said = f"{cell['name']}: {cell['expect']} was expected, and it is {cell['seen']}: {cell['said']}"
    return "; ".join([said, *detailed(cell)])


def detailed(cell):
    """What is known of the way of a wrong cell, line by line."""
    told = cell.get("way", {})
    lines = list(told.get("hops", ()))
    lines += [f"died {told['died']}"] if told.get("died") else []
    if cell["seen"] == ALLOWED:
        lines += [f"let through {told['rule']}"] if told.get("rule") else []
    else:
        lines += [f"dropped {told['rule']}" if told["rule"].startswith("on ") else f"rule: {told['rule']}"] if told.get("rule") else []
    return [*lines, *([cell["again"]] if cell.get("again") else [])]
