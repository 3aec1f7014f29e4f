# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets at boot what neither systemd-networkd nor NetworkManager has a word for.

virtlab-links.service runs it once they are under way. What has to be done stands in the records of devices, in the shape of codec/boot.py; what fails,
because a device or its bridge is not there yet, is tried again. It needs nothing but Python and iproute2.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import time

RECORDS = "/var/lib/virtlab.network/links/*.json"
DEVICE = "/sys/class/net"
SECONDS = 90


def failure(entry):
    """Do what an entry says; why it failed, or None."""
    if "unless" in entry and os.path.exists(os.path.join(DEVICE, entry["unless"])):
        return None
    for command in entry.get("run", ()):
        path = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or command[0]
        try:
            done = subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False)
        except OSError as err:
            return f"{command[0]}: {err.strerror}"
        if done.returncode:
            return f"{' '.join(command)}: {done.stderr.strip()}"
    if "write" not in entry:
        return None
    try:
        with open(entry["to"], "w", encoding="utf-8") as file:
            file.write(entry["write"])
    except OSError as err:
        return f"{entry['to']}: {err.strerror}"
    return None


def main():
    """See above. Exits with 1, and what was said last, where something still fails after SECONDS."""
    left = []
    for path in sorted(glob.glob(RECORDS)):
        with open(path, encoding="utf-8") as file:
            left += [entry for entry in json.load(file).get("boot", ()) if entry not in left]
    deadline = time.monotonic() + SECONDS
    said = {}
    while left:
        said = {number: why for number, why in enumerate(map(failure, left)) if why is not None}
        left = [left[number] for number in said]
        if not left or time.monotonic() >= deadline:
            break
        time.sleep(1)
    for why in said.values():
        sys.stderr.write(f"{why}\n")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
