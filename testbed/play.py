# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks of this checkout on the hosts of a lab."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .bed import BedError
from .host import CHECKOUT

RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@contextlib.contextmanager
def collections():
    """A folder for ANSIBLE_COLLECTIONS_PATH in which this checkout is the collection virtlab.network."""
    with tempfile.TemporaryDirectory(prefix="virtlab-network-") as top:
        link = Path(top, "ansible_collections/virtlab/network")
        link.parent.mkdir(parents=True)
        link.symlink_to(CHECKOUT, target_is_directory=True)
        Path(top, "ansible.cfg").write_text("[defaults]\npipelining = true\nnocows = true\n", encoding="utf-8")
        yield top


def environment(top):
    """The environment of an Ansible command: this checkout's collection, no configuration of the user's, nor the connection that he came here by."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SSH_"))}
    bins = f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"
    return {**kept, "PATH": bins, "ANSIBLE_CONFIG": f"{top}/ansible.cfg", "ANSIBLE_COLLECTIONS_PATH": top, "LC_ALL": "C.UTF-8"}


def play(running, playbook, variables=None, show=print):
    """Run virtlab.network.PLAYBOOK on the hosts of a lab, handing each line of output to ``show``.

    Returns {host: number of changed tasks}. Raises BedError where a host failed.
    """
    with collections() as top:
        inventory = Path(top, "inventory.json")
        inventory.write_text(json.dumps(running.inventory()), encoding="utf-8")
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), f"virtlab.network.{playbook}",
                   "--extra-vars", json.dumps(variables or {})]
        said = []
        with subprocess.Popen(command, env=environment(top), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            for line in process.stdout:
                said.append(line)
                show(line.rstrip())
    if process.returncode:
        raise BedError(f"playbook {playbook} failed:\n{''.join(said)[-3000:]}")
    return {host: int(changed) for host, unused, changed, *others in RECAP.findall("".join(said))}
