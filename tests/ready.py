# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook in a process that has imported it. Each run is a fork of that one: of the second that a task takes a half is spared, thousands of times.

Runs share Ansible's temporary folder, and in it what it has packed of a module. As a program this serves on the socket that is its first argument, until its
standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path

from testbed.bed import until


class Ready:
    """ansible-playbook with an environment; a socket of a folder is how it is asked."""

    def __init__(self, top, environment):
        self.path = Path(top, "ready.socket")
        self.process = subprocess.Popen([sys.executable, "-m", __name__, self.path], env={**environment, "PYTHONPATH": str(Path(__file__).parents[1])},
                                        stdin=subprocess.PIPE)
        until(self.path.exists, 60, "Ansible to be imported")

    def run(self, argv):
        """What a run prints, on both streams. Several may run at a time."""
        with socket.socket(socket.AF_UNIX) as own:
            own.connect(str(self.path))
            own.sendall(json.dumps(argv).encode() + b"\n")
            with own.makefile(encoding="utf-8") as told:
                return told.read()


def _serve(path):
    import ansible.executor.module_common
    import ansible.executor.task_executor
    import ansible.plugins.strategy
    from ansible.cli.playbook import main

    assert ansible
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(f"{path}.new")
        listening.listen(16)
        os.rename(f"{path}.new", path)
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(0, selectors.EVENT_READ)
        while 0 not in [key.fd for key, unused in waiting.select()]:
            asking, unused = listening.accept()
            with asking:
                if not os.fork():
                    _become(asking)
                    with contextlib.suppress(SystemExit):
                        main()
                    sys.stdout.flush()
                    os._exit(0)  # what Ansible does at the end of a process is to remove that folder


def _become(asking):
    """Be the process of one run, which writes to whom it is asked by."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with asking.makefile(encoding="utf-8") as told:
        sys.argv = json.loads(told.readline())
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, other in enumerate((nothing, asking.fileno(), asking.fileno())):
        os.dup2(other, number)


if __name__ == "__main__":
    _serve(sys.argv[1])
