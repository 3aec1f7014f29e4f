# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: what pyroute2 takes as people write it, with a call for each attribute.

``alone_pyroute2.py VERB`` reads a JSON dict {bridge: [its ports]} on stdin and prints how many seconds VERB took for all of them, the import of
pyroute2 included.
"""

from __future__ import annotations

import json
import sys
import time


def build(kernel, bridge, ports):
    """A bridge, and TAPs on it, all up."""
    kernel.link("add", ifname=bridge, kind="bridge")
    master = kernel.link_lookup(ifname=bridge)[0]
    kernel.link("set", index=master, state="up")
    for port in ports:
        kernel.link("add", ifname=port, kind="tuntap", mode="tap")
        index = kernel.link_lookup(ifname=port)[0]
        kernel.link("set", index=index, master=master)
        kernel.link("set", index=index, state="up")


def again(kernel, bridge, ports):
    """Look whether all is as it was left."""
    master = kernel.link_lookup(ifname=bridge)[0]
    found = [kernel.get_links(kernel.link_lookup(ifname=port)[0])[0] for port in ports]
    if not all(each.get_attr("IFLA_MASTER") == master and each["flags"] & 1 for each in found):
        raise SystemExit(f"{bridge} is not as it was left")


def remove(kernel, bridge, ports):
    """The same, away."""
    for name in (*ports, bridge):
        kernel.link("del", index=kernel.link_lookup(ifname=name)[0])


def main():
    """See above."""
    bridges = json.load(sys.stdin)
    start = time.perf_counter()
    from pyroute2 import IPRoute

    with IPRoute() as kernel:
        for bridge, ports in bridges.items():
            {"build": build, "again": again, "remove": remove}[sys.argv[1]](kernel, bridge, ports)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
