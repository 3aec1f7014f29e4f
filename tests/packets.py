# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real connections: who answers on a port, and whom that one sees."""

from __future__ import annotations

from testbed.bed import until

#: runs where it is asked from: one question to a port, and what is answered, "PORT PEER" of who answers
ASK = """
import socket, sys
kind, address, port, *source = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as own:
    own.settimeout(3)
    if source:
        own.bind((source[0], 0))
    try:
        own.connect((address, int(port)))
        own.send(b"?")
        print(own.recv(200).decode())
    except OSError as err:
        print("nobody:", "refused" if isinstance(err, ConnectionRefusedError) else "no answer" if isinstance(err, TimeoutError) else err)
"""
#: runs in a guest: answers whoever asks on some ports, by both protocols and both versions of IP, until the guest ends
ANSWER = """
import os, selectors, socket, sys
waiting = selectors.DefaultSelector()
for port in map(int, sys.argv[1:]):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        own = socket.socket(socket.AF_INET6, kind)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            own.listen()
        waiting.register(own, selectors.EVENT_READ, port)
if os.fork():
    sys.exit()
os.setsid()
for number in range(3):
    os.dup2(os.open(os.devnull, os.O_RDWR), number)
while True:
    for key, unused in waiting.select():
        try:
            if key.fileobj.type == socket.SOCK_STREAM:
                one, peer = key.fileobj.accept()
                one.recv(10)
                one.sendall(f"{key.data} {peer[0].removeprefix('::ffff:')}".encode())
                one.close()
            else:
                unused, peer = key.fileobj.recvfrom(10)
                key.fileobj.sendto(f"{key.data} {peer[0].removeprefix('::ffff:')}".encode(), peer)
        except OSError:
            pass
"""


def answer(guest, *ports):
    """Have a guest answer on ports."""
    assert guest.run("python3", "-c", ANSWER, *ports).code == 0
    until(lambda: asked(guest, "tcp", "127.0.0.1", ports[0]) == f"{ports[0]} 127.0.0.1", 20, f"{guest.name} to answer")


def asked(place, kind, address, port, *source):
    """What is answered to a question from a place (a host, a guest, or a lab for its world) to a port: "PORT PEER" as who answers sees it, or "nobody: WHY"."""
    words = ("python3", "-c", ASK, kind, address, port, *source)
    if hasattr(place, "world"):
        return place.world(*words).stdout.strip()
    answered = place.run(*words)
    return (answered.stdout if hasattr(answered, "stdout") else answered.text).strip()
