# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change on trial, as ``commit confirmed`` of routers has it: made by a process of its own, and taken back unless somebody confirms it in time.

The task that asks for it makes the plan, starts ``apply`` and ends, so that its connection need not live through the change. ``apply`` starts ``watch``
and waits for it, writes down what is there, and makes the change. ``confirm`` comes over a new connection. ``watch`` takes the change back when time is up,
or when ``apply`` dies or does not begin.
"""

from __future__ import annotations

import os
import time
import uuid

from .act import ACTS
from .backend import access
from .backend import trial as backend
from .backend.host import Host
from .backend.waiting import until
from .errors import BackendError, ValidationError, VirtNetError
from .reconcile import roll_back, with_taken

#: seconds between the end of the task and the change: Ansible takes away its temporary files over the connection that may go
GRACE = 1
#: seconds until a task is gone that has said all it had to say
ENDING = 10
#: the least and the most that rollback_after may be
LIMITS = (5, 3600)
#: seconds between two looks at the clock
LOOKING = 0.5
#: how often, a second apart, rolling back is tried
TRIES = 3
#: what a trial is: being made, or about to be; made, and waiting for who confirms it; confirmed; being taken back; nobody's, and to be taken back; ended
TRYING, MADE, KEPT, UNDOING, LOST, OVER = "trying", "made", "kept", "undoing", "lost", "over"


def predict(name, params, **how):
    """The result that the module ``name`` would have with its options, which changes nothing. ``how`` is the rest of what its act takes."""
    seconds = params["rollback_after"]
    low, high = LIMITS
    if seconds is not None and not low <= seconds <= high:
        raise ValidationError("rollback_after", seconds, f"must be {low} to {high} seconds", "60 suits most")
    return ACTS[name](params, check_mode=True, tried=seconds is not None, **how)


def make(name, params, diff, warn):
    """The result of the module ``name`` with its options. With ``rollback_after`` it is what is predicted, and ``trial`` in it tells of what was begun."""
    make_way(warn)
    if params["rollback_after"] is None:
        return ACTS[name](params, check_mode=False, diff=diff, warn=warn)
    result = predict(name, params, diff=diff, warn=warn)
    return {**result, "trial": _begin(name, params, diff)} if result["changed"] else result


def _begin(name, params, diff):
    identity = uuid.uuid4().hex[:12]
    backend.create({"id": identity, "act": name, "params": params, "diff": diff, "after": os.getpid(), "by": access.connection()})
    backend.detach("apply")
    return {"id": identity, "rollback_after": params["rollback_after"]}


def _state():
    """Which of the states above the trial is in. What was decided is looked at first, for nobody decides anew."""
    if backend.task() is None:
        return OVER
    decided, left, alive = backend.decided(), backend.left(), backend.working() is not None
    if decided == backend.CONFIRMED:
        return KEPT
    if decided == backend.UNDOING:
        return UNDOING if alive else LOST
    if left is None:
        return TRYING if (alive or backend.starting()) and not backend.late() else LOST
    if left == 0:
        return LOST
    if backend.told() is not None:
        return MADE
    return TRYING if alive else LOST


def make_way(warn):
    """See to what is left of another trial: where nobody looks after it any more it ends as it was to. Raises BackendError where it goes on."""
    state, left = _state(), backend.left()
    if state == OVER:
        backend.sweep()
    elif state == KEPT:
        _keep()
    elif state == LOST and backend.working(backend.WATCHER) is None:
        warn(f"a change by {backend.task()['act']} was on trial, and nobody looked after it: {_take_back()['said']}")
    else:
        raise BackendError(f"a change is on trial, {f'taken back in {left:.0f} s' if left else 'being worked on'}: confirm it with virt_confirm, or wait")


def main(verb):
    """What a process does that was started for a trial."""
    {"apply": _apply, "watch": _watch, "boot": _boot}[verb]()


def _apply():
    """Make the change, once the task that started this has ended."""
    task, warnings = backend.task(), []
    backend.enter()
    backend.detach("watch", again=True)
    until(lambda: not os.path.exists(f"/proc/{task['after']}"), ENDING)
    time.sleep(GRACE)

    def arm(items):
        until(lambda: backend.late() or backend.working(backend.WATCHER) is not None, backend.LATEST)
        if backend.working(backend.WATCHER) is None:
            raise BackendError("nothing was changed, for nobody would take it back: the process that is to do so did not start")
        if backend.late():
            raise BackendError(f"nothing was changed, for it was not begun in {backend.LATEST} s: this host is too slow, or something holds it up")
        backend.arm(items, task["params"]["rollback_after"])

    try:
        result = ACTS[task["act"]](task["params"], diff=task["diff"], check_mode=False, warn=warnings.append, tried=True, arm=arm)
    except VirtNetError as err:
        if backend.left() is None or backend.decide(backend.UNDOING):
            more = [clause for clause in _undo() if clause not in str(err)]
            backend.end({"outcome": "failed", "said": "; ".join([str(err), *more])})
        return
    backend.tell({**result, "warnings": warnings})
    if backend.left() is None and backend.decided() is None:  # nothing was left to be done
        _keep()


def _watch():
    """Take the change back when its time is up, or who makes it has died, or takes it back and has died."""
    backend.enter(backend.WATCHER)
    while (state := _state()) in (TRYING, MADE, UNDOING):
        time.sleep(LOOKING)
    if state == KEPT:
        until(lambda: _state() == OVER, ENDING)  # who confirmed it ends it, unless that was killed
        _keep()
    elif state == LOST:
        _take_back()


def _keep():
    """End a trial that is confirmed."""
    backend.end({"outcome": "confirmed", "result": backend.told()})


def _take_back():
    """Take back what is on trial, unless somebody confirmed it just now; how it ended."""
    why = _why()
    backend.decide(backend.UNDOING)
    backend.stop()
    backend.decide(backend.UNDOING)  # what it armed until it was stopped
    if backend.decided() == backend.CONFIRMED:
        _keep()
        return backend.last()
    backend.enter()
    backend.end({"outcome": "rolled back", "why": why, "said": "; ".join(_undo()) or "nothing had been touched"})
    return backend.last()


def _why():
    """Why a trial is lost."""
    left = backend.left()
    if left == 0:
        return f"nobody confirmed it in {backend.task()['params']['rollback_after']} s"
    if left is None and backend.decided() is None and backend.late():
        return f"it was not begun in {backend.LATEST} s"
    return "who looked after it has died"


def _undo():
    """Bring what was written down back, the last first; clauses that say how that went."""
    items, said = with_taken(list(reversed(backend.before()))), {}
    for tried in range(TRIES if items else 0):
        if tried:
            time.sleep(1)
        with Host(backend.task()["params"]["uri"]) as host:
            said = {item.said: roll_back(item, host) for item in items}
        if all(done for done, unused in said.values()):
            break
    return [f"{name}: {clause}" for name, (unused, clause) in said.items()]


def _boot():
    """Bring back what was on disk, before anybody reads it: of all else nothing is left. What is confirmed stays."""
    if _state() == KEPT:
        _keep()
        return
    backend.decide(backend.UNDOING)
    backend.restore()
    backend.end({"outcome": "rolled back", "why": "the host was started anew", "said": "it came up with what had been there before"})
    backend.read_again()


def settle(identity, confirm):
    """How the trial of an id, or whatever is on trial, stands, a result; with ``confirm`` it is confirmed, which can only be done once all is made.

    Who confirms it comes by a connection that was made after somebody was told so: only that proves that the host can be reached as it is now.
    Raises BackendError where nothing of that id was ever there.
    """
    if os.geteuid() != 0:
        raise BackendError("what is on trial is root's to see: run this task with become: true")
    task = backend.task()
    if task is None or identity not in (None, task["id"]):
        last = backend.last()
        if identity is None or last.get("id") != identity:
            raise BackendError(f"nothing is on trial{f' by the id {identity}' if identity else ''}; the last was {last.get('id', 'never')}")
        return {"changed": False, **last}
    state, done = _state(), False
    if state == MADE and confirm:
        if task["by"] is not None and access.connection() in (None, task["by"]):
            raise BackendError("this is the connection that the change was asked for by, or none: it does not prove that the host can still be reached. "
                               f"Confirm it over a new one; it is taken back in {backend.left() or 0:.0f} s")
        done = backend.decide(backend.CONFIRMED)
        state = _state()
    if state == KEPT:
        if not done:
            until(lambda: _state() != KEPT, ENDING)  # who confirmed it ends it, unless that was killed
        _keep()
    elif state == LOST and backend.working(backend.WATCHER) is None:
        _take_back()
    last = backend.last()
    if backend.task() is None and last.get("id") == task["id"]:
        return {"changed": done, **last}
    return {"changed": False, "id": task["id"], "outcome": {TRYING: "trying", MADE: "made"}.get(state, "undoing")}
