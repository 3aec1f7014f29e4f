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


def virt_network():
    """The module virt_network."""
    module = AnsibleModule(supports_check_mode=True, **argument_spec.virt_network())

    def act():
        outcome = _reconcile(module, [module.params])
        item = outcome.plan.items[0]
        return {"before": item.before, "after": outcome.after[item.key], "diff": diff_of(item, outcome), **_changes(outcome, "")}

    _run(module, act)


def virt_host():
    """The module virt_host."""
    module = AnsibleModule(supports_check_mode=True, **argument_spec.virt_host())

    def act():
        outcome = _reconcile(module, module.params["networks"] or [], prune=module.params["prune"], force=module.params["force"])
        items = outcome.plan.items
        return {
            "before": {"networks": {item.key: item.before for item in items}},
            "after": {"networks": outcome.after},
            "diff": [diff_of(item, outcome) for item in items if item.steps],
            **_changes(outcome, "networks[{}]."),
        }

    _run(module, act)


def virt_network_info():
    """The module virt_network_info."""
    module = AnsibleModule(supports_check_mode=True, **argument_spec.virt_network_info())
    _run(module, lambda: {"changed": False, "networks": info.networks(module.params)})


def _reconcile(module, networks, **more):
    return reconcile(networks, module.params["uri"], module.params["lab"], check_mode=module.check_mode, warn=module.warn, **more)


def _changes(outcome, prefix):
    plan = outcome.plan
    guests = {guest: None for item in plan.items for guest in item.guests}
    return {
        "changed": plan.changed,
        "changes": [
            {"field": prefix.format(item.key) + change.field, "before": change.before, "after": change.after, "cost": change.cost}
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
