# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small text files, written as a whole or not at all."""

from __future__ import annotations

import os

from ..errors import BackendError


def text(path):
    """What a file says, or None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def write(path, content, mode=0o644, durable=False):
    """Write a file, of text or bytes, and the folders above it; ``durable`` so that it is there after a power cut. Raises BackendError where that cannot be."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.new")
        scratch.touch(mode=mode)
        scratch.chmod(mode)
        with scratch.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(scratch, path)
        if durable:
            settle(path.parent)
    except OSError as err:
        raise BackendError(f"cannot write {path}: {err.strerror}") from err


def settle(folder):
    """Have what was made or removed in a folder be so after a power cut, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path, folder=True):
    """Remove a file that may be gone, and the folder of drop-ins that it was the last of; ``folder`` False is one that stays. Raises BackendError."""
    try:
        path.unlink(missing_ok=True)
        if folder and path.parent.name.endswith(".d") and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as err:
        raise BackendError(f"cannot remove {path}: {err.strerror}") from err
