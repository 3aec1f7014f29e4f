# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether /dev/kvm works. It can be there and even run single instructions, and yet hang a kernel: so one is booted, with a time limit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import kernel
from .bed import STATE, lock, run

SECONDS = 10
QEMU = [
    "qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot", "-kernel",
    f"/mnt/{kernel.FOLDER}/vmlinuz", "-initrd", f"/mnt/{kernel.FOLDER}/initrd", "-append", "console=ttyS0 quiet probe",
]


def works(root):
    """True where the micro guest's kernel boots under KVM. Tried once a boot of the machine, in a root with QEMU."""
    known = STATE / ".kvm"
    if not known.exists() and not Path(root, "usr/bin", QEMU[0]).exists():
        return False
    with lock("kvm"):  # several that try at once would slow each other down, and all give up
        if not known.exists():
            known.parent.mkdir(parents=True, exist_ok=True)
            known.write_text("yes" if Path("/dev/kvm").exists() and _boots(root) else "no", encoding="utf-8")
        return known.read_text(encoding="utf-8") == "yes"


def _boots(root):
    # not subprocess.run: that waits for the killed process, which may hang in the kernel for good
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-m", "testbed.kvm", str(root), str(kernel.build())]
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(SECONDS) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        return False


def main():
    """``python3 -m testbed.kvm ROOT GUEST``: become ROOT's QEMU, which boots the kernel of the tree GUEST, which switches itself off."""
    root, guest = sys.argv[1:]
    for source, target in (("/dev", "dev"), (guest, "mnt")):
        run("mount", "--rbind", source, f"{root}/{target}")
    os.chroot(root)
    os.chdir("/")
    os.execvp(QEMU[0], QEMU)


if __name__ == "__main__":
    main()
