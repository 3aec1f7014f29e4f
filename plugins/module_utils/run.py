# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to Ansible: parameters in, exit_json or fail_json out. Nothing else in the collection knows AnsibleModule."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from . import argument_spec, info
from .diff import diff_of
from .errors import VirtNetError
from .plan.plan import COSTS
from .reconcile import reconcile


def resource(kind):
    """A module of one resource: virt_network, virt_bridge and their kin, each of which is named after its kind."""
    module = AnsibleModule(supports_check_mode=True, **argument_spec.of_kind(kind))

    def act():
        outcome = _reconcile(module, [(kind, module.params)])
        item = outcome.plan.items[0]
        return {"before": item.before, "after": outcome.after[item.id], **_diff(module, lambda: diff_of(item, outcome)), **_changes(outcome, lambda item: "")}

    _run(module, act)


def virt_host():
    """The module virt_host."""
    module = AnsibleModule(supports_check_mode=True, **argument_spec.virt_host())

    def act():
        tasks = [(kind, params) for kind in argument_spec.KINDS_OF_RESOURCES for params in module.params[f"{kind}s"] or []]
        outcome = _reconcile(module, tasks, prune=module.params["prune"], force=module.params["force"])
        changing = [item for item in outcome.plan.items if item.steps]
        telling = [item for item in outcome.plan.items if item.steps or item.notes]
        return {
            "before": _by_kind(changing, lambda item: item.before),
            "after": _by_kind(telling, lambda item: outcome.after[item.id]),
            **_diff(module, lambda: [diff_of(item, outcome) for item in changing]),
            **_changes(outcome, lambda item: f"{item.kind}s[{item.key}]."),
        }

    _run(module, act)


def information(what):
    """A module that tells what is there: virt_network_info, virt_bridge_info or virt_link_info, for networks, bridges or links."""
    module = AnsibleModule(supports_check_mode=True, **getattr(argument_spec, f"virt_{what[:-1]}_info")())
    _run(module, lambda: {"changed": False, what: getattr(info, what)(module.params)})


def _reconcile(module, tasks, **more):
    return reconcile(tasks, module.params["uri"], module.params["lab"], check_mode=module.check_mode, warn=module.warn, **more)


def _by_kind(items, report):
    """{list: {name: report}}; of hundreds of resources that stay as they are that would be a megabyte."""
    return {f"{kind}s": {item.key: report(item) for item in items if item.kind == kind} for kind in argument_spec.KINDS_OF_RESOURCES}


def _diff(module, made):
    """The diff, where somebody wants to see it: with hundreds of devices it is long."""
    return {"diff": made()} if module._diff else {}


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


def _run(module, act):
    try:
        result = act()
    except VirtNetError as err:
        module.fail_json(msg=str(err))
    module.exit_json(**result)
