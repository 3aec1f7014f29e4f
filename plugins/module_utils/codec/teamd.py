# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What teamd is told, and tells. Source: teamd.conf(5), teamdctl(8)."""

from __future__ import annotations

import json


def command(name, runner):
    """The command that has a daemon make a team and look after it; teamd's own runner where none is said."""
    said = {"runner": {"name": runner}} if runner else {}
    return ("teamd", "-d", "-t", name, "-c", json.dumps({"device": name, **said, "link_watch": {"name": "ethtool"}}))


def runner(text):
    """The runner in what ``teamdctl NAME config dump actual`` prints."""
    return json.loads(text)["runner"]["name"]
