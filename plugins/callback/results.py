# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints each task's result as a line of JSON."""

from __future__ import annotations

DOCUMENTATION = r"""
name: results
type: stdout
short_description: Each task's result as a line of JSON
version_added: 0.1.0
author: virtlab.network contributors (@virtlab)
description:
  - Prints a line for each task of each host, as soon as it is done, with C(host), C(task) (its name) and C(result), for programs that run Ansible.
  - RV(ignore:result) has C(failed) or C(unreachable) where it is so. Lines at the end of a playbook have C(stats), the counts of each host.
"""

import json

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Results as lines of JSON."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "virtlab.network.results"

    def show(self, result, **more):
        """Print one result, a loop's as a whole."""
        said = {"host": result._host.get_name(), "task": result._task.get_name(), "result": {**result._result, **more}}
        self._display.display(json.dumps(said, default=str))

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
        self._display.display(json.dumps({"stats": {host: stats.summarize(host) for host in stats.processed}}))
