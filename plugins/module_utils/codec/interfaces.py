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


#: what may follow a device's name: a second address by a name of its own, such as eth0:1
ALIAS = r"(?::\S+)?(?!\S)"


def _whole(text):
    """Lines, each with those that a backslash continues it by."""
    return re.findall(r"((?:[^\n]*\\\n)*[^\n]*)\n", text if text.endswith("\n") else f"{text}\n")


def method(text, name):
    """How a file says that a device gets its addresses (static, dhcp, manual, ...), words of several stanzas joined by a comma; None where it has none."""
    found = re.findall(rf"^[ \t]*iface[ \t]+{re.escape(name)}{ALIAS}(?:[ \t]+inet6?)?(?:[ \t]+(\w+))?", text.replace("\\\n", " "), re.MULTILINE)
    return ",".join(dict.fromkeys(each or "unknown" for each in found)) or None


def without(text, name):
    """The file without a device: its stanzas, and its name in lines that list several, as comments with a mark."""
    mark, lines, inside = MARK.format(name), [], False
    own = re.compile(rf"{re.escape(name)}{ALIAS}$")
    for line in _whole(text):
        begins = WORDS.match(line)
        words = line.replace("\\\n", " ").split()
        inside = words[:1] == ["iface"] and bool(own.match(words[1])) if begins else inside
        if inside and line.strip():
            lines += [mark + each for each in line.split("\n")]
        elif begins and (words[0] == "auto" or words[0].startswith("allow-")) and any(map(own.match, words[1:])):
            others = [word for word in words[1:] if not own.match(word)]
            lines += [f"{words[0]} {' '.join(others)}"] if others else []
            lines.append(f"{mark}{words[0]} {' '.join(word for word in words[1:] if own.match(word))}")
        else:
            lines.append(line)
    return "\n".join([*lines, ""])


def again(text, name):
    """The file with what was taken out for a device."""
    mark = MARK.format(name)
    return "\n".join([*(line[len(mark):] if line.startswith(mark) else line for line in text.splitlines()), ""])
