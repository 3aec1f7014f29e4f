# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the world: datagrams each of which is a connection of its own, as fast as one process sends them.

``alone_packets.py ADDRESS SOCKETS EACH FIRST PORTS`` sends datagrams from SOCKETS ports of its own to EACH of the PORTS ports of ADDRESS that begin with
FIRST, other ones from socket to socket, and prints how many seconds that took. All sockets are there before it begins, and to the end.
"""

from __future__ import annotations

import itertools
import resource
import socket
import sys
import time


def main():
    """See above."""
    address, (count, each, first, ports) = sys.argv[1], map(int, sys.argv[2:])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for unused in range(count)]
    for own in sockets:
        own.bind(("", 0))
    places = ((address, first + number % ports) for number in itertools.count())  # an object each: what many share is faster to get at
    work = [(own.sendto, [next(places) for unused in range(each)]) for own in sockets]
    start = time.perf_counter()
    for send, to in work:
        for place in to:
            send(b"?", place)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
