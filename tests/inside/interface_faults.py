# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: makes a guest's NIC what it is asked for, and is killed, or sees an error, before one of the steps.

``interface_faults.py COLLECTIONS OPTIONS FAULT NUMBER``, as faults.py.
"""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.backend import interfaces  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError, VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402


def fail():
    """Once: what takes it back is let alone."""
    raise BackendError("somebody had it fail")


FAULTS = {"kill": lambda: os._exit(9), "fail": fail}


def main():
    """See above."""
    given, fault, number = json.loads(sys.argv[2]), FAULTS[sys.argv[3]], int(sys.argv[4])
    taken, said = [], interfaces._said

    def said_with_fault(step, domain):
        taken.append(step.verb)
        if len(taken) == number + 1:
            fault()
        return said(step, domain)

    interfaces._said = said_with_fault
    defaults = {name: spec.get("default") for name, spec in argument_spec.interface()["options"].items()}
    uri = given.pop("uri", "qemu:///system")
    try:
        print(json.dumps({"changed": reconcile([("interface", {**defaults, **given})], uri, "default").plan.changed, "steps": taken}))
    except VirtNetError as err:
        print(json.dumps({"error": str(err), "steps": taken}))
    sys.exit(3 if len(taken) <= number else 0)


if __name__ == "__main__":
    main()
