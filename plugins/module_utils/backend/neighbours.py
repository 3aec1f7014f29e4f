# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs have done to the way that packets take through this host. Read only."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from .. import deps
from ..codec import iptables_save, nft_chains
from . import files, iproute, links, sysctl

#: (nft(8)'s word for the version of IP, program that prints what iptables(8) has, name for its table, file that names the tables that there are): the older
#: way beside nft(8) would make them by being asked
SAVES = (
    ("ip", "iptables-save", "filter", None), ("ip6", "ip6tables-save", "filter", None),
    ("ip", "iptables-legacy-save", "filter (legacy)", Path("/proc/net/ip_tables_names")),
    ("ip6", "ip6tables-legacy-save", "filter (legacy)", Path("/proc/net/ip6_tables_names")),
)
BRIDGED = ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")


def tables():
    """{(family, table): {name: Chain}} of all rules of this host."""
    found, program = {}, deps.program("nft")
    text = _output(program, "-j", "list", "ruleset") if program else None
    if text is not None:
        found.update(nft_chains.parse(json.loads(text)))
    for family, name, table, there in SAVES:
        program = deps.program(name)
        if program and (there is None or "filter" in (files.text(there) or "").split()):
            found.update(iptables_save.parse(_output(program, "-t", "filter") or "", family, table))
    return found


def settings(devices):
    """{name: value} of sysctl(8)'s settings that matter, of those of these devices as well."""
    names = (*BRIDGED, *(f"net/ipv4/conf/{device}/rp_filter" for device in ("all", *devices)))
    return {name: value for name in names if (value := sysctl.read(name)) is not None}


def nics():
    """Names of devices by which there are default routes."""
    shown = [entry for family in ("-4", "-6") for entry in iproute.read("ip", family, "route", "show", "default")]
    return sorted({entry["dev"] for entry in shown if "dev" in entry and entry["dev"] in links.names()})


def _output(*command):
    """What a command prints; None where it fails, as for who is not root."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout
