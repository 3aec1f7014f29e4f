# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations, tasks, and a host that has nothing but tables of nft(8), to make plans of."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_nat
from ansible_collections.virtlab.network.plugins.module_utils.desired.nat import nat
from ansible_collections.virtlab.network.plugins.module_utils.model.table import ALTERED, IN_PLACE, MISSING
from ansible_collections.virtlab.network.plugins.module_utils.plan import families

from . import plans

SUBNET, SIX = ["10.0.0.0/24"], ["10.0.0.0/24", "fd00::/64"]
IP4, IP6, RA = "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth0/accept_ra"


def wanted(name="a", lab="default", **options):
    """What a task asks for; it is for a subnet unless that is said."""
    given = options if "network" in options or "subnets" in options else {"subnets": SUBNET, **options}
    return nat({"name": name, "state": "present", **given}, lab, None)


def gone(name="a"):
    """What a task asks for whose resource is to go."""
    return nat({"name": name, "state": "absent"}, "default", None)


@dataclass
class Host(plans.Host):
    """The rest of the host as plans see it, and what it has of tables: what is written down of each, what the kernel has, and what the next boot loads.

    ``values`` are those of sysctl(8), ``advertised`` devices by which a router was heard, ``listening`` what the host listens to.
    """

    written: dict = field(default_factory=dict)
    kernel: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    values: dict = field(default_factory=lambda: {IP4: 0, IP6: 0, RA: 1})
    advertised: tuple = ()
    boots: bool = True
    listening: frozenset = frozenset()
    rules = staticmethod(nft_nat.text)

    @property
    def records(self):
        """Records by name."""
        return {name: SimpleNamespace(state=state) for name, state in self.written.items()}

    def setting(self, name):
        """The value of a setting."""
        return self.values.get(name)

    def observe(self, name="a"):
        """The state of a table, or None."""
        state, held = self.written.get(name), self.kernel.get(name)
        if state is None:
            return None
        live = MISSING if held is None else IN_PLACE if held == state.text else ALTERED
        found = tuple((each, self.setting(each)) for each, unused in state.settings)
        return replace(state, live=live, found=found, boot=self.kept.get(name) == state.text)

    def take(self, step):
        """What comes of a step, in pieces between which a run may be killed."""
        value = step.value
        if step.verb == "set":
            for name, number in value:
                assert name in self.values and number is not None
                yield self.values.update({name: number})
        elif step.verb == "store":
            yield self.written.update({value.name: replace(value, live=IN_PLACE, boot=True, found=(), back=())})
            yield self.kept.update({value.name: value.text})
        elif step.verb == "load":
            assert self.written[value.name].text == value.text
            yield self.kernel.update({value.name: value.text})
        elif step.verb == "unload":
            yield self.kernel.pop(value.name, None)
        else:
            assert step.verb == "forget"
            yield self.kept.pop(value.name, None)
            yield self.written.pop(value.name, None)

    def run(self, steps, pieces=None):
        """Take steps, or no more than some pieces of them."""
        list(itertools.islice((piece for step in steps for piece in self.take(step)), pieces))


def plan_of(tasks, host):
    """{name: Item} of a plan for some translations, and for networks beside them that are not there yet."""
    observed = {(each.family, each.name): host.observe(each.name) if each.family == "nat" else host.networks.get(each.name) for each in tasks}
    return {item.key: item for item in families.make_plan(tasks, observed, host).items if item.family == "nat"}


def plan(task, host):
    """The one Item of a plan for one translation."""
    return plan_of([task], host)[task.name]


def after(*tasks, **given):
    """A host on which tasks were done."""
    host = Host(**given)
    for task in tasks:
        host.run(plan(task, host).steps)
    return host
