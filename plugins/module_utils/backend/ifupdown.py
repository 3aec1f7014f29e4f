# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifupdown: which of its files names a device, and taking the device out there with a way back."""

from __future__ import annotations

from pathlib import Path

from .. import deps
from ..codec import interfaces
from . import files

MAIN = Path("/etc/network/interfaces")
#: what files were before a device was taken out there, one folder a device
BACK = Path("/var/lib/virtlab.network/ifupdown")


def _paths():
    """The files that ifupdown reads."""
    return [path.resolve() for path in (MAIN, *sorted(MAIN.with_name("interfaces.d").glob("[!.]*"))) if path.is_file()]


def _rewrite(path, text):
    files.write(path, text, path.stat().st_mode & 0o777)


def stanza(name):
    """(path, method) of the first file that names a device, or None where ifupdown is not installed or has nothing for it."""
    if deps.program("ifup") is None:
        return None
    found = ((path, interfaces.method(files.text(path), name)) for path in _paths())
    return next(((path, method) for path, method in found if method), None)


def taken():
    """Names of the devices that were taken out."""
    return [path.name for path in BACK.glob("*")]


def take(name):
    """Take a device out of ifupdown's files, each of which is copied before."""
    for path in _paths() if stanza(name) else ():
        text = files.text(path)
        left = interfaces.without(text, name)
        if left != text:
            files.write(BACK / name / path.name, text, 0o600)
            _rewrite(path, left)


def give_back(name):
    """Put a device back into ifupdown's files."""
    for path in _paths():
        text = files.text(path)
        whole = interfaces.again(text, name)
        if whole != text and interfaces.MARK.format(name) in text:
            _rewrite(path, whole)
    for path in sorted((BACK / name).glob("*")):
        path.unlink()
    if (BACK / name).is_dir():
        (BACK / name).rmdir()
