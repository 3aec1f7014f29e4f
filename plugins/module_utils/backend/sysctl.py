# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the kernel, by sysctl(8)'s names with slashes, so that a device's name may have dots."""

from __future__ import annotations

from pathlib import Path

from ..errors import BackendError

PROC = Path("/proc/sys")


def read(name):
    """The number that a setting is; None where there is none of that name."""
    try:
        return int((PROC / name).read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def write(name, value):
    """Have a setting be a number. Raises BackendError."""
    try:
        (PROC / name).write_text(f"{value}\n", encoding="ascii")
    except OSError as err:
        raise BackendError(f"the kernel does not take {value} for {name}: {err.strerror}") from err
