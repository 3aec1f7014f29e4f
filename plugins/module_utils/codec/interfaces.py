# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifupdown's files. Source: interfaces(5)."""

from __future__ import annotations

import re

#: in front of what is taken out for a device, which is left there as a comment
MARK = "#virtlab.network:{} "
#: words that begin a line of its own; what follows such a line belongs to it until the next
WORDS = re.compile(r"\s*(iface|mapping|auto|allow-\S+|source|source-directory|rename|no-auto-down|no-scripts|template)\b")


def method(text, name):
    """How a file says that a device gets its addresses (static, dhcp, manual, ...), words of several stanzas joined by a comma; None where it has none."""
    found = re.findall(rf"^\s*iface\s+{re.escape(name)}\s+(?:inet6?\s+)?(\w+)", text, re.MULTILINE)
    return ",".join(dict.fromkeys(found)) or None


def without(text, name):
    """The file without a device: its stanzas, and its name in lines that list several, as comments with a mark."""
    mark, lines, inside = MARK.format(name), [], False
    for line in text.splitlines():
        begins = WORDS.match(line)
        words = line.split()
        inside = words[:2] == ["iface", name] if begins else inside
        if inside and line.strip():
            lines.append(mark + line)
        elif begins and (words[0] == "auto" or words[0].startswith("allow-")) and name in words[1:]:
            others = [word for word in words[1:] if word != name]
            lines += [f"{words[0]} {' '.join(others)}"] if others else []
            lines.append(f"{mark}{words[0]} {name}")
        else:
            lines.append(line)
    return "\n".join([*lines, ""])


def again(text, name):
    """The file with what was taken out for a device."""
    mark = MARK.format(name)
    return "\n".join([*(line[len(mark):] if line.startswith(mark) else line for line in text.splitlines()), ""])
