# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to the namespaces of a process: containers without a container runtime, hosts of a test bed, network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
short_description: Run tasks in the namespaces of a process, or in a named network namespace
version_added: 0.1.0
description:
  - Runs tasks on the controller itself, in other namespaces, by means of nsenter(1).
  - With a process id, in all namespaces of that process and with its root folder, such as the first process of a container.
  - With a name that C(ip netns) knows, in that network namespace alone; files are the controller's own.
  - Made for testing network playbooks in CI, many hosts on one machine. It isolates mistakes, not malice.
  - Needs root on the controller.
author: virtlab.network contributors (@virtlab)
options:
  target:
    description:
      - Process id, or path of a file that holds one, or name of a network namespace.
      - The inventory's address of the host where it is not given.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_netns_target
"""

import os
import shutil
import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.connection import ConnectionBase

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACES = ("--net", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd")


class Connection(ConnectionBase):
    """Enters the namespaces anew for each command."""

    transport = "virtlab.network.netns"
    has_pipelining = True

    def _connect(self):
        if not self._connected:
            self.entry = self._find()
            self._connected = True
        return self

    def _find(self):
        """The words in front of a command that take it to the target."""
        target = self.get_option("target")
        program = shutil.which("nsenter")
        if program is None:
            raise AnsibleConnectionFailure("the controller has no nsenter(1): install the package util-linux")
        if os.geteuid() != 0:
            raise AnsibleConnectionFailure("the connection netns enters namespaces, which needs root on the controller: run ansible with sudo")
        named = Path("/run/netns", target)
        if "/" not in target and named.exists():
            return [program, f"--net={named}", "--"]
        pid = target if target.isdigit() else self._read(target)
        if not Path("/proc", pid).exists():
            raise AnsibleConnectionFailure(f"ansible_netns_target is {target!r}: no process {pid} is running; has the host been stopped?")
        return [program, f"--target={pid}", *NAMESPACES, "--", "/usr/bin/env", "-i", f"PATH={PATH}", "HOME=/root", "USER=root", "LANG=C.UTF-8"]

    def _read(self, target):
        path = Path(target)
        text = path.read_text(encoding="utf-8").strip() if path.is_absolute() and path.is_file() else ""
        if not text.isdigit():
            raise AnsibleConnectionFailure(
                f"ansible_netns_target is {target!r}: must be a process id, the absolute path of a file that holds one, or the name of a namespace "
                "under /run/netns"
            )
        return text

    def _run(self, argv, data=None):
        done = subprocess.run(argv, input=data, stdin=None if data is not None else subprocess.DEVNULL, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def exec_command(self, cmd, in_data=None, sudoable=True):
        """Run a command as the shell plugin worded it; (exit code, stdout, stderr) in bytes."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._run([*self.entry, "/bin/sh", "-c", to_bytes(cmd, errors="surrogate_or_strict")], in_data)

    def put_file(self, in_path, out_path):
        """Copy a file in."""
        super().put_file(in_path, out_path)
        source = Path(in_path)
        if not source.exists():
            raise AnsibleFileNotFound(f"cannot copy {in_path}: there is no such file on the controller")
        code, unused, said = self._run([*self.entry, "/bin/dd", f"of={out_path}", "status=none"], source.read_bytes())
        if code:
            raise AnsibleConnectionFailure(f"cannot write {out_path}: {said.decode(errors='replace').strip()}")

    def fetch_file(self, in_path, out_path):
        """Copy a file out."""
        super().fetch_file(in_path, out_path)
        code, content, said = self._run([*self.entry, "/bin/dd", f"if={in_path}", "status=none"])
        if code:
            raise AnsibleConnectionFailure(f"cannot read {in_path}: {said.decode(errors='replace').strip()}")
        Path(out_path).write_bytes(content)

    def close(self):
        """Nothing is held open."""
        self._connected = False
