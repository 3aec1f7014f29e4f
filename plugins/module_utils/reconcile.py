# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one flow: desired and observed, plan, apply, verify, and back to before where something fails. Always for a list of resources."""

from __future__ import annotations

from dataclasses import dataclass

from . import desired
from .backend.libvirt import Libvirt
from .backend.networks import Networks
from .errors import ValidationError, VerificationError, VirtNetError, about
from .model.network_state import WantedNetwork, report
from .plan.network import make_plan
from .plan.network_steps import MENDING, changes_between, steps_between
from .plan.network_target import expected, undone
from .plan.plan import Plan


@dataclass(frozen=True)
class Outcome:
    """What came of a run: the plan, and the reports of every resource afterwards, by name."""

    plan: Plan
    after: dict


def reconcile(networks, uri, lab, prune=False, check_mode=False, warn=lambda text: None):
    """Make the networks what the given options (a list of dicts) ask for; with ``prune`` the lab's other networks go. Returns an Outcome.

    ``warn`` is called with each warning as soon as there is a plan.
    """
    with Libvirt(uri) as libvirt:
        return _reconcile(networks, Networks(libvirt), desired.lab(lab), prune, check_mode, warn)


def _reconcile(networks, host, lab, prune, check_mode, warn):
    wanted = []
    for params in networks:
        with about(f"network {params['name'] or 'of xml'}" if len(networks) > 1 else ""):
            wanted.append(desired.network(params, lab, host.libvirt))
    _check_names(wanted)
    observed = host.observe([each.name for each in wanted])
    if prune:
        strays = {name: state for name, state in host.networks.items() if name not in observed and state.definition.lab == lab}
        wanted += [WantedNetwork(name, None, state="absent", lab=lab) for name in strays]
        observed.update(strays)
    plan = make_plan(wanted, observed, host)
    for item in plan.items:
        with about(f"network {item.key}" if len(plan.items) > 1 else ""):
            host.rehearse(item.observed, item.steps)
        for warning in item.warnings:
            warn(f"network {item.key}: {warning}")
    if check_mode:
        return Outcome(plan, {item.key: item.after for item in plan.items})
    done = []
    for item in plan.items:
        if item.steps:
            _apply(item, host, done)
            done.append(item)
    return Outcome(plan, {item.key: report(host.observe([item.key])[item.key]) if item.steps else item.after for item in plan.items})


def _check_names(wanted):
    names = [each.name for each in wanted]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError("networks", name, "is there twice", "give each network once")


def _apply(item, host, done):
    """Apply one item and verify it; where that fails put back what was there, and what made room for it, and say all of it."""
    try:
        host.apply(item.key, item.steps)
        verify(item, host)
    except VirtNetError as err:
        back = [item, *(each for each in reversed(done) if each.key in item.needs)]
        said = [f"network {each.key}: {roll_back(each, host)}" for each in back]
        kept = ", ".join(each.key for each in done if each not in back)
        err.args = (f"{err}; {'; '.join(said)}{f'; changed before it and kept: {kept}' if kept else ''}",)
        raise


def verify(item, host):
    """Observe again; a difference to the plan's target is a VerificationError. What libvirt holds and the kernel lacks, on a host that is broken, is mended."""
    now, target, left = _left(item, host)
    if left and {step.verb for step in left} <= MENDING:
        host.apply(item.key, left)
        now, target, left = _left(item, host)
    if left:
        fields = ", ".join(f"{change.field} is {change.before!r} instead of {change.after!r}" for change in changes_between(now, target))
        raise VerificationError(f"network {item.key} is not as asked although libvirt accepted every step: {fields}")


def _left(item, host):
    """(state, the target that it is held against, steps between them)"""
    now = host.observe([item.key])[item.key]
    target = expected(item.target, now, host.names())
    return now, target, steps_between(now, target)


def roll_back(item, host):
    """Bring one resource back to what was observed before, look again, and return a clause that says how that went."""
    try:
        host.apply(item.key, steps_between(host.observe([item.key])[item.key], undone(item)))
        now = host.observe([item.key])[item.key]
    except VirtNetError as err:
        return f"rolling back to what was there failed too: {err}"
    if steps_between(now, expected(undone(item), now, host.names())):
        return "rolled back, and yet not what it was: look at it with virsh net-dumpxml"
    return "what was there before is back" if item.observed else "nothing of it was left behind"
