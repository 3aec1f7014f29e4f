# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of what nft(8) reads: a table that takes the place of what there was of it, all at once or not at all."""

from __future__ import annotations


def table(name, lab, body):
    """A whole table of both versions of IP, from lines of a body."""
    lines = [f"table inet {name}", f"delete table inet {name}", *block(f"table inet {name}", f'comment "virtlab:{lab}"', body=body, indent="")]
    return "".join(f"{line}\n" for line in lines)


def block(head, *lines, body=(), indent="\t"):
    """The lines of a block: a table's, a chain's, a set's or a map's."""
    return [f"{indent}{head} {{", *(f"{indent}\t{line}" for line in lines), *body, f"{indent}}}"]


def elements(members):
    """The line of a set's or a map's members."""
    return [f"elements = {{ {', '.join(map(str, members))} }}"]
