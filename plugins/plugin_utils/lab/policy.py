# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab says of who may talk to whom, as virt_firewall takes it on one host."""

from __future__ import annotations

from ...module_utils.model.option import plain
from .model import HOST


def firewall(lab, host):
    """The one resource of all policies between those that the host knows; None where there is no such."""
    zones = {}
    for name in dict.fromkeys(name for each in lab.policies for name in (each.src, each.dst)):
        found = _zone(lab, host, name)
        if found:
            zones[name] = {"name": name, **found}
    policies = [plain(each) for each in lab.policies if each.src in zones and each.dst in zones]
    used = [zone for name, zone in zones.items() if any(name in (each["src"], each["dst"]) for each in policies)]
    return {"name": lab.name, "zones": used, "policies": policies} if policies else None


def _zone(lab, host, name):
    """Who is meant by a name on a host; empty where that is nobody there."""
    if name == HOST:
        return {"host": True}
    if lab.network(name):
        return {"networks": [name]} if lab.network(name) in lab.on(host.name) else {}
    found = lab.place(name)
    if found:
        return {"subnets": list(found.subnets)} if found.subnets else {}
    devices = host.devices(name)
    return {"devices": devices} if devices else {}
