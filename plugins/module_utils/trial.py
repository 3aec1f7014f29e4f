# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change on trial, as ``commit confirmed`` of routers has it: made by a process of its own, and taken back unless somebody confirms it in time.

The task that asks for it makes the plan, starts ``apply`` and ends, so that its connection need not live through the change. ``apply`` starts ``watch``,
writes down what is there, and makes the change. ``confirm`` comes over a new connection. ``watch`` takes the change back when time is up, or when ``apply``
dies.
"""

from __future__ import annotations

import os
import time
import uuid

from .act import ACTS
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
#: seconds that a rollback may take
UNDONE = 180


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
    backend.create({"id": identity, "act": name, "params": params, "diff": diff, "after": os.getpid()})
    backend.detach("apply")
    return {"id": identity, "rollback_after": params["rollback_after"]}


def make_way(warn):
    """See to what is left of another trial: where nobody looks after it any more it is taken back. Raises BackendError where it goes on."""
    task = backend.task()
    if task is None:
        backend.sweep()
        return
    left = backend.left()
    if left or backend.working() is not None or backend.starting():
        raise BackendError(f"a change by {task['act']} is on trial, {f'taken back in {left:.0f} s' if left else 'being worked on'}: "
                           "confirm it with virt_confirm, or wait")
    warn(f"a change by {task['act']} was on trial, and nobody looked after it: {_take_back()['said']}")


def main(verb):
    """What a process does that was started for a trial."""
    {"apply": _apply, "watch": _watch, "boot": _boot}[verb]()


def _apply():
    """Make the change, once the task that started this has ended."""
    task, warnings = backend.task(), []
    backend.enter()
    until(lambda: not os.path.exists(f"/proc/{task['after']}"), ENDING)
    time.sleep(GRACE)

    def arm(items):
        backend.detach("watch", again=True)  # first: what is armed is looked after, whoever is killed
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
        backend.end({"outcome": "confirmed", "result": backend.told()})


def _watch():
    """Take the change back when its time is up, or who makes it has died, or takes it back and has died."""
    while True:
        left, alive = backend.left(), backend.working() is not None
        if left == 0 or left and not alive and backend.told() is None:
            break
        if left is None and not (alive and backend.decided() != backend.CONFIRMED):
            break
        time.sleep(LOOKING)
    if backend.left() is not None or backend.decided() == backend.UNDOING:
        _take_back()


def _take_back():
    """Take back what is on trial, whoever decided so; how it ended."""
    backend.decide(backend.UNDOING)
    backend.stop()
    backend.enter()
    backend.end({"outcome": "rolled back", "said": "; ".join(_undo()) or "nothing had been touched"})
    return backend.last()


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
    """Bring back what was on disk, before anybody reads it: of all else nothing is left."""
    backend.decide(backend.UNDOING)
    backend.restore()
    backend.end({"outcome": "rolled back", "said": "the host was started anew, with what had been there before"})


def _abandoned():
    """True where who was to make the change has died before it was armed: nobody watches yet."""
    alone = backend.left() is None and backend.decided() is None and backend.working() is None and not backend.starting()
    return alone and backend.task() is not None  # looked at last: it goes first where a trial ends


def settle(identity, confirm):
    """How the trial of an id, or whatever is on trial, stands, a result; with ``confirm`` it is confirmed, which can only be done once all is made.

    Who confirms it comes by a connection that was made after somebody was told so: only that proves that the host can be reached as it is now.
    Raises BackendError where nothing of that id was ever there.
    """
    task = backend.task()
    if task is None or identity not in (None, task["id"]):
        last = backend.last()
        if identity is None or last.get("id") != identity:
            raise BackendError(f"nothing is on trial{f' by the id {identity}' if identity else ''}; the last was {last.get('id', 'never')}")
        return {"changed": False, **last}
    result = backend.told()
    if _abandoned():
        return {"changed": False, **_take_back()}
    if result is None or backend.left() is None:
        return {"changed": False, "id": task["id"], "outcome": "undoing" if backend.decided() == backend.UNDOING else "trying"}
    if not confirm:
        return {"changed": False, "id": task["id"], "outcome": "made"}
    if backend.decide(backend.CONFIRMED):
        backend.end({"outcome": "confirmed", "result": result})
    until(lambda: backend.task() is None, UNDONE)
    return {"changed": backend.last()["outcome"] == "confirmed", **backend.last()}
