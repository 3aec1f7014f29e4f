# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of this collection. run.py alone turns them into fail_json; a bug is none of these and propagates."""

from __future__ import annotations

import contextlib
import signal

#: how a process is told to end: by a person, by the system, and with the terminal that it belongs to
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class VirtNetError(Exception):
    """Whatever a person can act on. ``str()`` is one sentence or two, fit to be shown. ``result`` is what is returned beside it."""

    result: dict = {}


class ValidationError(VirtNetError):
    """Bad input, found before anything was touched: names the option, its value, what is allowed and what to do."""

    def __init__(self, option, value, allowed, remedy=""):
        self.option, self.value, self.allowed, self.remedy = option, value, allowed, remedy
        super().__init__(f"{option} is {value!r}: {allowed}{'; ' + remedy if remedy else ''}")


class UnsupportedError(VirtNetError):
    """The host's libvirt, kernel or connection cannot do what was asked."""


class DependencyError(VirtNetError):
    """A library or program that has to be on the managed host is missing."""


class InUseError(VirtNetError):
    """What was asked would cut off running guests; the message names them."""


class BackendError(VirtNetError):
    """libvirt, the kernel or a program refused; says which call, on what, and in whose words."""


class VerificationError(VirtNetError):
    """Everything was applied without complaint and yet the host differs from what was asked; names the fields."""


class ProofError(VirtNetError):
    """What was tried did not come out as expected; ``result`` is all that was found."""

    def __init__(self, said, result):
        super().__init__(said)
        self.result = result


class Interrupted(VirtNetError):
    """Somebody wants this process to end; what it had begun goes back to what was there."""


def heed_signals():
    """Have a process that is told to end go back as where something fails. What it then does is not interrupted again."""

    def interrupt(number, unused):
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(f"{signal.Signals(number).name} put an end to it")

    for each in SIGNALS:
        signal.signal(each, interrupt)


@contextlib.contextmanager
def about(what):
    """Put ``what`` in front of the message of an error that passes; '' leaves it as it is, as does a message that begins so by itself."""
    try:
        yield
    except VirtNetError as err:
        if what and not str(err).startswith(what):
            err.args = (f"{what}: {err}",)
        raise
