# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks to a running QEMU over its QMP socket."""

from __future__ import annotations

import json
import socket

from ..bed import BedError, until


class Qmp:
    """A connection; a context manager that closes it. QEMU serves one at a time."""

    def __init__(self, path, alive=lambda: True):
        """``alive`` tells whether there is still somebody who may answer."""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(180)
        until(lambda: self._connect(path) or not alive(), 120, f"QEMU to listen on {path}")
        self.lines = self.socket.makefile("r", encoding="utf-8")
        try:
            self.lines.readline()
        except OSError as err:
            raise BedError(f"QEMU ended before it said a word on {path}: {err}") from err
        self.execute("qmp_capabilities")

    def _connect(self, path):
        try:
            self.socket.connect(str(path))
        except OSError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def execute(self, command, **arguments):
        """What QEMU returns of a command. Raises BedError with its words where it refuses."""
        try:
            self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
            answers = (answer for answer in map(json.loads, self.lines) if answer.keys() & {"return", "error"})
            answer = next(answers, None)
        except OSError as err:
            raise BedError(f"QEMU does not answer {command}: {err}") from err
        if answer is None:
            raise BedError(f"QEMU ended at {command}")
        if "error" in answer:
            raise BedError(f"QEMU refused {command}: {answer['error']['desc']}")
        return answer["return"]

    def migrate(self, command, uri):
        """Write the machine's state (``migrate``) or read it (``migrate-incoming``), without its memory, which is a file of its own."""
        self.execute("migrate-set-capabilities", capabilities=[{"capability": "x-ignore-shared", "state": True}])
        self.execute(command, uri=uri)
        status = until(self._settled, 180, f"QEMU to {command}")
        if status != "completed":
            raise BedError(f"QEMU's {command} {status}: {self.execute('query-migrate').get('error-desc', 'no reason given')}")

    def _settled(self):
        status = self.execute("query-migrate").get("status")
        return status if status in ("completed", "failed", "cancelled") else None
