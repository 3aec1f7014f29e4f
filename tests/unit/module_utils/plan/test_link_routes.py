# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that come with who is taken over from: they are named, ours come in their place at once, and they come back where that fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkRoute, OthersRoute, Rival, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan.link_steps import steps_between

from tests.unit.module_utils.plan.test_link import plans, there, verbs

CIDRS = Bag(["10.0.0.1/24", "fd00::1/64"])
FOUR, SIX = LinkRoute("default", "10.0.0.9"), LinkRoute("default", "fd00::9")
STATIC = (OthersRoute("0.0.0.0/0", 4, "10.0.0.9", words=("four",), asked=FOUR, protocol="4"),
          OthersRoute("::/0", 6, "fd00::9", words=("six",), asked=SIX, protocol="4"),
          OthersRoute("10.8.0.0/16", 4, "10.0.0.9", words=("bird",), asked=LinkRoute("10.8.0.0/16", "10.0.0.9"), protocol="12"))


def taken_over(by="networkd", **said):
    """The item of a NIC that somebody else configures, with addresses and routes."""
    wanted = WantedLink("link", "eth1", None, link=Link(**said), persist=by, takeover=True)
    held = there("eth1", "nic", addresses=CIDRS)
    return plans([wanted], {"eth1": held}, keepers=(by,), files={"eth1": Rival(by, "eth1.file", True)}, routes=STATIC)[0]


def test_routes_that_would_go_are_named_to_be_said():
    """As a person can paste them; another daemon's, which it puts there again, and those that addresses leave no place for, are not asked for."""
    said = r'say {}routes: \[{{"dst": "default", "gateway": "10.0.0.9"}}, {{"dst": "default", "gateway": "fd00::9"}}\], too'
    with pytest.raises(ValidationError, match="says which routes eth1 has, and ours would not; " + said.format("")):
        taken_over(addresses=CIDRS)
    with pytest.raises(ValidationError, match="says which addresses and routes eth1 has, and ours would not; " + said.format("addresses and ")):
        taken_over(mtu=1400)
    with pytest.raises(ValidationError, match="routes: .*10.0.0.9.*fd00::9"):
        taken_over("networkmanager", addresses=CIDRS)
    assert taken_over(addresses=Bag()).warnings == ("routes of others that go with this: 0.0.0.0/0 via 10.0.0.9, 10.8.0.0/16 via 10.0.0.9",
                                                    "routes of eth1.file of networkd that go with this, at boot at the latest: ::/0 via fd00::9")


def test_ours_come_in_the_place_of_those_that_say_the_same():
    """There is a route all the while, also on the way back; one that is left out is told of."""
    item = taken_over("networkmanager", addresses=CIDRS, routes=Bag([FOUR]))
    assert verbs(item) == ["supplant", "keep"] and item.steps[0].value == ("eth1", FOUR, FOUR)
    assert item.warnings == ("routes of eth1.file of networkmanager that go with this, at boot at the latest: ::/0 via fd00::9",)
    done = replace(item.observed, link=replace(item.observed.link, routes=Bag([FOUR])), others=())
    assert [(step.verb, step.value) for step in steps_between(done, item.observed)] == [("reroute", ("eth1", STATIC[0]))]
    other = taken_over(addresses=CIDRS, routes=Bag([LinkRoute("default", "10.0.0.8"), SIX]))
    assert other.warnings == ("routes of others that go with this: 0.0.0.0/0 via 10.0.0.9",) and verbs(other)[:2] == ["supplant", "supplant"]


def test_others_routes_are_not_replaced_where_nobody_is_taken_over_from():
    """The kernel would refuse ours, by the same gateway or by another; it has both where the metrics differ."""

    def planned(route):
        return plans([WantedLink("link", "eth1", None, link=Link(routes=Bag([route])))], {"eth1": there("eth1", "nic", addresses=CIDRS)}, routes=STATIC)[0]

    for route in (FOUR, replace(FOUR, gateway="10.0.0.8")):
        with pytest.raises(ValidationError, match="eth1 has 0.0.0.0/0 via 10.0.0.9 of another program"):
            planned(route)
    other = replace(FOUR, metric=7)
    assert [step.value for step in planned(other).steps] == [("add", "eth1", other)]
