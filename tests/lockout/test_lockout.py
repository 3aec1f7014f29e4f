# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred attempts to lock oneself out of a machine, over ssh by the very NIC that is changed: nobody is, and all is as before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lockout.attempts import AGAIN, ATTEMPTS, METRICS
from tests.trials import SECONDS, TRIAL, over, refused_or_taken_back, same

NAMED = {each.name: each for each in ATTEMPTS}
#: what is tried where somebody or something ends in the middle: much of it, which takes a while, and cuts the connection
TASK = NAMED["several-network-bridge"]
#: who is killed on the host, by the words of bash(1) that do so
APPLIER = f"kill -9 $(cut -d' ' -f1 {TRIAL}/pid)"
WATCHER = "for unit in $(systemctl list-units --plain --no-legend 'virtlab-trial-*-watch*' | cut -d' ' -f1); do systemctl kill -s KILL $unit; done"
KILLED = {"applier": APPLIER, "watcher": WATCHER, "both": f"{APPLIER}; {WATCHER}"}
#: (who is killed, the file of the trial that is awaited, tenths of a second after that)
KILLS = [("applier", "pid", 0), *(("applier", "armed", tenths) for tenths in range(10)), ("watcher", "armed", 10), ("watcher", "result.json", 0),
         ("both", "armed", 5)]
#: moments at which the controller is killed, and the power is cut, likewise
GONE = [("task.json", 0), ("armed", 0), ("armed", 10), ("result.json", 0)]
CUT = [("armed", 0), ("armed", 5), ("armed", 15), ("result.json", 0)]


def awaited(file, tenths):
    """Words of bash(1) that wait for a moment of a trial."""
    look = f"exec 9<> <(:); until test -s {TRIAL}/{file} || ((SECONDS > 600)); do read -rt 0.05 -u 9; done"  # which starts no process each time
    return f"{look}; test -s {TRIAL}/{file} && sleep {tenths / 10}"


def seconds(file):
    """After how many it is taken back: what is to be awaited is there by then."""
    return 30 if file == "result.json" else SECONDS


def tried(machine, far, before, task, action, seconds=SECONDS):
    """Try what cuts the connection while somebody does something to the machine: it is taken back."""
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(far.run, (task.module, {**task.options, "rollback_after": seconds}))
        action()
        result = trial.result()[0]
    assert result.get("failed") and result["trial"]["outcome"] == "rolled back", result
    same(machine, before)
    return result


@pytest.mark.parametrize("name", NAMED)
def test_a_change_is_refused_or_taken_back(place, name):
    """Refused as long as nobody takes it back; and else taken back."""
    attempt = NAMED[name]
    machine, far, before = place("networkd", attempt.way, attempt.held)
    refused_or_taken_back(machine, far, before, attempt[1:4])


@pytest.mark.parametrize("attempt", [*map(NAMED.get, AGAIN), *METRICS], ids=lambda attempt: attempt.name)
def test_with_networkmanager(place, attempt):
    """The same where NetworkManager brings up the network, and what cuts the connection only there."""
    machine, far, before = place("networkmanager", attempt.way)
    refused_or_taken_back(machine, far, before, attempt[1:4])


@pytest.mark.parametrize(("who", "file", "tenths"), KILLS)
def test_whoever_is_killed_it_is_taken_back(place, who, file, tenths):
    """Who makes the change, who watches over it, and both."""
    machine, far, before = place("networkd", TASK.way)
    tried(machine, far, before, TASK, lambda: machine.run("bash", "-c", f"{awaited(file, tenths)}; {KILLED[who]}"), seconds(file))


@pytest.mark.parametrize(("file", "tenths"), GONE)
def test_a_controller_that_is_killed_confirms_nothing(place, file, tenths):
    """With all its processes; who comes next finds all as before."""
    machine, far, before = place("networkd", TASK.way)
    words = far.command(far.play((TASK.module, {**TASK.options, "rollback_after": seconds(file)})))
    with subprocess.Popen(words, env=far.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True) as controller:
        machine.run("bash", "-c", awaited(file, tenths))
        os.killpg(controller.pid, signal.SIGKILL)
    assert over(machine)["outcome"] == "rolled back"
    assert far.run(("ansible.builtin.ping", {}))[0]["ping"] == "pong"
    same(machine, before)


@pytest.mark.parametrize(("file", "tenths"), CUT)
def test_a_power_cut_takes_it_back(place, file, tenths):
    """Before anybody reads at boot what was stored."""
    machine, far, before = place("networkd", TASK.way)

    def cut():
        machine.run("bash", "-c", awaited(file, tenths))
        machine.reboot(clean=False)

    assert "the host was started anew" in json.dumps(tried(machine, far, before, TASK, cut, seconds(file)))
