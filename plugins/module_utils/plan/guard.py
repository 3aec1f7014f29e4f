# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a whole plan would cut the connection that the task came by. Pure, as all plans."""

from __future__ import annotations

from .families import family_of


def clauses(items, access):
    """Clauses that say what of Items would cut an Access: what cuts a device that it needs, and what cuts the last of those of which one is enough."""
    found = _said(items, access)
    for group in access.groups:
        each = [[clause for clause in _said(items, access.by_way_of(branch)) if clause not in found] for branch in group]
        found += [clause for branch in each for clause in branch] if all(each) else []
    return found


def _said(items, access):
    return [f"{item.said}: {clause}" for item in items for clause in family_of(item.family).cuts(item, access)]
