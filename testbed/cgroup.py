# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups of hosts, on kernels with version 1 and with version 2."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from pathlib import Path

TOP = Path("/sys/fs/cgroup")
OURS = "virtlab-testbed"
SLICE = "virtlabtestbed.slice"
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")


def unified():
    """True where /sys/fs/cgroup is version 2."""
    return (TOP / "cgroup.controllers").exists()


def hierarchies():
    """Folders under which a host's groups are made."""
    return [TOP] if unified() else [path for path in TOP.iterdir() if path.is_dir() and (path / "cgroup.procs").exists() and path.name != "unified"]


def systemds():
    """True where groups are systemd's to give: version 2 on a machine that systemd runs."""
    return unified() and Path("/run/systemd/system").exists()


def delegated(group):
    """The words in front of a command that make systemd run it in a group of its own, [] where we make groups ourselves."""
    if not systemds():
        return []
    return ["systemd-run", "--quiet", "--scope", "--collect", "--property=Delegate=yes", f"--slice={SLICE}", f"--unit={group}"]


def tops():
    """Folders that hold the groups of hosts."""
    return [TOP / SLICE] if systemds() else [top / OURS for top in hierarchies()]


def folders(group):
    """The folders of one host's groups."""
    return [top / (f"{group}.scope" if systemds() else group) for top in tops()]


def enter(group):
    """Put this process into the host's group in every hierarchy. Under systemd it is in its own already."""
    if systemds():
        return
    for top in hierarchies():
        folder = top
        for name in (OURS, group):
            if unified():
                hand_down(folder)
            folder = folder / name
            folder.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if not unified() and (folder / setting).exists():
                    (folder / setting).write_text((folder.parent / setting).read_text(), encoding="utf-8")
        (folder / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")


def hand_down(folder):
    """Let the groups under a version 2 group have each of its controllers; one that the kernel keeps back is left alone."""
    for controller in (folder / "cgroup.controllers").read_text(encoding="utf-8").split():
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}", encoding="utf-8")


def mount(target, mount_one):
    """Mount the groups inside a host's own control group namespace."""
    if unified():
        mount_one("cgroup2", target)
        return
    mount_one("tmpfs", target, options="mode=755")
    for name in CONTROLLERS:
        mount_one("cgroup", target / name, "cgroup", name)
    mount_one("cgroup", target / "systemd", "cgroup", "none,name=systemd")


def init_words():
    """Arguments for a host's systemd: with version 1 it shall not mount version 2 beside it, which libvirt's containers trip over."""
    return [] if unified() else ["systemd.legacy_systemd_cgroup_controller=yes"]


def members(group):
    """Process ids in a host's groups."""
    found = set()
    for folder in folders(group):
        for path, *_others in os.walk(folder):
            try:
                found.update(map(int, Path(path, "cgroup.procs").read_text(encoding="utf-8").split()))
            except OSError as err:
                # it went away meanwhile, or holds threads of processes that are those of the group above it
                if err.errno not in (errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
                    raise
    return found - {0}


def kill(group):
    """Kill what is in a host's groups; the process ids that were there. Again until there are none: processes may have forked meanwhile."""
    found = members(group)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def remove(group):
    """Remove a host's empty groups; systemd removes its own. True once they are gone."""
    if not systemds():
        for folder in folders(group):
            for path, *_others in os.walk(folder, topdown=False):
                with contextlib.suppress(OSError):  # a process that has ended may keep its group for a moment
                    os.rmdir(path)
    return not any(folder.exists() for folder in folders(group))


def groups():
    """Names of the groups that hosts have, or had when their runner was killed."""
    return sorted({name.removesuffix(".scope") for top in tops() for name in next(os.walk(top), ("", [], []))[1]})
