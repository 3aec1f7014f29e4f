# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of a change on trial: leave the connection that asked for it, come again over a new one, and confirm."""

from __future__ import annotations

import time

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

#: seconds that a host has to come back, once it has taken back what was on trial
BACK = 180
#: seconds between two attempts
PAUSE = 1
CONFIRM = "virtlab.network.virt_confirm"
#: how a trial may end
ENDS = ("confirmed", "failed", "rolled back")


class Trial(ActionBase):
    """Runs the module of the task, and what follows where it began a trial."""

    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """The module's result, or that of the trial that it began."""
        super().run(tmp, task_vars)
        if self._task.async_val and self._task.args.get("rollback_after") is not None:
            raise AnsibleActionFail("rollback_after waits for the change by itself: leave out async, or rollback_after")
        result = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
        return self._settled(result, task_vars) if result.get("trial") else result

    def _settled(self, result, task_vars):
        trial = result.pop("trial")
        seconds = trial["rollback_after"]
        Display().vv(f"on trial for {seconds} s: {trial['id']}", host=task_vars.get("inventory_hostname"))
        deadline = time.monotonic() + seconds + BACK
        attempts, confirm, ended = 0, False, None
        while ended is None:
            attempts += 1
            try:
                now = self._asked(trial["id"], confirm, task_vars)
                ended = now if now.get("outcome") in ENDS and now.get("id") == trial["id"] or now.get("failed") else None
                confirm = now.get("outcome") == "made"
                if ended is None and time.monotonic() > deadline:
                    ended = {"msg": f"{seconds + BACK} s later it still says that it is {now.get('outcome')}: ask virt_confirm with confirm: false"}
            except AnsibleConnectionFailure as err:
                confirm = False
                if time.monotonic() > deadline:
                    raise AnsibleConnectionFailure(f"the change was tried, and not confirmed, for the host was not reached again; it was to be taken back "
                                                   f"after {seconds} s, and yet the host is away: {err}") from err
            if ended is None and not confirm:
                time.sleep(PAUSE)
        return self._told(result, trial, ended, attempts)

    def _asked(self, identity, confirm, task_vars):
        """What virt_confirm says over a new connection. Raises AnsibleConnectionFailure where there is none."""
        if type(self._connection).reset is not ConnectionBase.reset:
            self._connection.reset()
        said = self._execute_module(module_name=CONFIRM, module_args={"id": identity, "confirm": confirm}, task_vars=task_vars)
        if said.get("unreachable"):
            raise AnsibleConnectionFailure(said.get("msg", ""))
        return said

    @staticmethod
    def _told(result, trial, ended, attempts):
        """The result of the task."""
        outcome = ended.get("outcome")
        trial = {**trial, "outcome": outcome or "unknown", "attempts": attempts}
        if outcome == "confirmed":
            made = ended["result"]
            said = [*result.get("warnings", []), *made.pop("warnings", [])]
            return {**result, **made, **({"warnings": list(dict.fromkeys(said))} if said else {}), "trial": trial}
        if outcome == "failed":
            return {"failed": True, "changed": False, "msg": ended["said"], "trial": trial}
        if outcome == "rolled back":
            said = f"{ended['why']}, and what was there before is back: {ended['said']}"
            return {"failed": True, "changed": False, "msg": said, "trial": trial}
        return {"failed": True, "msg": f"nobody knows how the trial ended: {ended.get('msg', ended)}", "trial": trial}
