# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that was booted once and frozen: from it, others go on in a second instead of booting."""

from __future__ import annotations

import os
from pathlib import Path

from .. import fabric, root
from ..bed import DISKS, cache, digest, once
from ..claim import claim, down
from . import qemu
from .machine import Machine, Make

#: done before the freeze, so that it has settled in each machine
WARM_UP = [
    ("sh", "-c", "systemctl is-system-running --wait || true"),
    ("systemctl", "start", "libvirtd.service"),
    ("virsh", "net-list", "--all"),
    ("sync",),
]


def build(base, memory, models):
    """Folder with ``disk.qcow2``, ``memory`` and ``state`` of a machine with NICs of those models; booted first where it is not there.

    ``base`` is the folder of its image, ``memory`` in MiB.
    """
    # an image that was built anew has the same name, and another key
    identity = (base.name, (base / "key.pub").read_text(encoding="utf-8"))
    words = qemu.words(memory, "", [(None, nic["mac"], nic["model"]) for nic in _nics(models)], qemu.FREEZE)
    key = digest(identity, words, _processor() if "kvm" in words else "", root.build(root.QEMU).name, WARM_UP)

    def make(scratch):
        made = scratch / "made"
        made.mkdir()
        _freeze(f"t{digest(key, cache())}", Make(str(base), str(made), memory, "127.0.0.1", _nics(models)))
        return made

    return once("template", key, "the template of virtual machines: one is booted and frozen (about half a minute)", make)


def _processor():
    """What a machine that was frozen under KVM must find again."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})


def _nics(models):
    return [{"name": "", "segment": "", "mac": qemu.FORMER.format(number), "model": model} for number, model in enumerate(models, 1)]


def _freeze(lab, make):
    down(lab)  # what a killed run may have left
    claim(lab)
    try:
        fabric.start(lab, [])
        machine = Machine(lab, "template")
        machine.create(make, f"{qemu.IMAGE}/disk", "raw")
        machine.launch(qemu.FREEZE)
        machine.await_answer(240)
        for command in WARM_UP:
            machine.run(*command)
        with machine.qmp() as qmp:
            qmp.execute("stop")
            qmp.migrate("migrate", f"file:{qemu.TEMPLATE}/state")
        machine.end()
        os.rename(DISKS / lab / "template/disk.qcow2", Path(make.template, "disk.qcow2"))
    finally:
        down(lab)
