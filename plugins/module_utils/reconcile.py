# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one flow: desired and observed, plan, apply, verify, and back to before where something fails. Always for a list of resources."""

from __future__ import annotations

from dataclasses import dataclass

from . import desired
from .backend.libvirt import Libvirt
from .errors import BackendError, ValidationError, VerificationError, VirtNetError
from .model.network import WantedNetwork, report
from .plan.network import changes_between, make_plan, steps_between, target_of
from .plan.plan import Plan


@dataclass(frozen=True)
class Outcome:
    """What came of a run: the plan, and the reports of every resource afterwards, by name."""

    plan: Plan
    after: dict


def reconcile(networks, uri, lab, prune=False, check_mode=False):
    """Make the networks what the given options (a list of dicts) ask for; with ``prune`` the lab's other networks go. Returns an Outcome."""
    with Libvirt(uri) as host:
        return _reconcile(networks, host, lab, prune, check_mode)


def _reconcile(networks, host, lab, prune, check_mode):
    wanted = [desired.network(params, lab, host) for params in networks]
    _check_names(wanted)
    observed = host.observe([each.name for each in wanted])
    if prune:
        strays = {name: state for name, state in host.networks.items() if name not in observed and state.definition.lab == lab}
        wanted += [WantedNetwork(name, None, state="absent", lab=lab) for name in strays]
        observed.update(strays)
    plan = make_plan(wanted, observed, host)
    if check_mode:
        return Outcome(plan, {item.key: item.after for item in plan.items})
    done = []
    for item in plan.items:
        if item.steps:
            _apply(item, next(each for each in wanted if each.name == item.key), host, done)
            done.append(item.key)
    return Outcome(plan, {item.key: report(host.observe([item.key])[item.key]) if item.steps else item.after for item in plan.items})


def _check_names(wanted):
    names = [each.name for each in wanted]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError("networks", name, "is there twice", "give each network once")


def _apply(item, wanted, host, done):
    """Apply one item and verify it; where that fails put back what was there, and say all of it."""
    try:
        host.apply(item.key, item.steps)
        verify(wanted, item, host)
    except (BackendError, VerificationError) as err:
        kept = f"; changed before it and kept: {', '.join(done)}" if done else ""
        raise type(err)(f"{err}; {roll_back(item, host)}{kept}") from err


def verify(wanted, item, host):
    """Observe again; a difference to what was asked is a VerificationError."""
    now = host.observe([item.key])[item.key]
    left = list(changes_between(now, target_of(wanted, now)))
    if left:
        fields = ", ".join(f"{change.field} is {change.before!r} instead of {change.after!r}" for change in left)
        raise VerificationError(f"network {item.key} is not as asked although libvirt accepted every step: {fields}")


def roll_back(item, host):
    """Bring one resource back to what was observed before, and return a clause that says how that went."""
    try:
        now = host.observe([item.key])[item.key]
        host.apply(item.key, steps_between(now, item.observed))
    except VirtNetError as err:
        return f"rolling back to what was there failed too: {err}"
    return "what was there before is back" if item.observed else "nothing of it was left behind"
