# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks after a change on trial whose process has died."""

from __future__ import annotations

import json
import subprocess

import pytest
from ansible_collections.virtlab.network.plugins.module_utils import trial
from ansible_collections.virtlab.network.plugins.module_utils.backend import systemd
from ansible_collections.virtlab.network.plugins.module_utils.backend import trial as backend


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The folder of a trial that has just begun, as root has it."""
    monkeypatch.setattr(backend, "FOLDER", tmp_path / "trial")
    monkeypatch.setattr(backend, "LAST", tmp_path / "trial.json")
    monkeypatch.setattr(backend.os, "geteuid", lambda: 0)
    for name in ("SYSTEM", "WANTS"):
        monkeypatch.setattr(systemd, name, tmp_path)
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / backend.TASK).write_text(json.dumps({"id": "one", "params": {"uri": "test:///default"}}), encoding="utf-8")
    return tmp_path / "trial"


@pytest.fixture
def applier(folder):
    """A process that makes a change."""
    with subprocess.Popen(["sleep", "60"]) as process:
        (folder / backend.PROCESS).write_text(f"{process.pid} {backend._started(process.pid)}", encoding="utf-8")
        yield process
        process.kill()


def arm(folder):
    """Have it due."""
    (folder / backend.ARMED).write_text(json.dumps({"deadline": 0, "boot": backend._boot()}), encoding="utf-8")


def test_nobody_waits_for_who_has_died(folder, applier):
    """Who asks how it stands hears that it is over, and nothing is left of it."""
    assert trial.settle("one", confirm=True)["outcome"] == "trying"
    applier.kill()
    applier.wait()
    ended = {"id": "one", "outcome": "rolled back", "said": "nothing had been touched"}
    assert trial.settle("one", confirm=True) == {"changed": False, **ended} == trial.settle("one", confirm=True)
    assert not folder.exists()


def test_who_has_not_begun_is_waited_for(folder):
    """A process takes a while to start."""
    assert trial.settle("one", confirm=False)["outcome"] == "trying" and folder.exists()


def test_what_is_armed_is_left_to_who_watches(folder, applier):
    """Nobody else takes it back."""
    arm(folder)
    applier.kill()
    applier.wait()
    assert trial.settle("one", confirm=False)["outcome"] == "trying" and folder.exists()


def test_who_watches_is_there_before_it_is_armed(monkeypatch, folder, applier):
    """And waits for that, so that no moment is without a watch."""
    monkeypatch.setattr(trial.time, "sleep", lambda seconds: arm(folder))
    trial._watch()
    assert backend.last()["outcome"] == "rolled back" and applier.wait() == -9


def test_who_watches_ends_with_who_is_watched(folder, applier):
    """Where nothing was armed, there is nothing to take back."""
    applier.kill()
    applier.wait()
    trial._watch()
    assert folder.exists() and backend.last() == {}
