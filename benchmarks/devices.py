# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges with TAPs for ports: how each contender builds them, is run again, and removes them."""

from __future__ import annotations

from .subject import Alone, Played, Subject

#: ports of each bridge
PORTS = 4


def bridges(count):
    """{bridge: its ports} of ``count`` bridges."""
    return {f"bench{number}": [f"bench{number}-{port}" for port in range(PORTS)] for number in range(count)}


def virt_host(verb, count):
    """All bridges and TAPs in one task."""
    common = {"persist": "none", "state": "absent" if verb == "remove" else "present"}
    taps = [{"name": port, **({} if verb == "remove" else {"controller": bridge}), **common} for bridge, ports in bridges(count).items() for port in ports]
    return [{"virtlab.network.virt_host": {"bridges": [{"name": name, **common} for name in bridges(count)], "taps": taps}}]


DEVICES = Subject(
    "bridges", (1, 10, 100),
    {"build": "build", "again": "run again, nothing to do", "remove": "remove"},
    {"batch": Alone("iproute2 alone", "alone_iproute2.py"), "pyroute2": Alone("pyroute2, a call for each attribute", "alone_pyroute2.py")},
    {"virt_host": Played("virt_host, one task", virt_host, 100)},
    bridges,
)
