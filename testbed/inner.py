# SPDX-License-Identifier: GPL-3.0-or-later
"""Becomes a host: run as a process of its own, it leaves for new namespaces, mounts a root and starts systemd there.

Prints the process id of that systemd, as the outside sees it, and ends.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import uuid
from pathlib import Path

from . import cgroup, kvm

NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000  # mount cgroup uts ipc pid net
PRIVATE = 0x40000 | 0x4000  # MS_PRIVATE | MS_REC
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun", "fuse")
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(kind, target, source="none", options=""):
    """mount(8) of a new file system."""
    Path(target).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, *(["-o", options] if options else []), source, str(target)], check=True)


def main():
    """``python3 -m testbed.inner LOWER GUEST NAME GROUP FOLDER``"""
    lower, guest, name, group, folder = sys.argv[1:]
    cgroup.enter(group)
    if LIBC.unshare(NAMESPACES):
        raise OSError(ctypes.get_errno(), "unshare")
    child = os.fork()
    if child:
        print(child)
        return
    os.setsid()
    log = os.open(f"{folder}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, target in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(number, target)
    become(lower, guest, name, Path(folder, "root"))


def become(lower, guest, name, root):
    """Mount everything (the guest's kernel over the root file system), change the root, and turn into systemd."""
    if LIBC.mount(b"none", b"/", None, PRIVATE, None):
        raise OSError(ctypes.get_errno(), "mount private")
    # the upper layer lives in this mount namespace alone: it goes with the last process in it
    mount("tmpfs", root, options="size=8G,mode=755")
    for part in ("upper", "work", "tree"):
        (root / part).mkdir()
    tree = root / "tree"
    mount("overlay", tree, options=f"lowerdir={guest}:{lower},upperdir={root}/upper,workdir={root}/work")
    mount("proc", tree / "proc")
    mount("sysfs", tree / "sys")
    devices(tree / "dev", lower)
    mount("tmpfs", tree / "run", options="mode=755")
    mount("tmpfs", tree / "tmp")
    cgroup.mount(tree / "sys/fs/cgroup", mount)
    (tree / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n", encoding="utf-8")
    (tree / "etc/hostname").write_text(f"{name}\n", encoding="utf-8")
    (tree / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n", encoding="utf-8")
    LIBC.sethostname(name.encode(), len(name.encode()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.chdir(tree)
    Path(".old").mkdir()
    subprocess.run(["pivot_root", ".", ".old"], check=True)
    os.chroot(".")
    os.chdir("/")
    subprocess.run(["umount", "-l", "/.old"], check=True)
    os.rmdir("/.old")
    os.execve("/sbin/init", ["/sbin/init", *cgroup.init_words()], {"container": "virtlab", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def devices(folder, lower):
    """A /dev of its own. /dev/kvm is left out where it does not work: one that exists and hangs would hang libvirt with it."""
    mount("tmpfs", folder, "dev", "mode=755")
    for name in ("pts", "shm", "net", "mqueue"):
        (folder / name).mkdir()
    for name in DEVICES + (("kvm",) if kvm.works(lower) else ()):
        if Path("/dev", name).exists():
            (folder / name).touch()
            subprocess.run(["mount", "--bind", f"/dev/{name}", str(folder / name)], check=True)
    mount("devpts", folder / "pts", options="newinstance,ptmxmode=0666,mode=620,gid=5")
    mount("tmpfs", folder / "shm", options="mode=1777")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (folder / name).symlink_to(target)


if __name__ == "__main__":
    main()
