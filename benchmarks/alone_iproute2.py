# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: what ip(8) and bridge(8) themselves take, which is as fast as anything can be that asks the kernel device by device.

``alone_iproute2.py VERB`` reads a JSON dict {bridge: [its ports]} on stdin and prints how many seconds VERB took for all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time


def batch(lines):
    """One ``ip -batch`` of all."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)


def build(bridges):
    """Bridges, and TAPs on them, all up."""
    for bridge, ports in bridges.items():
        yield f"link add name {bridge} up type bridge"
        for port in ports:
            yield f"tuntap add dev {port} mode tap"
            yield f"link set dev {port} master {bridge} up"


def remove(bridges):
    """The same, away."""
    yield from (f"link delete dev {name}" for bridge, ports in bridges.items() for name in (*ports, bridge))


def again(unused):
    """Look whether all is as it was left: the two dumps that tell, read as JSON."""
    for command in (["ip", "-j", "-d", "address", "show"], ["bridge", "-j", "-compressvlans", "vlan", "show"]):
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout or "[]")


def main():
    """See above."""
    bridges = json.load(sys.stdin)
    start = time.perf_counter()
    if sys.argv[1] == "again":
        again(bridges)
    else:
        batch({"build": build, "remove": remove}[sys.argv[1]](bridges))
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
