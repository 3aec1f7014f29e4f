# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints, for each task, a line of JSON: {"task", "seconds", "changed"}; for one that failed {"task", "failed": message}."""

from __future__ import annotations

import json
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: durations
type: stdout
short_description: Durations of tasks as lines of JSON
description: Made for benchmarks.
"""


class CallbackModule(CallbackBase):
    """Durations of tasks as lines of JSON."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "durations"

    def v2_playbook_on_task_start(self, task, is_conditional):
        """A task, with all that its loop has."""
        self.started = time.perf_counter()

    def v2_runner_on_ok(self, result):
        """Its end."""
        seconds = time.perf_counter() - self.started
        print(json.dumps({"task": result._task.get_name(), "seconds": seconds, "changed": result._result.get("changed", False)}))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Its failure."""
        print(json.dumps({"task": result._task.get_name(), "failed": str(result._result.get("msg", result._result))}))
