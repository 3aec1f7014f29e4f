# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks after a change on trial whose process has died."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from ansible_collections.virtlab.network.plugins.module_utils import trial
from ansible_collections.virtlab.network.plugins.module_utils.backend import systemd
from ansible_collections.virtlab.network.plugins.module_utils.backend import trial as backend
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The folder of a trial that has just begun, as root has it."""
    monkeypatch.setattr(backend, "FOLDER", tmp_path / "trial")
    monkeypatch.setattr(backend, "LAST", tmp_path / "trial.json")
    monkeypatch.setattr(backend.os, "geteuid", lambda: 0)
    monkeypatch.setattr(systemd, "SYSTEM", tmp_path)
    (tmp_path / "trial").mkdir()
    monkeypatch.setattr(backend, "STATE", tmp_path)
    begin(tmp_path / "trial")
    return tmp_path / "trial"


def begin(folder, ago=0):
    """Have it begun some seconds ago."""
    params = {"uri": "test:///default", "rollback_after": 8}
    task = {"id": "one", "act": "virt_link", "params": params, "by": None, "begun": backend._clock() - ago, "boot": backend._boot()}
    (folder / backend.TASK).write_text(json.dumps(task), encoding="utf-8")


def enter(folder, role, process):
    """Have a process play a role."""
    (folder / role).write_text(f"{process.pid} {backend._started(process.pid)}", encoding="utf-8")


def end(process):
    """Kill a process."""
    process.kill()
    process.wait()


@pytest.fixture
def playing(folder):
    """A function that starts a process which plays a role."""
    running = []

    def start(role):
        running.append(subprocess.Popen(["sleep", "60"]))
        enter(folder, role, running[-1])
        return running[-1]

    yield start
    for process in running:
        end(process)


@pytest.fixture
def applier(playing):
    """A process that makes a change."""
    return playing(backend.PROCESS)


@pytest.fixture
def watcher(playing):
    """A process that watches."""
    return playing(backend.WATCHER)


def arm(folder):
    """Have it due."""
    (folder / backend.ARMED).write_text(json.dumps({"deadline": 0, "boot": backend._boot()}), encoding="utf-8")


def test_nobody_waits_for_who_has_died(folder, applier):
    """Who asks how it stands hears that it is over, and nothing is left of it."""
    assert trial.settle("one", confirm=True)["outcome"] == "trying"
    end(applier)
    ended = {"id": "one", "outcome": "rolled back", "why": "who looked after it has died", "said": "nothing had been touched"}
    assert trial.settle("one", confirm=True) == {"changed": False, **ended} == trial.settle("one", confirm=True)
    assert not folder.exists()


def test_who_has_not_begun_is_waited_for(folder):
    """A process takes a while to start."""
    assert trial.settle("one", confirm=False)["outcome"] == "trying" and folder.exists()


def test_what_is_armed_is_left_to_who_watches(folder, applier, watcher):
    """Nobody else takes it back, while that lives."""
    arm(folder)
    end(applier)
    assert trial.settle("one", confirm=False)["outcome"] == "undoing" and folder.exists()
    with pytest.raises(BackendError, match="is on trial, being worked on"):
        trial.make_way(print)
    end(watcher)
    assert trial.settle("one", confirm=False)["outcome"] == "rolled back" and not folder.exists()


def test_who_watches_is_there_before_it_is_armed(monkeypatch, folder, applier):
    """And waits for that, so that no moment is without a watch."""
    monkeypatch.setattr(trial.time, "sleep", lambda seconds: arm(folder))
    trial._watch()
    assert backend.last()["outcome"] == "rolled back" and applier.wait() == -9
    assert backend.last()["why"] == "nobody confirmed it in 8 s"


def test_what_does_not_begin_ends(folder, applier):
    """A change that something holds up is made by nobody later on, when nobody waits any more; what it had started ends with it."""
    applier.kill()
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as shell:
        enter(folder, backend.PROCESS, shell)
        while not (children := backend._children(shell.pid)):
            time.sleep(0.01)
        begin(folder, ago=backend.LATEST + 1)
        trial._watch()
        assert shell.wait() == -9 and backend._fields(children[0])[:1] in ([], ["Z"])
    assert backend.last()["why"] == "it was not begun in 120 s" and not folder.exists()


def confirmed(folder):
    """Have it confirmed by somebody who was killed then."""
    arm(folder)
    backend.tell({"changed": True})
    assert backend.decide(backend.CONFIRMED)


@pytest.mark.parametrize("verb", [
    trial._boot, trial._watch, trial._take_back, lambda: trial.make_way(pytest.fail), lambda: trial.settle("one", confirm=True),
    lambda: trial.settle("one", confirm=False),
])
def test_what_is_confirmed_stays(monkeypatch, folder, verb):
    """Whoever comes next: after a power cut, after a kill, and in a race with time."""
    monkeypatch.setattr(trial, "ENDING", 0.1)
    monkeypatch.setattr(backend, "restore", pytest.fail)
    confirmed(folder)
    verb()
    assert backend.last() == {"id": "one", "outcome": "confirmed", "result": {"changed": True}} and not folder.exists()


@pytest.mark.parametrize(("by", "now", "outcome"), [
    (["10.0.0.1", "4", "10.0.0.2", "22"], ["10.0.0.1", "5", "10.0.0.2", "22"], "confirmed"), (None, None, "confirmed"),
    (["10.0.0.1", "4", "10.0.0.2", "22"], ["10.0.0.1", "4", "10.0.0.2", "22"], None), (["10.0.0.1", "4", "10.0.0.2", "22"], None, None),
])
def test_only_a_new_connection_proves_anything(monkeypatch, folder, by, now, outcome):
    """The one that asked for the change may live on although nobody could come anew."""
    task = json.loads((folder / backend.TASK).read_text(encoding="utf-8"))
    (folder / backend.TASK).write_text(json.dumps({**task, "by": by}), encoding="utf-8")
    monkeypatch.setattr(trial.access, "connection", lambda: now)
    (folder / backend.ARMED).write_text(json.dumps({"deadline": backend._clock() + 60, "boot": backend._boot()}), encoding="utf-8")
    backend.tell({"changed": True})
    if outcome:
        assert trial.settle("one", confirm=True)["outcome"] == outcome
        return
    with pytest.raises(BackendError, match="Confirm it over a new one; it is taken back in"):
        trial.settle("one", confirm=True)
    assert trial.settle("one", confirm=False)["outcome"] == "made"


def test_who_asks_of_one_is_not_told_of_another(folder, applier):
    """While it is taken back, and once that is over."""
    backend.LAST.write_text(json.dumps({"id": "older", "outcome": "confirmed"}), encoding="utf-8")
    arm(folder)
    assert backend.decide(backend.UNDOING)
    assert trial.settle("one", confirm=True) == {"changed": False, "id": "one", "outcome": "undoing"}
    trial._take_back()
    assert trial.settle("one", confirm=True)["outcome"] == "rolled back"


def test_a_confirmation_takes_root(monkeypatch, folder):
    """And says so."""
    monkeypatch.setattr(backend.os, "geteuid", lambda: 1000)
    with pytest.raises(BackendError, match="become: true"):
        trial.settle("one", confirm=True)
