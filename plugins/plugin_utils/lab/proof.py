# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab says of who reaches whom, as the role verify takes it."""

from __future__ import annotations

from .. import verify_table
from .model import HOST


def proof(lab):
    """{"ends": ..., "table": ..., "default": ...}: ends are those that the table names, and those that are described. Raises ValidationError."""
    described = {each["name"]: {name: value for name, value in each.items() if name != "name"} for each in lab.ends}
    named = dict.fromkeys(name for row in lab.reachability for word in ("from", "to") for name in verify_table.listed(row.get(word)))
    ends = {name: {**_end(lab, name), **described.get(name, {})} for name in (*described, *named)}
    ends = {name: end for name, end in ends.items() if end}
    if lab.reachability:
        verify_table.wishes(lab.reachability, verify_table.ends_of(ends), lab.reachability_default)
    return {"ends": ends, "table": list(lab.reachability), "default": lab.reachability_default}


def _end(lab, name):
    """What is meant by a name; empty where that is nothing that the lab has."""
    if name == HOST:
        return {"host": True, "local": True}
    if lab.host(name):
        return {"host": True, "hosts": [name]}
    network, guest, place = lab.network(name), lab.guest(name), lab.place(name)
    if network:
        return {"network": name, **({"hosts": list(network.hosts)} if network.hosts else {}), **({} if network.shared else {"local": True})}
    if guest:
        return {"guest": name, "hosts": [lab.home(guest)]}
    return {"address": list(place.addresses)} if place else {}
