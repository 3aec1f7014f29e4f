# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words by which virt-install(1) writes a guest's definition, and creates nothing. Source: virt-install(1), 4.1 and 5.0."""

from __future__ import annotations

#: options of ours that are virt-install's by another name, or by the same
WORDS = {"memory": "memory", "vcpus": "vcpus", "os": "osinfo", "cpu": "cpu", "machine": "machine", "arch": "arch"}
#: what guest_xml puts in itself, in the place of what virt-install would make up; and no look at what else there is on the host
BARE = ("--network=none", "--noautoconsole", "--check=all=off", "--print-xml")
MACHINE = ("--disk=none", "--graphics=none", "--install=no_install=yes")
#: graphics that a task asks for are its own
GRAPHICS = "--graphics"


def words(driver, uri, definition):
    """What virt-install is called with for a Guest, which need not be named: guests that are alike take it to run once."""
    given = [f"--{word}={value}" for name, word in WORDS.items() if (value := getattr(definition, name)) is not None]
    more = definition.arguments or ()
    kind = ("--container", f"--init={definition.init}") if driver == "LXC" else MACHINE
    kind = [each for each in kind if not (each.startswith(GRAPHICS) and any(word.partition("=")[0] == GRAPHICS for word in more))]
    return (f"--connect={uri}", "--name=virtlab", *given, *kind, *BARE, *more)
