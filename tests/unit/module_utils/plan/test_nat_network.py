# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one plan makes of networks and of what translates for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.nat import nat as desired
from ansible_collections.virtlab.network.plugins.module_utils.model.nat import Nat
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.model.table import TableState, WantedTable
from ansible_collections.virtlab.network.plugins.module_utils.plan import families

from tests.unit.module_utils.plan.plans import UUID, Host, active, ips, network, wanted


@dataclass
class Rules(Host):
    """A host, with what is stored of translations by their names."""

    records: dict = field(default_factory=dict)
    advertised: tuple = ()
    boots: bool = True

    def rules(self, name, data, subnets, lab):
        """What nft(8) is to read."""
        return f"{name} {data} {subnets} {lab}"

    def setting(self, name):
        """All settings are as they are wanted."""
        return 1


def lab(mode):
    """The definition of a network with a forward mode."""
    return network("lab", uuid=UUID, forward={"mode": mode}, bridge={"name": "virbr1"}, **ips("10.75.0.1/24"))


def made(name="lab", of="lab", subnets=("10.75.0.0/24",)):
    """A resource that is there."""
    return TableState("nat", name, read(Nat, {"network": of} if of else {"subnets": list(subnets)}), "as it was")


def asked(name="lab", **options):
    """A resource that is wanted, or with no options is not."""
    return WantedTable("nat", name, read(Nat, options) if options else None, "present" if options else "absent")


def plan(tasks, networks, nats):
    """The plan of some tasks over what there is of networks and of translations."""
    host = Rules(networks={state.definition.name: state for state in networks}, records={state.name: SimpleNamespace(state=state) for state in nats})
    there = {**{("network", name): state for name, state in host.networks.items()}, **{("nat", state.name): state for state in nats}}
    return families.make_plan(tasks, {(each.family, each.name): there.get((each.family, each.name)) for each in tasks}, host).items


@pytest.mark.parametrize(("before", "nats", "after", "task", "first"), [
    ("nat", [], "open", asked(network="lab"), "network"), ("open", [made()], "nat", asked(), "nat"),
])
def test_who_takes_the_translation_over_has_it_from_the_other(before, nats, after, task, first):
    """So it goes back to that one where it fails, and no network is left without."""
    items = plan([wanted("lab", definition=lab(after)), task], [active(lab(before))], nats)
    assert [item.family for item in items][0] == first and [item.needs for item in items] == [(), (items[0].id,)]


def test_a_new_network_owes_its_translation_nothing():
    """Where that fails the network is kept, as any that does not make room for another."""
    items = plan([wanted("lab", definition=lab("open")), asked(network="lab")], [], [])
    assert [(item.family, item.needs) for item in items] == [("network", ()), ("nat", ())]


@pytest.mark.parametrize("name", ["a.network", "a" * 40, "-"])
def test_what_can_have_no_name_is_absent(name):
    """A network may have a name that no table can have, and nothing translates for it then."""
    assert desired({"name": name, "state": "absent"}, "default", None) == WantedTable("nat", name, state="absent")


@pytest.mark.parametrize("networks", [[], [active(lab("nat"))]])
def test_another_whose_network_is_gone_or_translates_itself_is_not_in_the_way(networks):
    """It is what is stored of the other that is out of date, which is for its own task to say."""
    item, = plan([asked("dmz", subnets=["10.80.0.0/24"])], networks, [made()])
    assert item.target is not None


def test_nor_is_one_whose_network_goes_in_the_same_plan():
    """Whichever of the two is asked for first."""
    items = plan([wanted("lab", "absent"), asked("dmz", subnets=["10.80.0.0/24"])], [active(lab("open"))], [made()])
    assert [item.key for item in items] == ["lab", "dmz"]
