# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of what nft(8) reads: tables that take the place of what there was of them, all at once or not at all."""

from __future__ import annotations


def table(family, name, lab, body):
    """A whole table of a family of nft(8)'s, from lines of a body; where that is None there is none, and none is left."""
    lines = [f"table {family} {name}", f"delete table {family} {name}"]
    lines += block(f"table {family} {name}", f"comment {quoted(f'virtlab:{lab}')}", body=body, indent="") if body is not None else []
    return "".join(f"{line}\n" for line in lines)


def block(head, *lines, body=(), indent="\t"):
    """The lines of a block: a table's, a chain's, a set's or a map's."""
    return [f"{indent}{head} {{", *(f"{indent}\t{line}" for line in lines), *body, f"{indent}}}"]


def elements(members):
    """The line of a set's or a map's members."""
    return [f"elements = {{ {', '.join(map(str, members))} }}"]


def quoted(value):
    """A string of nft(8)'s. It knows no way to write a quote in one: values have none, by their kinds."""
    return f'"{value}"'
