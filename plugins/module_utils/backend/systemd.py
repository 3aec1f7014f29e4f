# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of ours, for the next boot or for now; processes that outlive the connection that started them, also where systemd does not run."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from ..errors import BackendError
from . import files

SYSTEM = Path("/etc/systemd/system")
WANTS = SYSTEM / "multi-user.target.wants"
#: there where systemd is process 1, see sd_booted(3)
BOOTED = Path("/run/systemd/system")


def runs():
    """True where systemd looks after this host."""
    return BOOTED.is_dir()


def enabled(name, text):
    """True where a service is there with this text, for the next boot."""
    return files.text(SYSTEM / name) == text and (WANTS / name).is_symlink()


def enable(name, text, durable=False):
    """Write a service, for the next boot."""
    files.write(SYSTEM / name, text, durable=durable)
    WANTS.mkdir(mode=0o755, exist_ok=True)
    if not (WANTS / name).is_symlink():
        (WANTS / name).symlink_to(SYSTEM / name)
        if durable:
            files.settle(WANTS)


def disable(name):
    """Remove it, so that it is gone after a power cut, too."""
    for folder in (WANTS, SYSTEM):
        with contextlib.suppress(FileNotFoundError):  # it was not there, or another process has just removed it
            (folder / name).unlink()
            files.settle(folder)


def reload():
    """Have services read that were written since."""
    _systemctl("daemon-reload")


def start(name, wait=False):
    """Have a service started, once its turn comes; with ``wait`` until it is."""
    _systemctl(*([] if wait else ["--no-block"]), "start", name)


def _systemctl(*words):
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"systemctl {' '.join(words)} failed: {done.stderr.strip()}")


def detach(name, command, again=False):
    """Start a command that goes on when the connection ends, as a service of that name; with ``again`` it is started anew where somebody kills it.

    Python's exit code 2 says that what it is to run is not there any more, and that there is nothing left to do.
    """
    properties = ["KillMode=process", *(["Restart=on-failure", "RestartPreventExitStatus=2"] if again else [])]
    words = ["systemd-run", "--quiet", "--collect", f"--unit={name}", *(f"--property={each}" for each in properties), *command]
    if runs() and subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
        return
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True)
