# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a policy's plan would cut the connection that the task came by: no new one would arrive, and its own may be taken for new."""

from __future__ import annotations

from ..model.access import holds
from ..model.nat import span


def cuts(item, access):
    """Yield clauses that say what of an Item of a firewall would cut an Access."""
    if item.target is None:
        return
    data, zones = item.target.data, item.target.whom
    before = item.observed.data if item.observed is not None else None
    for policy in data.policies:
        if not zones[policy.dst].host or not _in(zones[policy.src], access):
            continue
        verdict = next((rule.verdict for rule in policy.rules if _fits(rule, access)), policy.otherwise)
        held = before is not None and policy in before.policies and data.zone(policy.src) in before.zones
        if verdict != "accept" and not held:
            yield f"policy {policy} would {verdict} new connections from {access.client} to {access.server} port {access.port}"


def _in(members, access):
    """True for a zone that the client may be in: by the devices that carry the connection, or by its address."""
    return not set(access.devices).isdisjoint(members.devices) or any(holds(str(subnet), access.client) for subnet in members.subnets)


def _fits(rule, access):
    """True for a rule that is about a new connection of the same kind."""
    if rule.protocol not in (None, "tcp"):
        return False
    if rule.ports and not (access.port is not None and any(low <= access.port <= high for low, high in map(span, rule.ports))):
        return False
    pairs = ((rule.saddr, access.client), (rule.daddr, access.server))
    return all(not given or any(holds(each, address) for each in given) for given, address in pairs)
