# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one flow: desired and observed, plan, apply, verify, and back to before where something fails. Always for a list of resources."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from .backend.host import Host
from .desired.tasks import absent, lab_of, said, wanted_of
from .errors import InUseError, ValidationError, VerificationError, VirtNetError, about
from .plan import guard
from .plan.families import family_of, make_plan
from .plan.plan import Plan


@dataclass(frozen=True)
class Outcome:
    """What came of a run: the plan, the reports of every resource afterwards, by their items' ids, and the ids of those that the tasks name, in their order."""

    plan: Plan
    after: dict
    asked: tuple


def reconcile(tasks, uri, lab, prune=False, force=False, check_mode=False, warn=lambda text: None, tried=False, arm=lambda items: None):
    """Make the host what the given ``tasks`` ask for, pairs of a kind of resource and its options; with ``prune`` all else of the lab goes.

    With ``force`` that goes although guests use it. ``warn`` is called with each warning as soon as there is a plan. ``tried`` tells of a change on trial,
    which may cut the connection that asks for it, and ``arm`` is called with the Items that change before the first does. Returns an Outcome.
    """
    with Host(uri) as host:
        mark, wanted = lab_of(lab), []
        for kind, params in tasks:
            with about(said(kind, params) if len(tasks) > 1 else ""):
                wanted += wanted_of(kind, params, mark, host)
        _check_names(wanted)
        asked = tuple((each.family, each.name) for each in wanted)
        observed = host.observe(asked)
        if prune:
            marked = _going([each for each in host.marked(mark) if each[:2] not in observed], wanted)
            wanted += [absent(family, name, state, mark, force) for family, name, state in marked]
            observed.update(host.observe([(family, name) for family, name, unused in marked]))
        plan = make_plan(wanted, observed, host)
        _guard(plan, host, tried, warn)
        return Outcome(plan, _bring_about(plan, host, check_mode, warn, tried, arm), asked)


def _guard(plan, host, tried, warn):
    """Raise InUseError where a plan would cut the connection that this task came by, and nobody takes it back then."""
    work = [item for item in plan.items if item.steps]
    cut = {access: clauses for access in (host.ways if work else ()) if (clauses := guard.clauses(work, access))}
    if cut and not tried:
        clauses = dict.fromkeys(clause for clauses in cut.values() for clause in clauses)
        raise InUseError(f"this would cut the connection that it is asked for by ({', or '.join(map(str, cut))}): {'; '.join(clauses)}. Set "
                         "rollback_after: 60, which takes the change back unless the host is reached again by then")
    for access, clauses in cut.items():
        for clause in clauses:
            warn(f"{clause}; this connection needs it ({access})")


def _bring_about(plan, host, check_mode, warn, tried, arm):
    """{id: report} of every item of a plan, once that is so."""
    for item in plan.items:
        with about(item.said if len(plan.items) > 1 else ""):
            host.of(item.family).rehearse(item.observed, item.steps)
        for warning in item.warnings:
            warn(f"{item.said}: {warning}")
    if check_mode:
        return {item.id: item.after for item in plan.items}
    work = [item for item in plan.items if item.steps]
    if work:
        arm(work)
    done = []
    for family, group in groupby(work, key=lambda item: item.family):
        group = list(group)
        taken = host.of(family).apply([(item.key, item.steps) for item in group])
        for item in group:
            with _rolled_back(item, done, host, group, tried):
                next(taken)
            done.append(item)
    with about("all was done, and cannot be looked at again"):
        now = host.observe([item.id for item in work])
    for item in work:
        with _rolled_back(item, work, host, tried=tried):
            now[item.id] = verify(item, now[item.id], host)
            for each, state in host.observe([within.id for within in item.within]).items():
                verify(next(within for within in item.within if within.id == each), state, host)
    return {item.id: {**family_of(item.family).report(now[item.id]), **item.notes} if item.steps else item.after for item in plan.items}


