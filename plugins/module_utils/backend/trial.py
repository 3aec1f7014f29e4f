# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written down of a change on trial, under /var/lib so that a power cut does not lose it, and the processes that look after it.

One host has one trial at a time: the folder is its lock. The file ``armed`` in it is there from before the first thing is changed; whoever renames that
decides: to ``confirmed``, or to ``undoing``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import signal
import sys
import time
import zipfile
from pathlib import Path

from ..errors import BackendError
from . import boot, files, stored, systemd, table_boot
from .waiting import until

STATE = Path("/var/lib/virtlab.network")
FOLDER = STATE / "trial"
#: how the last one ended
LAST = STATE / "trial.json"
#: files of FOLDER: what to do; what was there before, and on disk; when to take it back; how it went; this code, and what starts it
TASK, BEFORE, STORED, ARMED, RESULT = "task.json", "before", "stored.json", "armed", "result.json"
#: files of FOLDER that name a process: who changes the host, and who watches
PROCESS, WATCHER = "pid", "watcher"
CODE, START = "code.zip", "start"
CONFIRMED, UNDOING = "confirmed", "undoing"
PACKAGE = __name__.rpartition(".backend.")[0]
SERVICE = "virtlab-trial"
#: at boot, before anybody reads what it brings back
UNIT = """# Made by virtlab.network; goes with the trial.

[Unit]
Description=Takes back a change of virtlab.network that nobody confirmed before the power went
DefaultDependencies=no
ConditionPathExists={folder}
RequiresMountsFor={folder} /etc
After=local-fs.target
Before=network-pre.target libvirtd.service virtnetworkd.service systemd-sysctl.service virtlab-rules.service
Wants=network-pre.target

[Service]
Type=oneshot
ExecStart={python} {start} boot

[Install]
WantedBy=multi-user.target
"""
#: what is started: this code, out of the copy
STARTER = """import sys

sys.path[:0] = {path!r}
from {package} import trial

trial.main(sys.argv[1])
"""
#: seconds until a process that was killed is gone, and until a folder that was made has a task in it
DYING, FILLING = 15, 15
#: seconds in which a change must begin: whoever asked for it does not wait for ever
LATEST = 120


def create(task):
    """Make the folder for a trial of ``task``, a dict that has its ``id``. Raises BackendError where there is another."""
    try:
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        FOLDER.mkdir(mode=0o700)
    except FileExistsError:
        raise BackendError("another change of this host is on trial") from None
    except OSError as err:
        raise BackendError(f"cannot write {FOLDER}: {err.strerror}") from err
    files.write(FOLDER / TASK, json.dumps({**task, "begun": _clock(), "boot": _boot()}), 0o600, durable=True)
    files.write(FOLDER / START, STARTER.format(path=_code(), package=PACKAGE), 0o600, durable=True)


def _code():
    """Where the copy of this code is, to be imported from: what Ansible sent goes with the task. What is installed stays where it is."""
    archive = next((each for each in Path(__file__).parents if zipfile.is_zipfile(each)), None)
    if archive is None:
        return list(filter(None, sys.path))
    files.write(FOLDER / CODE, archive.read_bytes(), 0o600, durable=True)
    return [str(FOLDER / CODE)]


def detach(verb, again=False):
    """Start this code in a process of its own, which a connection that ends does not take along."""
    systemd.detach(f"{SERVICE}-{task()['id']}-{verb}", [sys.executable, str(FOLDER / START), verb], again)


def task():
    """What is on trial, or None."""
    text = files.text(FOLDER / TASK) if os.geteuid() == 0 else None
    return None if text is None else json.loads(text)


def arm(items, seconds):
    """Write down what was there before, for ``items``, and that it comes back in some seconds; from here on it does, whatever happens."""
    files.write(FOLDER / BEFORE, pickle.dumps(items), 0o600, durable=True)
    networks = [item.key for item in items if item.family == "network"]
    guests = sorted({item.key.rpartition("/")[0] for item in items if item.family == "interface"})
    files.write(FOLDER / STORED, json.dumps(stored.snapshot(networks, guests)), 0o600, durable=True)
    if systemd.runs():
        systemd.enable(f"{SERVICE}.service", UNIT.format(folder=FOLDER, python=sys.executable, start=FOLDER / START), durable=True)
    deadline = {"deadline": _clock() + seconds, "boot": _boot()}
    files.write(FOLDER / ARMED, json.dumps(deadline), 0o600, durable=True)
    files.settle(STATE)


