# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that guests are made with, by qemu-img(1), xorriso(1) and virt-install(1): each is there as a whole or not at all, and none takes another's place."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .. import deps
from ..errors import BackendError, DependencyError
from ..model.guest import Image

#: packages that programs come in, on Debian and RedHat families
PACKAGES = {"qemu-img": "qemu-utils (qemu-img on RedHat families)", "virt-install": "virtinst (virt-install on RedHat families)", "xorriso": "xorriso"}
#: files that cloud-init looks for, by the option that has the text
SEED = {"user_data": "user-data", "meta_data": "meta-data", "network_config": "network-config"}


def run(program, *words):
    """What a program prints. Raises DependencyError and BackendError."""
    path = deps.program(program)
    if path is None:
        raise DependencyError(f"the managed host has no {program}(1): install the package {PACKAGES[program]}, as the role guests does")
    # virt-install writes a log below its user's home
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/root")}
    done = subprocess.run([path, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        first = next((line.partition("ERROR")[2].strip() for line in said if line.startswith("ERROR")), said[-1] if said else f"exit code {done.returncode}")
        raise BackendError(f"{program} {' '.join(words)} failed: {first}")
    return done.stdout


def image(path):
    """The Image that a file is."""
    found = json.loads(run("qemu-img", "info", "--force-share", "--output=json", path))
    return Image(found["format"], found["virtual-size"], "backing-filename" in found)


def make(disk, again):
    """Make a Disk's file; ``again`` where an interrupted run may have made it."""
    scratch = scratch_of(disk.path)
    scratch.unlink(missing_ok=True)
    if disk.image is None:
        run("qemu-img", "create", "-q", "-f", disk.format, str(scratch), disk.size)
    else:
        source = image(disk.image)
        if disk.backing:
            run("qemu-img", "create", "-q", "-f", disk.format, "-b", disk.image, "-F", source.format, str(scratch))
        else:
            run("qemu-img", "convert", "-q", "-f", source.format, "-O", disk.format, disk.image, str(scratch))
        if disk.size is not None:
            run("qemu-img", "resize", "-q", "-f", disk.format, str(scratch), disk.size)
    _place(scratch, disk.path, again)


def make_seed(path, seed, again):
    """Write a CloudInit as the ISO 9660 file system that cloud-init looks for."""
    scratch = scratch_of(path)
    scratch.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, file in SEED.items():
            if getattr(seed, name) is not None:
                Path(folder, file).write_bytes(getattr(seed, name).encode())
        run("xorriso", "-as", "mkisofs", "-quiet", "-volid", "cidata", "-joliet", "-rock", "-output", str(scratch), folder)
    _place(scratch, path, again)


def scratch_of(path):
    """Where a file is made, in the folder that it is to be in."""
    path = Path(path)
    return path.with_name(f".{path.name}.virtlab")


def _place(scratch, path, again):
    """Have a file that was made be in its place, in nobody else's."""
    try:
        scratch.chmod(0o600)
        if again:
            os.replace(scratch, path)
            return
        os.link(scratch, path)
        scratch.unlink()
    except OSError as err:
        scratch.unlink(missing_ok=True)
        raise BackendError(f"cannot make {path}: {err.strerror}") from err


def remove(path):
    """Remove a file that may be gone, and what was to become it."""
    try:
        for each in (Path(path), scratch_of(path)):
            each.unlink(missing_ok=True)
    except OSError as err:
        raise BackendError(f"cannot remove {path}: {err.strerror}") from err
