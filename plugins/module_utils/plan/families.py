# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The families of resources, what each knows of its states, and the one plan over all of them. Pure, as all plans.

A family is imported where it is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Callable, NamedTuple

from .order import ordered
from .plan import Others, Plan


class Family(NamedTuple):
    """What plans of one family are made with; states may be None, for absent.

    ``items_of(wanted, observed, context, others)`` gives Items, where ``others`` (Others) is what the plan does beside them,
    ``steps_between(state, target)`` the Steps from one state to another and ``changes_between(state, target, steps)`` what they come to.
    ``expected(target, now, context)`` is a target with what the host generated for ``now``, ``undone(item)`` the state to go back to,
    ``leftovers(item, now)`` Steps for what is left of an item that is not there and shall not be, ``report(state)`` a state as a result shows it, and
    ``brief(report)`` what of that is worth a line where the resource comes or goes.
    ``cuts(item, access)`` are clauses that say what would cut an Access.
    Steps with one of the verbs ``mending`` may be left over after an apply, and are taken then.
    """

    items_of: Callable
    steps_between: Callable
    changes_between: Callable
    expected: Callable
    undone: Callable
    leftovers: Callable
    report: Callable
    brief: Callable
    cuts: Callable
    mending: frozenset


def _networks():
    from ..model import network_state
    from . import network, network_guard, network_steps, network_target

    return Family(network.items_of, network_steps.steps_between, network_steps.changes_between, network_target.expected, network_target.undone,
                  lambda item, now: (), network_state.report, dict, network_guard.cuts, network_steps.MENDING)


def _links():
    from ..model import link as model
    from ..model import link_defaults
    from . import link, link_guard, link_steps, link_target

    return Family(link.items_of, link_steps.steps_between, link_steps.changes_between, link_target.expected, link_target.undone,
                  link_steps.leftovers, model.report, link_defaults.brief, link_guard.cuts, link_steps.MENDING)


def _nats():
    from . import nat, nat_guard

    return _tables(nat.items_of, nat_guard.cuts)


def _firewalls():
    from . import firewall, firewall_guard

    return _tables(firewall.items_of, firewall_guard.cuts)


def _tables(items_of, cuts):
    from ..model import table
    from . import table_steps

    return Family(items_of, table_steps.steps_between, table_steps.changes_between, lambda target, now, context: table_steps.expected(target, context),
                  table_steps.undone, lambda item, now: (), table.report, dict, cuts, frozenset())


def _interfaces():
    from ..model import interface as model
    from . import interface, interface_steps

    return Family(interface.items_of, interface_steps.steps_between, interface_steps.changes_between,
                  lambda target, now, context: interface.expected(target, now), lambda item: item.observed, interface_steps.leftovers, model.report, dict,
                  lambda item, access: (), frozenset())


def _guests():
    from ..model import guest as model
    from . import guest, guest_steps

    return Family(guest.items_of, guest_steps.steps_between, guest_steps.changes_between, lambda target, now, context: target, lambda item: item.observed,
                  lambda item, now: (), model.report, dict, lambda item, access: (), frozenset())


#: in the order in which plans are made of them
FAMILIES = {"network": _networks, "link": _links, "nat": _nats, "firewall": _firewalls, "interface": _interfaces,
            "guest": _guests}


@cache
def family_of(name):
    """The Family of a name."""
    return FAMILIES[name]()


def make_plan(wanted, observed, host):
    """The Plan for a list of what is wanted, of whatever families, over {(family, name): state or None}. ``host.of(family)`` is the context of a family."""
    items = []
    for name in FAMILIES:
        mine = [each for each in wanted if each.family == name]
        if mine:
            rest = [each for each in wanted if each.family != name]
            others = Others(*(frozenset(device for each in rest for device in getattr(each, what)) for what in ("coming", "leaving", "leading", "serving")),
                            tuple((item.key, item.target) for item in items if item.family == "network"),
                            tuple(bridge for each in rest if each.family == "link" for bridge in each.bridges),
                            tuple(nic for each in rest if each.family in ("interface", "guest") for nic in each.moving),
                            tuple(item for item in items if item.family == "interface"),
                            tuple((each.name, each.state == "running") for each in rest if each.family == "guest" and each.state != "absent"))
            items += family_of(name).items_of(mine, {each.name: observed[name, each.name] for each in mine}, host.of(name), others)
    within = {each.id for item in items for each in item.within}
    return Plan(ordered([item for item in items if item.id not in within]))
