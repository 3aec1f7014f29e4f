# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action virt_host: what cloud-init reads as texts, the module, and where a change is on trial its confirmation."""

from __future__ import annotations

from ..plugin_utils.cloud_init import written
from ..plugin_utils.trial import Trial


class ActionModule(Trial):
    """See there."""

    def run(self, tmp=None, task_vars=None):
        """See there."""
        guests = self._task.args.get("guests")
        if isinstance(guests, list):
            self._task.args = {**self._task.args, "guests": [written(each) if isinstance(each, dict) else each for each in guests]}
        return super().run(tmp, task_vars)
