# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of an inventory are asked by a play, over their own connections, while the inventory is still being read."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from typing import NamedTuple

from ansible import context
from ansible.cli.arguments import option_helpers
from ansible.errors import AnsibleError
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.inventory.manager import InventoryManager
from ansible.playbook.play import Play
from ansible.utils.context_objects import CLIArgs
from ansible.vars.manager import VariableManager

#: what prints results as they come
RESULTS = "virtlab.network.results"
#: what a person said of his own play, and not of this one
OTHERS = {"tags": ("all",), "skip_tags": (), "start_at_task": None, "step": False, "check": False, "diff": False, "subset": None}


class Answer(NamedTuple):
    """What a module said on a host, or why it said nothing: ``failed`` is None or words."""

    host: str
    result: dict
    failed: str | None


def gathered(inventory, loader):
    """An InventoryManager of what has been read of an inventory so far, with the variables beside its sources."""
    manager = InventoryManager(loader=loader, sources=list(inventory.processed_sources), parse=False)
    manager.hosts.update(inventory.hosts)
    manager.groups.update(inventory.groups)
    return manager


def ask(manager, loader, hosts, tasks, become=False, timeout=0):
    """Run ``tasks``, {name: (module, its arguments)}, on hosts (names), all at the same time; {task's name: [Answer]}.

    It happens in a process of its own: the play has settings of its own, its output goes nowhere else, and what Ansible keeps of a play goes with it. The
    process is forked, so that it knows all that this one knows, as the secrets of vaults, and nothing of that is written anywhere.
    """
    forking = multiprocessing.get_context("fork")
    reading, writing = os.pipe()
    sys.stdout.flush()
    process = forking.Process(target=_play, args=(writing, manager, loader, hosts, tasks, become, timeout))
    process.start()
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe if line.startswith("{")]
    process.join()
    if process.exitcode:
        raise AnsibleError(f"the play that asks {', '.join(hosts)} ended with exit code {process.exitcode}; why stands above")
    return {name: [_answer(line["host"], line["result"]) for line in lines if line["task"] == name] for name in tasks}


def _answer(host, result):
    failed = result.get("failed") or result.get("unreachable")
    return Answer(host, result, str(result.get("msg", "it failed")).strip() if failed else None)


def _command_line():
    """The options that this play heeds: those of connections, as the command has them that reads the inventory, or else as ansible-playbook would."""
    parser = option_helpers.create_base_parser("ask")
    for add in (option_helpers.add_connect_options, option_helpers.add_runas_options, option_helpers.add_fork_options):
        add(parser)
    return CLIArgs({**vars(parser.parse_args([])), **context.CLIARGS, **OTHERS})


def _play(writing, manager, loader, hosts, tasks, become, timeout):
    """In the process that was forked: its stdout is the pipe."""
    os.dup2(writing, sys.stdout.fileno())
    context.CLIARGS = _command_line()
    variables = VariableManager(loader=loader, inventory=manager)
    listed = [{"name": name, module: arguments, "ignore_errors": True, "timeout": timeout} for name, (module, arguments) in tasks.items()]
    play = {"name": "Ask", "hosts": list(hosts), "gather_facts": False, "become": become, "strategy": "ansible.builtin.linear", "any_errors_fatal": False,
            "tags": ["always"], "tasks": listed}
    # the callback's name has another keyword from version to version
    queue = TaskQueueManager(manager, variables, loader, {}, RESULTS, False, forks=context.CLIARGS["forks"])
    try:
        queue.run(Play().load(play, variable_manager=variables, loader=loader))
    finally:
        queue.cleanup()
