# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that change something do: from options to a result, or a VirtNetError. Who calls may be Ansible, or a trial."""

from __future__ import annotations

from functools import partial

from . import argument_spec
from .diff import diff_of
from .plan.plan import COSTS
from .reconcile import reconcile


def resource(kind, params, diff, **how):
    """The result of the module of one kind of resource, which tells of one. ``how`` is what reconcile() takes."""
    outcome = reconcile([(kind, params)], params["uri"], params["lab"], **how)
    main = next(item for item in outcome.plan.items if item.id == outcome.asked[0])
    others = [item for item in outcome.plan.items if item is not main and item.steps]  # of a bridge whose uplink comes along
    return {
        "before": main.before,
        "after": outcome.after[main.id],
        **({"diff": [diff_of(item, outcome) for item in (main, *others)] if others else diff_of(main, outcome)} if diff else {}),
        **_changes(outcome, lambda item: "" if item is main else f"{item.kind}s[{item.key}]."),
    }


def virt_host(params, diff, **how):
    """The result of virt_host, which tells of what changes alone."""
    tasks = [(kind, each) for kind in argument_spec.KINDS_OF_RESOURCES for each in params[f"{kind}s"] or []]
    outcome = reconcile(tasks, params["uri"], params["lab"], prune=params["prune"], force=params["force"], **how)
    changing = [item for item in outcome.plan.items if item.steps]
    telling = [item for item in outcome.plan.items if item.steps or item.notes]
    return {
        "before": _by_kind(changing, lambda item: item.before),
        "after": _by_kind(telling, lambda item: outcome.after[item.id]),
        **({"diff": [diff_of(item, outcome) for item in changing]} if diff else {}),
        **_changes(outcome, lambda item: f"{item.kind}s[{item.key}]."),
    }


#: by the names of modules; ``act(params, diff, **how)`` each
ACTS = {"virt_host": virt_host, **{f"virt_{kind}": partial(resource, kind) for kind in argument_spec.KINDS_OF_RESOURCES}}


def _by_kind(items, report):
    """{list: {name: report}}; of hundreds of resources that stay as they are that would be a megabyte."""
    return {f"{kind}s": {item.key: report(item) for item in items if item.kind == kind} for kind in argument_spec.KINDS_OF_RESOURCES}


def _changes(outcome, prefix):
    plan = outcome.plan
    guests = {guest: None for item in plan.items for guest in item.guests}
    return {
        "changed": plan.changed,
        "changes": [
            {"field": prefix(item) + change.field, "before": change.before, "after": change.after, "cost": change.cost}
            for item in plan.items for change in item.changes
        ],
        "cost": max((item.cost for item in plan.items if item.cost), key=COSTS.index, default=""),
        "affected_guests": [{"domain": guest.domain, "target": guest.target, "mac": guest.mac} for guest in guests],
    }
