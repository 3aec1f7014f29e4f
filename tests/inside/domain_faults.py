# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: makes a guest, or a NIC of one, what it is asked for, and is killed, or sees an error, before one of the steps.

``domain_faults.py COLLECTIONS KIND OPTIONS FAULT NUMBER``, as faults.py.
"""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.backend import guests, interfaces  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError, VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402


def fail():
    """Once: what takes it back is let alone."""
    raise BackendError("somebody had it fail")


FAULTS = {"kill": lambda: os._exit(9), "fail": fail}


BACKENDS = {"guest": guests, "interface": interfaces}


def whole(kind, given):
    """Options of a kind of resource, with those that are not given."""
    found = {name: spec.get("default") for name, spec in argument_spec.KINDS_OF_RESOURCES[kind]()["options"].items()}
    found.update(given)
    if kind == "guest":
        found["interfaces"] = [whole("interface", each) for each in given.get("interfaces", ())]
    return found


def main():
    """See above."""
    kind, given, fault, number = sys.argv[2], json.loads(sys.argv[3]), FAULTS[sys.argv[4]], int(sys.argv[5])
    backend = BACKENDS[kind]
    taken, said = [], backend._said

    def said_with_fault(step, name):
        taken.append(step.verb)
        if len(taken) == number + 1:
            fault()
        return said(step, name)

    backend._said = said_with_fault
    uri = given.pop("uri", "qemu:///system")
    try:
        print(json.dumps({"changed": reconcile([(kind, whole(kind, given))], uri, "default").plan.changed, "steps": taken}))
    except VirtNetError as err:
        print(json.dumps({"error": str(err), "steps": taken}))
    sys.exit(3 if len(taken) <= number else 0)


if __name__ == "__main__":
    main()
