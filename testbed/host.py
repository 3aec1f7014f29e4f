# SPDX-License-Identifier: GPL-3.0-or-later
"""A host: a Debian with systemd and libvirtd of its own, whether in namespaces or in a virtual machine."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from . import cgroup, fabric
from .bed import DISKS, STATE, run, until

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Host:
    """A host of either kind, by its lab and its name. What runs of it is written down in its folder."""

    lab: str
    name: str

    KIND: ClassVar[str] = ""

    @property
    def group(self):
        """Name of its control groups."""
        return f"{self.lab}.{self.name}"

    @property
    def folder(self):
        """Where what runs of it is written down."""
        return STATE / self.lab / self.name

    @property
    def pid(self):
        """Process id of its first process, as the outside sees it."""
        return int((self.folder / "pid").read_text(encoding="utf-8"))

    @property
    def alive(self):
        """True while it runs: its first process is there, and no other has taken its number."""
        started = self.folder / "started"
        return started.exists() and start_time(self.pid) == int(started.read_text(encoding="utf-8"))

    def began(self, pid):
        """Write down its first process."""
        for name, number in (("pid", pid), ("started", start_time(pid))):
            (self.folder / name).write_text(f"{number}\n", encoding="utf-8")

    def argv(self, *argv):
        """The words that run a command inside."""
        raise NotImplementedError

    def variables(self):
        """What an Ansible inventory says of it."""
        raise NotImplementedError

    def run(self, *argv, check=True, **more):
        """Run a command inside, to its end; a CompletedProcess with text. BedError says what failed where."""
        return run(*self.argv(*argv), check=check, what=f"{self.name}: {shlex.join(map(str, argv))}", **more)

    def put(self, source, folder):
        """Copy a file or folder (a Path) into a folder of it, which is made where it is not there."""
        packed = subprocess.run(["tar", "-C", source.parent, "--exclude=__pycache__", "-c", source.name], capture_output=True, check=True).stdout
        self.run("mkdir", "-p", folder)
        subprocess.run(self.argv("tar", "-C", folder, "--no-same-owner", "-x"), input=packed, check=True)

    def exists(self, path):
        """True where there is such a file inside."""
        return self.run("test", "-e", path, check=False).returncode == 0

    def cut(self, device="eth0", silent=True):
        """Lose all packets of a cable, which the host cannot tell; unless ``silent``, its device loses its carrier too."""
        if silent:
            fabric.pass_on(self.lab, fabric.end(self.name, device), False)
        else:
            self.carrier(device, False)

    def mend(self, device="eth0"):
        """Mend a cable that was cut."""
        self.carrier(device, True)
        fabric.pass_on(self.lab, fabric.end(self.name, device), True)

    def carrier(self, device, there):
        """Give a device its carrier, or take it."""
        raise NotImplementedError

    def end(self):
        """End it and all in it at once, as a power cut does. Its processes are known by their control groups."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        until(lambda: not cgroup.kill(self.group), 120, f"the processes of {self.name} to end")
        until(lambda: cgroup.remove(self.group), 60, f"the control groups of {self.name} to go")

    def kill(self):
        """End it, and remove what is left of it."""
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(DISKS / self.lab / self.name, ignore_errors=True)


def start_time(pid):
    """A process's start time in clock ticks since boot; 0 where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = text.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])
