# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 trial.py COLLECTIONS MODULE OPTIONS``: begins a trial, which nobody confirms. OPTIONS are JSON. Prints what it says of the trial."""

from __future__ import annotations

import json
import sys

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec, trial  # noqa: E402


def main():
    """See above."""
    name, options = sys.argv[2], json.loads(sys.argv[3])
    spec = argument_spec.virt_host() if name == "virt_host" else argument_spec.of_kind(name.partition("_")[2])
    params = {option: entry.get("default") for option, entry in spec["argument_spec"].items()}
    for kind, given in options.items():
        if kind[:-1] in argument_spec.KINDS_OF_RESOURCES:
            defaults = {option: entry.get("default") for option, entry in argument_spec.KINDS_OF_RESOURCES[kind[:-1]]()["options"].items()}
            options[kind] = [{**defaults, **each} for each in given]
    print(json.dumps(trial.make(name, {**params, **options}, diff=False, warn=print)["trial"]))


if __name__ == "__main__":
    main()
