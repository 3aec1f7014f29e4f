# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a translation's plan would cut the connection that the task came by: its own goes on, and no new one would arrive."""

from __future__ import annotations

import ipaddress

from ..model.access import holds
from ..model.nat import Nat
from ..model.table import IN_PLACE


def cuts(item, access):
    """Yield clauses that say what of an Item of a nat would cut an Access; none for what the kernel leads elsewhere already."""
    if item.target is None:
        return
    before = item.observed.data if item.observed is not None and item.observed.live == IN_PLACE else Nat()
    if not any(_takes(forward, access) for forward in before.forwards):
        for forward in item.target.data.forwards:
            if _takes(forward, access):
                yield f"forward {forward} leads new connections to {access.server} port {access.port} on to {forward.to}"
    if not any(holds(pair.outside, access.server) for pair in before.netmap):
        for pair in item.target.data.netmap:
            if holds(pair.outside, access.server):
                yield f"netmap of {pair.outside} leads what is for {access.server} on to {pair.inside}"


def _takes(forward, access):
    """True for a forward that listens to what the connection comes to."""
    if forward.transport != "tcp" or forward.version != ipaddress.ip_address(access.server).version or access.port is None:
        return False
    first, last = forward.listening
    heard = forward.listen in (None, access.server) and first <= access.port <= last
    return heard and (not forward.sources or any(holds(source, access.client) for source in forward.sources))
