# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a network's plan would cut the connection that the task came by, and what would not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.access import Access
from ansible_collections.virtlab.network.plugins.module_utils.plan import network_guard

from .plans import UUID, active, ips, network, plan, wanted

NEAR = Access("198.51.100.1", "198.51.100.11", ("eth0",), "198.51.100.0/24")
WORSE = NEAR._replace(metric=101)
SIX = Access("2001:db8::1", "2001:db8::11", ("eth0",), "2001:db8::/64", None, 1024)
FAR = Access("203.0.113.9", "198.51.100.11", ("eth0",), "default", "198.51.100.1", 1024)


def definition(address="10.0.0.1/24", *routes):
    """A network with an address, and routes to (subnet, metric)."""
    listed = [{"address": subnet, "gateway": "10.0.0.2", **({"metric": metric} if metric else {})} for subnet, metric in routes]
    return network(uuid=UUID, bridge={"name": "virbr9"}, **ips(address), routes=listed)


def clauses(after, access, before=None):
    """What the guard says of a network that becomes ``after``."""
    item = plan(wanted(definition=after, strict=False), active(before) if before is not None else None)
    return list(network_guard.cuts(item, access))


@pytest.mark.parametrize(("after", "access", "clause"), [
    (definition("198.51.100.2/25"), NEAR, "its subnet 198.51.100.0/25 takes the way back to 198.51.100.1"),
    (definition("198.51.100.2/24"), WORSE, "its subnet 198.51.100.0/24 takes the way back to 198.51.100.1"),
    (definition("2001:db8::2/64"), SIX, "its subnet 2001:db8::/64 takes the way back to 2001:db8::1"),
    (definition("10.0.0.1/24", ("198.51.100.0/25", None)), NEAR, "its route to 198.51.100.0/25 takes the way back to 198.51.100.1"),
    (definition("10.0.0.1/24", ("203.0.113.0/24", 5000)), FAR, "its route to 203.0.113.0/24 takes the way back to 203.0.113.9"),
    (definition("10.0.0.1/24", ("0.0.0.0/0", None)), FAR, "its route to 0.0.0.0/0 takes the way back to 203.0.113.9"),
])
def test_what_takes_the_way_back(after, access, clause):
    """Subnets, and routes through guests; not once they are there."""
    assert clauses(after, access) == [clause]
    assert clauses(after, access, before=after) == []


def proxied(*addresses):
    """A network that has addresses of guests proxied."""
    return replace(definition(), proxied=network(proxied={"dev": "eth0", "addresses": list(addresses)}).proxied)


@pytest.mark.parametrize(("address", "access", "cut"), [
    ("198.51.100.1", NEAR, True), ("198.51.100.20", NEAR, False), ("203.0.113.9", FAR, True), ("198.51.100.1", FAR, True), ("2001:db8::1", SIX, True),
])
def test_what_is_proxied_and_is_on_the_way_back(address, access, cut):
    """The client, and the next hop, are where they were; not once that is so already."""
    said = clauses(proxied(address), access, before=definition())
    assert said == ([f"its route to {address} takes the way back to {access.client}"] if cut else [])
    assert clauses(proxied(address), access, before=proxied(address)) == []


@pytest.mark.parametrize(("after", "access"), [
    (definition("198.51.100.130/25"), NEAR),
    (definition("198.51.100.2/24"), NEAR),
    (definition("198.51.0.2/16"), WORSE),
    (definition("2001:db8::2/64"), SIX._replace(metric=256)),
    (definition("10.0.0.1/24", ("198.51.100.0/24", None)), NEAR),
    (definition("10.0.0.1/24", ("198.51.0.0/16", None)), NEAR),
    (definition("10.0.0.1/24", ("0.0.0.0/0", 2000)), FAR),
])
def test_what_does_not(after, access):
    """Other subnets, wider ones, and those that the kernel likes less."""
    assert clauses(after, access) == []
