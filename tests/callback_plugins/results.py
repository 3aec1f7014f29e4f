# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints each task's result as a line of JSON: {"host", "task", "result"}; at the end {"stats": {host: counts}}."""

from __future__ import annotations

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: stdout
short_description: Results as lines of JSON
description: Made for tests.
"""


class CallbackModule(CallbackBase):
    """Results as lines of JSON."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def show(self, result, **more):
        """Print one result, a loop's as a whole."""
        print(json.dumps({"host": result._host.get_name(), "task": result._task.get_name(), "result": {**result._result, **more}}, default=str))

    def v2_runner_on_ok(self, result):
        """A success."""
        self.show(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """A failure, ignored or not."""
        self.show(result, failed=True)

    def v2_runner_on_unreachable(self, result):
        """A host that does not answer."""
        self.show(result, unreachable=True)

    def v2_playbook_on_stats(self, stats):
        """The end."""
        print(json.dumps({"stats": {host: stats.summarize(host) for host in stats.processed}}))
