# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: makes a network what it is asked for, with something that goes wrong at one of the steps.

``faults.py COLLECTIONS OPTIONS FAULT NUMBER``: FAULT comes to pass before step NUMBER, counted from 0, of those that are taken. ``kill`` ends
this process there, ``restart`` starts libvirt's daemon anew. Prints the run's error or what it came to, as JSON. Ends with 9 where it was killed,
and with 3 where there were fewer steps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.backend.networks import Networks  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402

FAULTS = {
    "kill": lambda: os._exit(9),
    "restart": lambda: subprocess.run(["systemctl", "restart", "libvirtd"], check=True),
}


def main():
    """See above."""
    options, fault, number = json.loads(sys.argv[2]), FAULTS[sys.argv[3]], int(sys.argv[4])
    taken = []
    take = Networks._take

    def take_with_fault(networks, name, step):
        if len(taken) == number:
            fault()
        taken.append(step.verb)
        take(networks, name, step)

    Networks._take = take_with_fault
    defaults = {name: spec.get("default") for name, spec in argument_spec.network()["options"].items()}
    try:
        print(json.dumps({"changed": reconcile([("network", {**defaults, **options})], "qemu:///system", "default").plan.changed, "steps": taken}))
    except VirtNetError as err:
        print(json.dumps({"error": str(err), "steps": taken}))
    sys.exit(3 if len(taken) <= number else 0)


if __name__ == "__main__":
    main()
