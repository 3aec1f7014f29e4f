# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock Debian 12 in a virtual machine, to try labs where systemd gives out control groups of version 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import kernel, kvm, root
from .bed import BedError, cache, digest, lock, run, say
from .host import CHECKOUT

SECONDS = 420
PACKAGES = ["systemd-sysv", "dbus", "udev", "kmod", "procps", "python3", "iproute2", "dnsmasq-base", "tcpdump", "busybox-static", "util-linux"]
MODULES = ("virtio_pci", "virtio_blk", "ext4")
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev; mount -t proc proc /proc
for module in $(cat /modules/order); do insmod /modules/$module; done
mkdir /disk
until mount -t ext4 -o noatime /dev/vda /disk; do usleep 50000; done
umount /proc
exec switch_root /disk /sbin/init
"""
#: first as systemd gives out groups, then with systemd out of sight, when the bed makes groups by hand
UNIT = """[Unit]
After=basic.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=HOME=/root PYTHONUNBUFFERED=1
WorkingDirectory=/opt
ExecStart=/usr/bin/tar --extract --file=/dev/vdb --directory=/opt
ExecStart=/usr/bin/python3 -m testbed trial
ExecStart=/usr/bin/unshare --mount /bin/sh -c 'mount -t tmpfs none /run/systemd && exec /usr/bin/python3 -m testbed trial'
ExecStart=/usr/bin/echo passed
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
"""
QEMU = ["-nodefaults", "-display", "none", "-no-reboot", "-m", "2048", "-smp", "2", "-device", "virtio-rng-pci"]
APPEND = "root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr no_timer_check random.trust_cpu=on systemd.wants=trial.service"


def trial():
    """Boot the machine, and try labs in it. Raises BedError unless all that was tried went well."""
    machine = build()
    bed = root.build()
    with tempfile.TemporaryDirectory(prefix="virtlab-machine-") as folder:
        with tarfile.open(f"{folder}/code", "w") as code:
            code.add(CHECKOUT / "testbed", "testbed", filter=lambda entry: None if "__pycache__" in entry.name else entry)
        say("booting a Debian 12")
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-m", "testbed.machine", str(bed), str(machine), folder]
        try:
            subprocess.run(command, cwd=CHECKOUT, timeout=SECONDS, check=True)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as err:
            console = Path(folder, "console")
            raise BedError(f"the machine did not finish: {err}\n{console.read_text(errors='replace')[-3000:] if console.exists() else ''}") from err
        seen = Path(folder, "seen").read_text(encoding="utf-8", errors="replace")
        console = Path(folder, "console").read_text(encoding="utf-8", errors="replace")
    print(seen.replace("\r", ""), end="")
    if not seen.rstrip().endswith("passed"):
        raise BedError(f"labs do not work in the machine; its console said last:\n{console[-3000:]}")


def build():
    """Folder with the machine's ``vmlinuz``, ``initrd`` and ``disk``, which holds the bed's root too; built first where it is not there."""
    bed = root.build()
    folder = cache() / f"machine-{digest(PACKAGES, MODULES, INIT, UNIT, bed.name)}"
    with lock("machine"):
        if not folder.exists():
            say("building a machine with a stock Debian 12, once (about a minute)")
            with tempfile.TemporaryDirectory(dir=cache()) as scratch:
                os.rename(_build(Path(scratch), bed), folder)
    return folder


def _build(scratch, bed):
    disk, made = scratch / "root", scratch / "made"
    made.mkdir()
    run("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--aptopt=Apt::Install-Recommends \"false\"",
        *root.DPKG, "bookworm", disk, root.mirror())
    tree, version = kernel.unpack(scratch)
    shutil.copy(tree / f"boot/vmlinuz-{version}", made / "vmlinuz")
    kernel.initrd(made / "initrd", tree, version, MODULES, {"init": INIT})
    shutil.copytree(tree / "lib/modules", disk / "lib/modules", symlinks=True)
    (disk / "etc/systemd/system/trial.service").write_text(UNIT, encoding="utf-8")
    run("cp", "--archive", bed, _folder(disk / "root/.cache/virtlab-testbed"))
    run("truncate", "--size=4G", made / "disk")
    run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=1", "-m", "0", "-d", disk, made / "disk")
    return made


def _folder(path):
    path.mkdir(parents=True)
    return path


def main():
    """``python3 -m testbed.machine BED MACHINE FOLDER``: become the QEMU of a bed's root, which boots a machine and writes into a folder."""
    bed, machine, folder = map(Path, sys.argv[1:])
    accelerator = ["kvm", "-cpu", "host"] if kvm.works(bed, root.GUEST) else ["tcg,thread=multi", "-cpu", "max"]
    for source, target in (("/dev", "dev"), (machine, "mnt"), (folder, "srv")):
        run("mount", "--rbind", source, bed / target)
    os.chroot(bed)
    os.chdir("/")
    words = [
        "qemu-system-x86_64", "-accel", *accelerator, *QEMU, "-kernel", "/mnt/vmlinuz", "-initrd", "/mnt/initrd", "-append", APPEND,
        "-drive", "if=virtio,file=/mnt/disk,format=raw,snapshot=on,cache=unsafe", "-drive", "if=virtio,file=/srv/code,format=raw,read-only=on",
        "-serial", "file:/srv/console", "-serial", "file:/srv/seen",
    ]
    os.execvpe(words[0], words, {**os.environ, "TMPDIR": "/srv"})


if __name__ == "__main__":
    main()