def _going(marked, wanted):
    """What of those that bear a lab's mark goes by itself: NICs of guests that go are none."""
    guests = {each.name for each in wanted if each.family == "guest" and each.state == "absent"}
    guests |= {name for family, name, unused in marked if family == "guest"}
    return [each for each in marked if each[0] != "interface" or each[2].domain not in guests]


def _check_names(wanted):
    times = Counter((each.family, each.name) for each in wanted)
    for each in wanted:
        if times[each.family, each.name] > 1:
            raise ValidationError(f"{each.kind}s", each.name, "is there twice", f"give each {each.kind} once")


@contextlib.contextmanager
def _rolled_back(item, done, host, batch=(), tried=False):
    """Where what is done to ``item`` fails put back what was there, with what it made room for and what made room for it, and say all of it.

    ``done`` are the items that have been applied, ``batch`` those that are applied with it, of which an error tells which were touched.
    What else was changed is kept, which the error tells, unless it is only ``tried``: all of it is taken back then.
    """
    try:
        yield
    except VirtNetError as err:
        touched = [each for each in batch if each.key in getattr(err, "touched", ())]
        after = [each for each in reversed(done) if item.id in each.needs]
        before = [each for each in reversed(done) if each.id in item.needs]
        back = with_taken([*after, *reversed(touched or [item]), *before])
        clauses = [f"{each.said}: {roll_back(each, host)[1]}" for each in back]
        kept = ", ".join(each.key for each in done if each not in back and not tried)
        err.args = (f"{err}; {'; '.join(clauses)}{f'; changed as well and kept: {kept}' if kept else ''}",)
        raise


def with_taken(items):
    """Items that are to be rolled back, and after them those that they took from others, each once."""
    ids = {item.id for item in items}
    return [*items, *{port.id: port for item in items for port in item.taken if port.id not in ids}.values()]


def verify(item, now, host):
    """Hold the state ``now`` of an applied item against its plan, and return it; a difference is a VerificationError.

    What is left that may be left, on a host that is broken or that undid it, is taken once more.
    """
    now, target, left = _mended(item, item.target, now, host)
    if left:
        raise VerificationError(f"{item.said} is not as asked although every step was accepted: {_wrong(item, now, target, left)}")
    return now


def _apply(item, steps, host):
    """Take steps of one item, and look at it again."""
    list(host.of(item.family).apply([(item.key, steps)]))
    return host.observe([item.id])[item.id]


def _mended(item, target, now, host):
    """(the state, what it is held against, and steps between them), once what is left that may be left was taken."""
    whole, left = _left(item, target, now, host)
    if left and {step.verb for step in left} <= family_of(item.family).mending:
        now = _apply(item, left, host)
        whole, left = _left(item, target, now, host)
    return now, whole, left


def _left(item, target, now, host):
    """(what ``now`` is held against, which is ``target`` with what the host generated; steps between them)"""
    family = family_of(item.family)
    target = family.expected(target, now, host.of(item.family))
    return target, family.steps_between(now, target)


def roll_back(item, host):
    """Bring one resource back to what was observed before, and look again. (True where it is, a clause that says how that went)"""
    family = family_of(item.family)
    try:
        now = host.observe([item.id])[item.id]
        now = _apply(item, family.steps_between(now, family.undone(item)) or family.leftovers(item, now), host)
        now, target, left = _mended(item, family.undone(item), now, host)
    except VirtNetError as err:
        return False, f"rolling back to what was there failed too: {err}"
    if left:
        return False, f"rolled back, and yet not what it was: {_wrong(item, now, target, left)}"
    return True, "what was there before is back" if item.observed else "nothing of it was left behind"


def _wrong(item, now, target, steps):
    changes = family_of(item.family).changes_between(now, target, steps)
    return ", ".join(f"{change.field} is {change.before!r} instead of {change.after!r}" for change in changes)
