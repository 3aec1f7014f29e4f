# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are kept, commands that are run, and conditions that are awaited."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

STATE = Path("/run/virtlab-testbed")
#: disks of virtual machines, which may outgrow memory
DISKS = Path("/var/tmp/virtlab-testbed")


class BedError(Exception):
    """What a person can act on; shown without a traceback."""


def need_root(command):
    """Raise BedError that names the command to type, unless this is root."""
    if os.geteuid() != 0:
        raise BedError(f"namespaces and mounts need root; run: sudo {command}")


def cache():
    """The folder that built things are kept in."""
    named = os.environ.get("VIRTLAB_TESTBED_CACHE")
    folder = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "virtlab-testbed")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest(*parts):
    """Twelve hex digits that stand for what something is made of."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]


@contextlib.contextmanager
def lock(name):
    """Hold a lock file in the cache, so that two builds do not race."""
    with open(cache() / f"{name}.lock", "w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def once(kind, key, what, build):
    """The folder of the cache that stands for ``key``, a digest of what it is made of; where it is not there, ``build`` makes it.

    ``build`` gets an empty folder to work in, and returns the path in it that is kept. ``what`` is named to whoever waits.
    """
    folder = cache() / f"{kind}-{key}"
    if folder.exists():
        return folder
    with lock(kind):
        if not folder.exists():
            begun = time.monotonic()
            say(f"building {what}, once")
            scratch = cache() / f"{kind}.building"
            shutil.rmtree(scratch, ignore_errors=True)  # what a killed run left
            scratch.mkdir()
            try:
                os.rename(build(scratch), folder)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
            say(f"built in {time.monotonic() - begun:.0f} s")
    return folder


def run(*argv, check=True, what=None, **more):
    """Run a command to its end; a CompletedProcess with text. Raises BedError with its stderr where it fails and ``check`` is on.

    ``what`` words the command for that, where its words alone say little.
    """
    try:
        done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **more)
    except FileNotFoundError as err:
        raise BedError(f"{err.filename} is not there: make deps-test installs all that is needed") from err
    if check and done.returncode:
        raise BedError(f"{what or ' '.join(map(str, argv))} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done


def until(condition, seconds, what):
    """Call ``condition`` until it returns something true, and return that. Raises BedError naming ``what`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise BedError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.03)


def say(text):
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)
