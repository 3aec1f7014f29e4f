# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: what nft(8) itself takes for a table as somebody writes it who puts all forwards into one map.

``alone_nft.py VERB`` reads a JSON list of {"port", "to", "to_port"} on stdin and prints how many seconds VERB took for all of them, the writing of the table
included. It is for the guests of 10.99.0.0/16, and does for them what virt_nat does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

TABLE = """table inet handmade {{
    map forwards {{
        type inet_service : ipv4_addr . inet_service
        elements = {{ {elements} }}
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat; policy accept;
        fib daddr type local dnat ip to tcp dport map @forwards
    }}
    chain output {{
        type nat hook output priority -100; policy accept;
        ip daddr 127.0.0.0/8 return
        fib daddr type local dnat ip to tcp dport map @forwards
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr 10.99.0.0/16 ip daddr 10.99.0.0/16 ct status dnat masquerade
        ip saddr 10.99.0.0/16 ip daddr != {{ 10.99.0.0/16, 224.0.0.0/4, 255.255.255.255 }} masquerade
    }}
}}
"""


def nft(*words, text=None):
    """What nft(8) prints."""
    return subprocess.run(["nft", *words], input=text, capture_output=True, text=True, check=True).stdout


def table(forwards):
    """What nft(8) reads."""
    return TABLE.format(elements=", ".join(f"{each['port']} : {each['to']} . {each['to_port']}" for each in forwards))


def build(forwards):
    """The whole table, at once."""
    nft("-f", "-", text=table(forwards))


def again(unused):
    """Look whether all is as it was left: the table, read as JSON."""
    json.loads(nft("-j", "list", "table", "inet", "handmade"))


def remove(unused):
    """The same, away."""
    nft("delete", "table", "inet", "handmade")


def main():
    """See above."""
    forwards = json.load(sys.stdin)
    start = time.perf_counter()
    {"build": build, "again": again, "remove": remove}[sys.argv[1]](forwards)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
