# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a policy's plan would cut the connection that the task came by: no new one would arrive, and its own may be taken for new."""

from __future__ import annotations

from ..model.access import holds
from ..model.nat import span
from ..model.table import IN_PLACE


def cuts(item, access):
    """Yield clauses that say what of an Item of a firewall would cut an Access."""
    if item.target is None or access.devices[0] == "lo":
        return
    data, zones = item.target.data, item.target.whom
    held = _held(item.observed, data, zones, access)
    for policy in _deciding([policy for policy in data.policies if zones[policy.dst].host], zones, access):
        verdict = next((rule.verdict for rule in policy.rules if _fits(rule, access)), policy.otherwise)
        if verdict != "accept" and policy not in held:
            yield f"policy {policy} would {verdict} new connections from {access.client} to {access.server} port {access.port}"


def _held(state, data, zones, access):
    """Those of a state's policies that the connection may have come to, as far as that is known: where its zones are those of ``data``, and in force."""
    if state is None or state.live != IN_PLACE:
        return ()
    policies = [policy for policy in state.data.policies if state.data.zone(policy.dst).host]
    return _deciding(policies, zones, access) if all(state.data.zone(policy.src) in data.zones for policy in policies) else ()


def _deciding(policies, zones, access):
    """Those of some policies that the connection may come to: that of the device that it comes in by, which goes before all others; or else those of the
    devices below and of the client's address.
    """
    first = [policy for policy in policies if access.devices[0] in zones[policy.src].devices]
    return first or [policy for policy in policies if _in(zones[policy.src], access)]


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
