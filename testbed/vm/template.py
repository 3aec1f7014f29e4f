# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that was booted once and frozen: from it, others go on in a second instead of booting."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .. import fabric, root
from ..bed import DISKS, cache, digest, lock, say
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
    key = digest(base.name, memory, models, root.build(root.QEMU).name, qemu.APPEND, WARM_UP)
    folder = cache() / f"template-{key}"
    with lock(folder.name):
        if not folder.exists():
            say("booting a virtual machine, once (about half a minute), and freezing it")
            with tempfile.TemporaryDirectory(dir=cache()) as scratch:
                made = Path(scratch, "made")
                made.mkdir()
                _freeze(f"t{key}", Make(str(base), str(made), memory, "127.0.0.1", _nics(models)))
                os.rename(made, folder)
    return folder


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
