# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers every connection to port 80 by HTTP, and every datagram to port 7, with the address that it came from."""

from __future__ import annotations

import http.server
import socket
import threading


class Echo(http.server.BaseHTTPRequestHandler):
    """Says who asked."""

    def do_GET(self):  # pylint: disable=invalid-name
        """The client's address, and a newline."""
        body = f"{plain(self.client_address[0])}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """Both families on one socket."""

    address_family = socket.AF_INET6


def plain(address):
    """An IPv4 address that arrived on an IPv6 socket as IPv4 again."""
    return address.removeprefix("::ffff:")


def datagrams():
    """Answer datagrams until the process ends."""
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(("::", 7))
    while True:
        unused, peer = sock.recvfrom(2048)
        sock.sendto(f"{plain(peer[0])}\n".encode(), peer)


if __name__ == "__main__":
    threading.Thread(target=datagrams, daemon=True).start()
    Server(("::", 80), Echo).serve_forever()
