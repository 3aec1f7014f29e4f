# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs have done to the way that packets take through this host. Read only."""

from __future__ import annotations

import json
import subprocess

from .. import deps
from ..codec import iptables_save, nft_chains
from . import iproute, links, sysctl

#: programs that print what iptables(8) has, by nft(8)'s word for the version of IP; either of two ways may be in use, or both
SAVES = {"ip": ("iptables-save", "iptables-legacy-save"), "ip6": ("ip6tables-save", "ip6tables-legacy-save")}
BRIDGED = ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")


def tables():
    """{(family, table): {name: Chain}} of all rules of this host."""
    found, program = {}, deps.program("nft")
    text = _output(program, "-j", "list", "ruleset") if program else None
    if text is not None:
        found.update(nft_chains.parse(json.loads(text)))
    for family, programs in SAVES.items():
        for name in programs:
            program = deps.program(name)
            text = _output(program, "-t", "filter") if program else None
            found.update(iptables_save.parse(text, family) if text else {})
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
