# SPDX-License-Identifier: GPL-3.0-or-later
"""A host: a Debian with systemd and libvirtd in namespaces of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import cgroup, root
from .bed import STATE, BedError, run, until

NAMESPACES = ("--net", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--root", "--wd")
CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Host:
    """A running host. ``pid`` is its systemd's outside, ``started`` that process's start time, so that no other is taken for it."""

    lab: str
    name: str
    pid: int
    started: int

    @property
    def group(self):
        """Name of its control groups."""
        return f"{self.lab}.{self.name}"

    @property
    def alive(self):
        """True while its systemd runs."""
        return start_time(self.pid) == self.started

    def argv(self, *argv):
        """The words that run a command inside."""
        return ["nsenter", f"--target={self.pid}", *NAMESPACES, "--", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root", "LANG=C.UTF-8", *map(str, argv)]

    def run(self, *argv, check=True, **more):
        """Run a command inside, to its end; a CompletedProcess with text."""
        return run(*self.argv(*argv), check=check, **more)

    def path(self, inside):
        """A path of the host's, as seen from outside."""
        return Path(f"/proc/{self.pid}/root", str(inside).lstrip("/"))

    def kill(self):
        """End it and all in it, at once, as a power cut does."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        until(lambda: not cgroup.kill(self.group), 30, f"the processes of {self.name} to end")
        until(lambda: cgroup.remove(self.group), 10, f"the control groups of {self.name} to go")
        shutil.rmtree(STATE / self.lab / self.name, ignore_errors=True)


def start(lab, name, suite="bookworm"):
    """Start a host and wait until its systemd has started everything. Returns a Host."""
    lower = root.build(suite)
    folder = STATE / lab / name
    folder.mkdir(parents=True)
    group = f"{lab}.{name}"
    command = [*cgroup.delegated(group), sys.executable, "-m", "testbed.inner", lower, name, group, folder]
    done = subprocess.run(list(map(str, command)), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BedError(f"{name} did not start: see {folder}/log")
    pid = int(done.stdout)
    (folder / "pid").write_text(f"{pid}\n", encoding="utf-8")  # for inventories that are written by hand
    host = Host(lab, name, pid, start_time(pid))
    until(lambda: running(host), 120, f"{name} to start (its log is {folder}/log)")
    return host


def running(host):
    """True once systemd says that it is done starting; BedError where it is dead."""
    if not host.alive:
        raise BedError(f"{host.name} ended while starting: see {STATE}/{host.lab}/{host.name}/log")
    # waits by itself from when systemd answers, which costs less than asking again and again
    state = host.run("timeout", "60", "systemctl", "is-system-running", "--wait", check=False).stdout.strip()
    return state in ("running", "degraded")


def start_time(pid):
    """A process's start time in clock ticks since boot; 0 where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = text.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])
