# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes on trial over ssh: attempts to lock oneself out, and what there is of a host before and after one."""

from __future__ import annotations

import difflib
import json
import re
import time

from testbed.bed import until

ADDRESS, PEER = "198.51.100.11", "198.51.100.1"
HELD = [f"{ADDRESS}/24", "2001:db8:100::11/64"]
BACK = {"addresses": HELD, "routes": []}
SECONDS = 8
TRIAL = "/var/lib/virtlab.network/trial"
NONE = {"persist": "none"}
#: (module, options, what the guard says of it)
CUTS = [
    ("virt_link", {"name": "eth0", "addresses": ["10.0.0.1/24"], **NONE}, f"{ADDRESS}/24 goes from eth0"),
    ("virt_link", {"name": "test0", "kind": "dummy", "addresses": ["198.51.100.2/28"], **NONE}, "198.51.100.2/28 of test0 takes the way back"),
    ("virt_host", {"bridges": [{"name": "test0", "addresses": HELD, "vlan_filtering": True, "ports": [{"name": "eth0", "pvid": 7, "untagged": ["7"]}], **NONE}],
                   "links": [{"name": "eth0", "addresses": [], **NONE}]}, "eth0 becomes a port of test0"),
    ("virt_host", {"links": [{"name": "test0", "kind": "bond", "bond": {"mode": "active-backup"}, "addresses": HELD, "ports": ["eth0"], "up": False, **NONE},
                             {"name": "eth0", "addresses": [], **NONE}]}, "eth0 becomes a port of test0"),
    ("virt_host", {"bridges": [{"name": "test0", "ports": [{"name": "eth0"}], "takeover": True}],
                   "links": [{"name": "eth0", "addresses": [], "routes": [], "takeover": True}]}, "eth0 becomes a port of test0"),
]


def everything(host):
    """What there is of devices, addresses, routes and stored configuration, without clocks and carriers."""
    shown = "; ".join(["ip -d address", "ip route show table all", "ip -6 route show table all", "bridge vlan", "virsh net-list --all",
                       "nft list tables | grep virtlab"])
    files = "find /etc/systemd /etc/sysctl.d /etc/NetworkManager /etc/libvirt/qemu /var/lib/virtlab.network ! -name trial.json -type f -exec sha256sum {} +"
    text = host.run("bash", "-c", f"{shown}; {files}", check=False).stdout
    clocks = r"\w+_timer +[\d.]+|(valid_lft|preferred_lft|expires) \w+"
    carrier = r"NO-CARRIER,|,LOWER_UP| linkdown| state \w+|(bridge_id|designated_root) \S+|.*(fe80|ff00)::.*"  # an empty bridge has one until it has had a port
    more = r"^\d+: | tentative| nodad| brd [\d.]+| permaddr [\w:]+| link_failure_count \d+|^ +altname .*|\s+$"
    plain = re.sub(rf"{clocks}|{carrier}|{more}", "", text, flags=re.M)
    return "\n".join(line for line in plain.splitlines() if line.strip())


def differing(before, after):
    """Lines that are in one of two texts alone."""
    return [line for line in difflib.ndiff(sorted(before.splitlines()), sorted(after.splitlines())) if line[0] in "+-" and line[1:].strip()]


def over(host):
    """Wait until nothing is on trial any more; how it ended."""
    until(lambda: host.run("test", "-e", TRIAL, check=False).returncode, SECONDS + 90, "the trial to end")
    return json.loads(host.run("cat", "/var/lib/virtlab.network/trial.json").stdout)


def refused_or_taken_back(machine, far, before, attempt):
    """Try what would cut the connection that ``far`` comes by, in the shape of CUTS, on a machine that has everything as ``before``.

    It is refused as long as nobody takes it back, and else taken back. How it ended is what the host says over a new connection.
    """
    name, options, clause = attempt
    refused, result = far.run((name, options), (name, {**options, "rollback_after": SECONDS}))
    assert clause in refused.get("msg", "") and "Set rollback_after" in refused["msg"], refused
    assert result.get("failed") and result["trial"]["outcome"] == "rolled back" and "before is back" in result["msg"], result
    same(machine, before)


def same(machine, before):
    """Hold everything of a machine against what there was before, once who configures its NICs has given them all their routes."""
    deadline = time.monotonic() + 60
    while differing(before, now := everything(machine)) and time.monotonic() < deadline:
        time.sleep(1)
    left = differing(before, now)
    assert left == [], "\n".join(left)
