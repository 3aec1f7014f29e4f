# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: changes a network option by option under a guest that pings, and tells what each change was said to cost and what it did.

``matrix.py COLLECTIONS`` reads {"network": options, "changes": [[path, value], ...], "ping": command or null} on stdin. Each change sets one more
option of the network, and is first made in check mode. Prints a line of JSON for each: {"path", "said", "paid", "lost", "predicted", "unchanged"} or
{"path", "error"}. ``lost`` are packets of the ping, and null where nobody pings.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.errors import VirtNetError  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.model.option import plain, read, with_leaf  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import COSTS  # noqa: E402
from ansible_collections.virtlab.network.plugins.module_utils.reconcile import reconcile  # noqa: E402

DEFAULTS = {name: spec.get("default") for name, spec in argument_spec.network()["options"].items()}


class Ping:
    """A ping that runs, and the numbers of the answers that it got."""

    def __init__(self, command):
        self.answers = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.answers += map(int, re.findall(r"bytes from .* icmp_seq=([0-9]+) ", line))

    def passes(self, seconds=60):
        """Wait for three more answers; the number of the last of them."""
        before, deadline = len(self.answers), time.monotonic() + seconds
        while len(self.answers) < before + 3:
            if time.monotonic() > deadline:
                raise SystemExit(f"the guest's ping had no answer for {seconds} s")
            time.sleep(0.05)
        return self.answers[-1]

    def lost(self, since, until):
        """How many between the answers of these two numbers have not been answered. Some are late, and come after those that were sent later."""
        return until - since - len([number for number in self.answers if since < number <= until])


def device(name):
    """A device's index, or None."""
    path = Path("/sys/class/net", name or "-", "ifindex")
    return path.read_text(encoding="ascii") if path.exists() else None


def dnsmasq(name):
    """The pid of a network's dnsmasq, or None."""
    path = Path(f"/run/libvirt/network/{name}.pid")
    return path.read_text(encoding="ascii") if path.exists() else None


def make(definition, check=False):
    """Make the network what it is to be; the Outcome."""
    return reconcile([("network", {**DEFAULTS, **plain(definition)})], "qemu:///system", "default", check_mode=check)


def change(bridge, definition, ping):
    """Make a network, whose bridge is now ``bridge``, what it is to be, and tell of it."""
    name = definition.name
    since = ping.passes() if ping else None
    check = make(definition, check=True).plan.items[0]
    index, pid = device(bridge), dnsmasq(name)
    done = make(definition)
    paid = "restart" if device(bridge) != index else "dnsmasq" if dnsmasq(name) != pid else "live"
    item = done.plan.items[0]
    return {
        "said": max((each.cost for each in check.changes), key=COSTS.index, default=""), "paid": paid, "lost": (since, ping.passes()) if ping else None,
        "predicted": (check.changes, check.after, check.guests) == (item.changes, done.after["network", name], item.guests),
        "unchanged": not make(definition).plan.changed,
    }


def main():
    """See above."""
    given = json.load(sys.stdin)
    definition = read(Network, given["network"])
    bridge = make(definition).after["network", definition.name]["bridge"]
    ping = Ping(given["ping"]) if given["ping"] else None
    found = []
    for path, value in given["changes"]:
        changed = with_leaf(definition, path, value)
        try:
            said = change(bridge, changed, ping)
            definition = changed
        except VirtNetError as err:
            said = {"error": str(err)}
        found.append({"path": path, **said})
    if ping:
        ping.passes()
        ping.process.kill()
    for each in found:
        print(json.dumps({**each, "lost": ping.lost(*each["lost"])} if each.get("lost") else each))


if __name__ == "__main__":
    main()
