# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own commands on a host of the test bed, as a person gives them."""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path

from testbed.play import environment
from tests.ready import Ready

#: of plays, several of which may run at a time
NUMBERS = itertools.count()


def _environment(top):
    return {**environment(top), "ANSIBLE_STDOUT_CALLBACK": "virtlab.network.results"}


@cache
def _ready(top):
    return Ready(top, _environment(top))


class Run:
    """What one run of a playbook on several hosts came to: the results of its tasks by their names, each by host, and counts of the recap."""

    def __init__(self, told):
        lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        assert lines and "stats" in lines[-1], told
        self.stats, self.tasks = lines[-1]["stats"], {}
        for line in lines[:-1]:
            self.tasks.setdefault(line["task"].rpartition(" : ")[2], {})[line["host"]] = line["result"]

    @property
    def failed(self):
        """What the play failed with, or ''."""
        return next((result["msg"] for task in self.tasks.values() for result in task.values() if result.get("failed")), "")

    def changed(self):
        """{host: how many tasks changed something}."""
        return {host: counts["changed"] for host, counts in self.stats.items()}


class Ansible:
    """Runs modules and playbooks of this checkout on one host, as a person does."""

    def __init__(self, lab, host, top, address=None, way="far", user="root"):
        self.host, self.top = host, Path(top)
        self.environment = _environment(top)
        inventory = lab.inventory()
        if address:  # from the lab's world, as any user of a machine comes
            inventory["all"]["hosts"][host.name] = {**host.variables(address, way), "ansible_user": user}
        self.inventory = self.top / f"{lab.name}-{host.name}-{way if address else 'near'}.json"
        self.inventory.write_text(json.dumps(inventory), encoding="utf-8")

    def play(self, *tasks):
        """Write a play of tasks, each a module's name, its arguments, and perhaps what else the task says; its path."""
        listed = [{f"virtlab.network.{name}" if "." not in name else name: arguments, "ignore_errors": True, **dict(*more)} for name, arguments, *more in tasks]
        path = self.top / f"play{next(NUMBERS)}.json"
        path.write_text(json.dumps([{"hosts": self.host.name, "gather_facts": False, "tasks": listed}]), encoding="utf-8")
        return str(path)

    def run(self, *tasks, check=False):
        """Run tasks in one play; their results in order, failures among them."""
        results, unused = self.playbook(self.play(*tasks), check=check)
        assert len(results) == len(tasks)
        return results

    def module(self, name, /, check=False, **arguments):
        """Run one module; its result, which must be a success."""
        result = self.run((name, arguments), check=check)[0]
        assert not result.get("failed"), result
        return result

    def refused(self, name, /, check=False, **arguments):
        """Run one module, which must fail; its message."""
        result = self.run((name, arguments), check=check)[0]
        assert result.get("failed"), result
        return result["msg"]

    def command(self, name, check=False, **variables):
        """The words that run a playbook by path or name on the host."""
        return ["ansible-playbook", "-i", str(self.inventory), "--limit", self.host.name, "--diff", *(["--check"] if check else []),
                "--extra-vars", json.dumps(variables), name]

    def playbook(self, name, check=False, **variables):
        """Run a playbook by path or name on the host; (results of its tasks in order, counts of the recap)."""
        told = _ready(self.top).run(self.command(name, check, **variables))
        lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        assert lines and "stats" in lines[-1], told
        return [line["result"] for line in lines[:-1]], lines[-1]["stats"][self.host.name]

    def everywhere(self, name, check=False, **variables):
        """Run a playbook by path or name on all hosts of the lab; a Run."""
        words = ["ansible-playbook", "-i", str(self.inventory), "--diff", *(["--check"] if check else []), "--extra-vars", json.dumps(variables), name]
        return Run(_ready(self.top).run(words))
