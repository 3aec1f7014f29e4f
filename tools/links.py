# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that every relative link and picture in the Markdown pages under the current folder leads somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|(?:src|href)=\"([^\"]+)\"|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(page):
    """The anchors that a page's headings make: words in lower case, joined by hyphens."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def broken(page, target):
    """True where ``target``, as linked from ``page``, leads nowhere."""
    path, _hash, anchor = target.partition("#")
    goal = page if not path else page.parent / path
    if not goal.exists():
        return True
    return bool(anchor) and goal.suffix == ".md" and anchor not in anchors(goal)


def main():
    """Print each link that leads nowhere; fail on any, and where there was no link to follow."""
    followed, lost = 0, []
    for page in sorted(Path().rglob("*.md")):
        text = CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
        for match in LINK.finditer(text):
            target = next(filter(None, match.groups()))
            if re.match(r"[a-z]+:", target):
                continue
            followed += 1
            if broken(page, target):
                lost.append(f"{page}: {target} leads nowhere")
    print("\n".join([*lost, f"links: {followed} followed, {len(lost)} lost"]))
    return 1 if lost or not followed else 0


if __name__ == "__main__":
    sys.exit(main())
