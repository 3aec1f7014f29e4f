# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action virt_guest: what cloud-init reads as texts, the module, and where a change is on trial its confirmation."""

from __future__ import annotations

from ..plugin_utils.cloud_init import written
from ..plugin_utils.trial import Trial


class ActionModule(Trial):
    """See there."""

    def run(self, tmp=None, task_vars=None):
        """See there."""
        self._task.args = written(self._task.args)
        return super().run(tmp, task_vars)