def _clock():
    """Seconds since the host was started, asleep or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _boot():
    """What tells this boot from all others."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def left():
    """Seconds until it is taken back; 0 where that is due, or was before the host was started; None where nothing is armed."""
    text = files.text(FOLDER / ARMED)
    if text is None:
        return None
    armed = json.loads(text)
    return max(0, armed["deadline"] - _clock()) if armed["boot"] == _boot() else 0


def late():
    """True where it should have begun by now."""
    begun = task() or {}
    return begun.get("boot") != _boot() or _clock() > begun["begun"] + LATEST


def decide(verdict):
    """Have it CONFIRMED or UNDOING. True where that was still open."""
    if verdict == CONFIRMED:
        os.sync()  # what stays is on disk before anybody says that it does
    try:
        (FOLDER / ARMED).rename(FOLDER / verdict)
        files.settle(FOLDER)
    except FileNotFoundError:
        return False
    return True


def decided():
    """How it was decided: CONFIRMED, UNDOING or None."""
    return next((each for each in (CONFIRMED, UNDOING) if (FOLDER / each).exists()), None)


def before():
    """The Items that were written down; () where nothing was touched yet."""
    path = FOLDER / BEFORE
    return pickle.loads(path.read_bytes()) if path.exists() else ()


def restore():
    """Bring back what was on disk."""
    stored.restore(json.loads(files.text(FOLDER / STORED) or "{}"))


def read_again():
    """Have systemd read what was brought back, and start what it had not read when it began to start the host."""
    if systemd.runs():
        systemd.reload()
        for unit in (boot.UNIT, table_boot.UNIT):
            if (systemd.SYSTEM / unit).exists():
                systemd.start(unit)


def tell(result):
    """Write down how it went."""
    files.write(FOLDER / RESULT, json.dumps(result), 0o600, durable=True)


def told():
    """How it went, or None."""
    text = files.text(FOLDER / RESULT)
    return None if text is None else json.loads(text)


def sweep():
    """Remove the folder of a trial that was killed before it began, or after it had ended."""
    if os.geteuid() == 0 and FOLDER.exists() and task() is None and abs(time.time() - FOLDER.stat().st_mtime) > FILLING:
        shutil.rmtree(FOLDER)


def enter(role=PROCESS):
    """Say that this is the process that changes the host, or with WATCHER the one that watches."""
    files.write(FOLDER / role, f"{os.getpid()} {_started(os.getpid())}", 0o600)


def working(role=PROCESS):
    """The number of the process that changes the host, or watches; None where none does (any more)."""
    text = files.text(FOLDER / role)
    pid, unused, started = (text or "").partition(" ")
    return int(pid) if text and _started(pid) == started else None


def _started(pid):
    """When a process was started, '' where there is none or it is dead."""
    fields = _fields(pid)
    return "" if not fields or fields[0] in "ZX" else fields[19]


def _fields(pid):
    """What the kernel tells of a process from its state on, see proc_pid_stat(5); [] where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def starting():
    """True while the process that is to change the host may not have said so yet."""
    return not (FOLDER / PROCESS).exists() and not late()


def stop():
    """End the process that changes the host, if any other than this does, and what it has started and waits for."""
    pid = working()
    if pid in (None, os.getpid()):
        return
    os.kill(pid, signal.SIGSTOP)  # so that it starts nothing more
    for each in [*_children(pid), pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    until(lambda: working() is None, DYING)


def _children(pid):
    """Numbers of the processes that one has started, without what goes on by itself."""
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _fields(each.name)[1:2] == [str(pid)]]


def end(outcome):
    """Write down how it ended, a dict, and remove all else, the task first: from there on nothing is on trial."""
    ended = task()
    if ended is None:
        return
    files.write(LAST, json.dumps({"id": ended["id"], **outcome}), 0o600, durable=True)
    systemd.disable(f"{SERVICE}.service")
    (FOLDER / TASK).unlink(missing_ok=True)
    shutil.rmtree(FOLDER, ignore_errors=True)  # whoever else ends it at the same time
    files.settle(STATE)


def last():
    """How the last one ended; {} where there was none."""
    text = files.text(LAST)
    return {} if text is None else json.loads(text)
