# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for udev, which heeds them whoever makes a device. Source: systemd.link(5)."""

from __future__ import annotations

from .keys import text
from .link_json import MARK

#: what files of ours begin with
PREFIX = "00-virtlab-"
#: udev would give a device without these another name, and by 99-default.link another MAC address than who makes it
ITS_OWN = [("NamePolicy", "keep kernel"), ("MACAddressPolicy", "none")]


def link(record, *more):
    """{path under /etc/systemd/network: text} that gives a device its mark, and ``more`` pairs; nothing for a NIC, whose name is another file's."""
    if record.kind == "nic":
        return {}
    mark = [("Alias", f"{MARK}{record.lab}")] if record.lab else []
    return {f"{PREFIX}{record.name}.link": text([("Match", [("OriginalName", record.name)]), ("Link", [*ITS_OWN, *mark, *more])])}


def guests():
    """{path under /etc/systemd/network: text} for devices whose MAC address libvirt is about to set."""
    return {"05-virtlab.link": text([("Match", [("OriginalName", "vnet* virbr* macvtap* macvlan*")]), ("Link", ITS_OWN)])}
