# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether packets as large as a device takes get as far as the next router. Asked by ping(8), on the device as it is."""

from __future__ import annotations

import subprocess

from .. import deps
from . import iproute

#: what IPv4 and ICMP have in front of what a ping carries, in bytes
HEADERS = 28


def loses(device, mtu):
    """The router by a device that answers small packets and none of its MTU; None where it answers both or none, or nobody can ask."""
    ping = deps.program("ping")
    routers = [entry["gateway"] for entry in iproute.read("ip", "-4", "route", "show", "default", "dev", device) if "gateway" in entry]
    if ping is None or not routers:
        return None
    asked = [ping, "-q", "-n", "-c", "2", "-i", "0.2", "-W", "1", "-I", device]
    answered = [subprocess.run([*asked, *more, routers[0]], capture_output=True, check=False).returncode == 0 for more in
                ((), ("-M", "do", "-s", str(mtu - HEADERS)))]
    return routers[0] if answered == [True, False] else None
