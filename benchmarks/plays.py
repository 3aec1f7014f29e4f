# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that are measured."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from testbed.bed import BedError
from testbed.play import environment

HERE = Path(__file__).parent


def play(top, tasks):
    """Play tasks on host1, with the collections of a folder and its inventory; [{"task", "seconds", "changed"}] of each. Raises BedError where one fails."""
    path = Path(top, "play.json")
    path.write_text(json.dumps([{"hosts": "host1", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    more = {"ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"), "ANSIBLE_STDOUT_CALLBACK": "durations"}
    done = subprocess.run(["ansible-playbook", "-i", f"{top}/inventory.json", str(path)], env={**environment(top), **more}, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise BedError(f"a play failed:\n{done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]
