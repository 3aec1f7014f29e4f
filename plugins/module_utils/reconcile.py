# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one flow: desired and observed, plan, apply, verify, and back to before where something fails. Always for a list of resources."""

from __future__ import annotations

import contextlib
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


def reconcile(networks, uri, lab, prune=False, force=False, check_mode=False, warn=lambda text: None):
    """Make the networks what the given options (a list of dicts) ask for; with ``prune`` the lab's other networks go. Returns an Outcome.

    With ``force`` they go although guests are on them. ``warn`` is called with each warning as soon as there is a plan.
    """
    with Libvirt(uri) as libvirt:
        host, mark = Networks(libvirt), desired.lab(lab)
        wanted = []
        for params in networks:
            with about(f"network {params['name'] or 'of xml'}" if len(networks) > 1 else ""):
                wanted.append(desired.network(params, mark, libvirt))
        _check_names(wanted)
        observed = host.observe([each.name for each in wanted])
        if prune:
            strays = {name: state for name, state in host.networks.items() if name not in observed and state.definition.lab == mark}
            wanted += [WantedNetwork(name, None, state="absent", lab=mark, force=force) for name in strays]
            observed.update(strays)
        return _bring_about(make_plan(wanted, observed, host), host, check_mode, warn)


def _bring_about(plan, host, check_mode, warn):
    for item in plan.items:
        with about(f"network {item.key}" if len(plan.items) > 1 else ""):
            host.rehearse(item.observed, item.steps)
        for warning in item.warnings:
            warn(f"network {item.key}: {warning}")
    if check_mode:
        return Outcome(plan, {item.key: item.after for item in plan.items})
    work = [item for item in plan.items if item.steps]
    for number, item in enumerate(work):
        with _rolled_back(item, work[:number], host):
            host.apply(item.key, item.steps)
    with about("all was done, and cannot be looked at again"):
        now = host.observe([item.key for item in work])
    for item in work:
        with _rolled_back(item, work, host):
            now[item.key] = verify(item, now[item.key], host)
    return Outcome(plan, {item.key: report(now[item.key]) if item.steps else item.after for item in plan.items})


def _check_names(wanted):
    names = [each.name for each in wanted]
    for name in names:
        if names.count(name) > 1:
            raise ValidationError("networks", name, "is there twice", "give each network once")


@contextlib.contextmanager
def _rolled_back(item, done, host):
    """Where what is done to ``item`` fails put back what was there, with what it made room for and what made room for it, and say all of it.

    ``done`` are the items that have been applied.
    """
    try:
        yield
    except VirtNetError as err:
        after = [each for each in reversed(done) if item.key in each.needs]
        before = [each for each in reversed(done) if each.key in item.needs]
        back = [*after, item, *before]
        said = [f"network {each.key}: {roll_back(each, host)}" for each in back]
        kept = ", ".join(each.key for each in done if each not in back)
        err.args = (f"{err}; {'; '.join(said)}{f'; changed as well and kept: {kept}' if kept else ''}",)
        raise


def verify(item, now, host):
    """Hold the state ``now`` of an applied item against its plan, and return it; a difference is a VerificationError.

    What libvirt holds and the kernel lacks, on a host that is broken, is mended.
    """
    target, left = _left(item, now, host)
    if left and {step.verb for step in left} <= MENDING:
        host.apply(item.key, left)
        now = host.observe([item.key])[item.key]
        target, left = _left(item, now, host)
    if left:
        raise VerificationError(f"network {item.key} is not as asked although libvirt accepted every step: {_wrong(now, target, left)}")
    return now


def _left(item, now, host):
    """(the target that ``now`` is held against, steps between them)"""
    target = expected(item.target, now, host.names())
    return target, steps_between(now, target)


def roll_back(item, host):
    """Bring one resource back to what was observed before, look again, and return a clause that says how that went."""
    try:
        host.apply(item.key, steps_between(host.observe([item.key])[item.key], undone(item)))
        now = host.observe([item.key])[item.key]
    except VirtNetError as err:
        return f"rolling back to what was there failed too: {err}"
    target = expected(undone(item), now, host.names())
    left = steps_between(now, target)
    if left:
        return f"rolled back, and yet not what it was: {_wrong(now, target, left)}"
    return "what was there before is back" if item.observed else "nothing of it was left behind"


def _wrong(now, target, steps):
    return ", ".join(f"{change.field} is {change.before!r} instead of {change.after!r}" for change in changes_between(now, target, steps))
