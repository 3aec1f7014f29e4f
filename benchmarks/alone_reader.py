# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: what it takes to know thousands of devices, with ip(8) and json alone, and with the collection's own reader.

``alone_reader.py COLLECTIONS BRIDGES ROUNDS`` makes BRIDGES bridges with four TAPs each and prints a JSON dict of lists of seconds, a number each round:

- ``dump``: ``ip -j -d link`` and json.loads;
- ``named``: the reader, where a task names ten of the bridges;
- ``all``: the reader, where every device is asked for.

Imports are left out: they do not grow with the devices. Nothing is removed.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time

sys.path.insert(0, sys.argv[1])
from ansible_collections.virtlab.network.plugins.module_utils.backend.host import Host  # noqa: E402

PORTS, NAMED = 4, 10


def make(count):
    """Bridges with TAPs for ports, all up."""
    lines = []
    for bridge in (f"many{number}" for number in range(count)):
        lines.append(f"link add name {bridge} up type bridge")
        for port in (f"{bridge}-{number}" for number in range(PORTS)):
            lines += [f"tuntap add dev {port} mode tap", f"link set dev {port} master {bridge} up"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)


def dump():
    """All devices as ip(8) has them, JSON that was read."""
    return json.loads(subprocess.run(["ip", "-j", "-d", "link", "show"], capture_output=True, text=True, check=True).stdout)


def observe(names):
    """States of the named devices, as a task gets them that has nothing to do."""
    with Host("qemu:///system") as host:
        return host.observe([("link", name) for name in names])


def seconds(what, *arguments):
    """How long a call takes, without the garbage of others."""
    gc.collect()
    start = time.perf_counter()
    what(*arguments)
    return time.perf_counter() - start


def main():
    """See above."""
    count, rounds = int(sys.argv[2]), int(sys.argv[3])
    make(count)
    names = [entry["ifname"] for entry in dump()]
    ways = {"dump": (dump,), "named": (observe, [f"many{number}" for number in range(NAMED)]), "all": (observe, names)}
    print(json.dumps(measured(ways, rounds)))


def measured(ways, rounds):
    """{way: seconds of each round}, one way after the other in each."""
    found = {name: [] for name in ways}
    for name, (what, *arguments) in list(ways.items()) * rounds:
        found[name].append(seconds(what, *arguments))
    return found


if __name__ == "__main__":
    main()
