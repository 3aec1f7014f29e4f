# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change looks like to a person."""

from __future__ import annotations

import json

from .plan.families import family_of


def diff_of(item, outcome):
    """Ansible's diff of one plan item: both states as YAML, with the price and the guests that would notice in the header."""
    price = f" (cost: {item.cost})" if item.cost else ""
    guests = ", ".join(f"{guest.domain} {guest.target}" for guest in item.guests)
    before, after = item.before, outcome.after[item.id]
    if "absent" in (before["state"], after["state"]):
        before, after = family_of(item.family).brief(before), family_of(item.family).brief(after)
    return {
        "before_header": item.said,
        "after_header": f"{item.said}{price}{f', guests: {guests}' if guests else ''}",
        "before": document(before),
        "after": document(after),
    }


def document(value):
    """Nested dicts and lists as YAML text, in their own order."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value, indent=""):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                yield f"{indent}{name}:"
                yield from _lines(inner, f"{indent}  ")
            else:
                yield f"{indent}{name}: {_scalar(inner)}"
    elif isinstance(value, list) and value:
        for member in value:
            inner = list(_lines(member, f"{indent}  "))
            yield f"{indent}- {inner[0].lstrip()}"
            yield from inner[1:]
    else:
        yield f"{indent}{_scalar(value)}"


def _scalar(value):
    if isinstance(value, str):
        risky = not value or value != value.strip() or value[0] in "!&*-?:,[]{}#|>@`\"'%" or any(mark in value for mark in (": ", " #", "\n"))
        return json.dumps(value) if risky else value
    return json.dumps(value)
