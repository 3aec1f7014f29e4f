# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a whole plan would cut the connection that the task came by: of devices each of which would do, what takes the last."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.access import Access
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Link, LinkState, WantedLink
from ansible_collections.virtlab.network.plugins.module_utils.model.link_kinds import Bond, Nic
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag
from ansible_collections.virtlab.network.plugins.module_utils.plan import guard
from ansible_collections.virtlab.network.plugins.module_utils.plan.families import make_plan

from .test_link import NIC, Host

ACCESS = Access("198.51.100.1", "198.51.100.11", ("bond0",), "198.51.100.0/24", groups=((("eth0",), ("eth1",)),))
STATES = {
    "bond0": LinkState("bond0", "bond", Link(up=True, mtu=1500, addresses=Bag(["198.51.100.11/24"]), routes=Bag(), controller=""),
                       Bond(mode="active-backup", miimon=100), Bag(["eth0", "eth1"])),
    **{name: LinkState(name, "nic", Link(up=True, mtu=1500, addresses=Bag(), routes=Bag(), controller="bond0"), Nic()) for name in ("eth0", "eth1")},
}
SEEN = {"bond0": NIC._replace(kind="bond"), "eth0": NIC._replace(master="bond0"), "eth1": NIC._replace(master="bond0")}
DOWN = {name: WantedLink("link", name, "nic", Link(up=False)) for name in ("eth0", "eth1")}
BACK = WantedLink("link", "d7", "dummy", Link(addresses=Bag(["198.51.100.2/28"])))


def clauses(*wanted, access=ACCESS):
    """What the guard says of a plan."""
    plan = make_plan(wanted, {("link", each.name): STATES.get(each.name) for each in wanted}, Host(seen=SEEN, states=STATES))
    return guard.clauses([item for item in plan.items if item.steps], access)


def test_the_last_port_is_one_that_it_needs():
    """Each may go as long as another stays, and all may not, by whatever takes them."""
    off = [f"link {name}: {name} is turned off" for name in DOWN]
    fewer = WantedLink("link", "bond0", "bond", ports=Bag(["eth1"]))
    assert [clauses(each) for each in DOWN.values()] == [[], []]
    assert sorted(clauses(*DOWN.values())) == off
    assert clauses(fewer) == []
    assert sorted(clauses(fewer, DOWN["eth1"])) == ["link bond0: eth0 leaves bond0", off[1]]


def test_what_cuts_it_anyway_is_no_port():
    """A way back that is taken is told once, and takes no port along."""
    taken = "link d7: 198.51.100.2/28 of d7 takes the way back to 198.51.100.1"
    assert clauses(BACK, DOWN["eth0"]) == [taken]
    assert sorted(clauses(BACK, *DOWN.values()))[0] == taken


@pytest.mark.parametrize(("wanted", "cut"), [(["eth0"], False), (["eth1"], False), (["eth0", "eth1"], True)])
def test_all_that_is_below_a_port_goes_for_it(wanted, cut):
    """One of the two is a VLAN on another NIC, say."""
    access = ACCESS._replace(groups=((("vlan1", "eth1"), ("eth0",)),))
    assert bool(clauses(*(DOWN[name] for name in wanted), access=access)) == cut
