# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: ``link_faults.py COLLECTIONS OPTIONS NUMBER [SIGNAL]`` makes a bridge what its options (JSON) say, and is killed before the
command of that number, or is sent a signal there; exit code 9 where it was killed, and 3 where it had fewer to give. Prints what came of a run that was not.
"""

from __future__ import annotations

import json
import os
import signal
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.backend import iproute  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError, heed_signals  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402


def main():
    """See above."""
    options, number, how = json.loads(sys.argv[2]), int(sys.argv[3]), "".join(sys.argv[4:])
    heed_signals()
    given, batch = [], iproute.batch

    def batch_with_fault(program, commands):
        for command in commands:
            given.append(command)
            if len(given) == number + 1 and how:
                os.kill(os.getpid(), signal.Signals[how])
            elif len(given) == number + 1:
                os._exit(9)
            batch(program, [command])

    iproute.batch = batch_with_fault
    defaults = {name: spec.get("default") for name, spec in argument_spec.bridge()["options"].items()}
    try:
        print(json.dumps({"changed": reconcile([("bridge", {**defaults, **options})], "qemu:///system", "default").plan.changed}))
    except VirtNetError as err:
        print(json.dumps({"error": str(err)}))
    sys.exit(3 if len(given) <= number < 99 else 0)


if __name__ == "__main__":
    main()
