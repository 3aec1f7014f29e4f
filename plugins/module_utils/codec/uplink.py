# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of an uplink: the NIC as it was before a bridge took its addresses."""

from __future__ import annotations

from ..model.link import Link, OthersRoute, Uplink
from ..model.option import Bag, read
from .link_record import plain_of


def dump(uplink):
    """An Uplink in plain values."""
    others = [{**route._asdict(), "asked": _asked(route.asked)} for route in uplink.others]
    return {"nic": uplink.nic, "by": uplink.by, "link": plain_of(uplink.link), "others": others, "done": uplink.done}


def load(found):
    """The Uplink of what dump() gave."""
    others = tuple(OthersRoute(**{**route, "words": tuple(route["words"]), "asked": _route(route["asked"])}) for route in found["others"])
    return Uplink(found["nic"], read(Link, found["link"], strict=False), others, found["by"], found["done"])


def _asked(route):
    return None if route is None else plain_of(Link(routes=Bag([route])))["routes"][0]


def _route(found):
    return None if found is None else read(Link, {"routes": [found]}, strict=False).routes[0]
