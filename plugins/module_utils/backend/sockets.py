# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host itself listens to. Read only."""

from __future__ import annotations

import subprocess

from .. import deps


def listening():
    """{(protocol, address, port)} as ss(8) has them: the address is * for all of both versions of IP, and that of no host for all of one."""
    program = deps.program("ss")
    done = subprocess.run([program, "-Hltun"], capture_output=True, text=True, check=False) if program else None
    return {_socket(line.split()) for line in done.stdout.splitlines()} if done is not None and done.returncode == 0 else set()


def _socket(words):
    address, unused, port = words[4].rpartition(":")
    return words[0], address.strip("[]").partition("%")[0], int(port)
