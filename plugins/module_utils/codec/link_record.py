# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States of devices as JSON, to be written down and read again."""

from __future__ import annotations

from dataclasses import is_dataclass

from ..model.bridge import BridgePort, Vlans
from ..model.link import KINDS, Link, LinkState
from ..model.option import Bag, declared, plain, read


def dump(state):
    """A LinkState in plain values, without what is only to be seen. Empty lists are kept: they say that there shall be none."""
    parts = {name: plain_of(getattr(state, name)) for name in ("link", "data", "vlans") if getattr(state, name) is not None}
    ports = None if state.ports is None else [plain_of(port) if state.kind == "bridge" else port for port in state.ports]
    lines = {"inherited": [[name, [list(pair) for pair in pairs]] for name, pairs in state.inherited]} if state.inherited else {}
    return {"kind": state.kind, "lab": state.lab, "ports": ports, **parts, **lines}


def plain_of(value):
    """An instance of options in plain values, with empty lists, and without what is not said."""
    given = {name: getattr(value, name) for name, unused in declared(type(value)) if getattr(value, name) is not None}
    return {name: plain_of(inner) if is_dataclass(inner) else plain(inner) for name, inner in given.items()}


def load(name, found):
    """The LinkState of what dump() gave."""
    kind = found["kind"]
    data = read(KINDS[kind], found["data"], strict=False) if "data" in found else None
    ports = None if found["ports"] is None else Bag(read(BridgePort, port, strict=False) if kind == "bridge" else port for port in found["ports"])
    vlans = read(Vlans, found["vlans"], strict=False) if "vlans" in found else None
    inherited = tuple((section, tuple((key, value) for key, value in pairs)) for section, pairs in found.get("inherited", ()))
    return LinkState(name, kind, read(Link, found["link"], strict=False), data, ports, vlans, found["lab"], inherited=inherited)
