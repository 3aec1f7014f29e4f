# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what others do in their own time."""

from __future__ import annotations

import time


def until(condition, seconds, times=1):
    """Look, a tenth of a second apart, until ``condition()`` was true so many times in a row, or the seconds are over."""
    deadline, seen = time.monotonic() + seconds, 0
    while True:
        seen = seen + 1 if condition() else 0
        if seen >= times or time.monotonic() >= deadline:
            return
        time.sleep(0.1)
