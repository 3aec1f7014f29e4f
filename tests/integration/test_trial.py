# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes on trial: confirmed, or taken back in time, whoever is killed."""

from __future__ import annotations

import itertools
import json

from tests.trials import SECONDS, TRIAL, differing, everything, over

#: what a host has before, and what is tried: a bridge and a TAP that change, one that goes, a network that restarts, one that comes, and one that goes
HELD_TASK = {"bridges": [{"name": "test0", "addresses": ["10.77.0.1/24"], "ports": [{"name": "test1"}]}, {"name": "test2"}], "taps": [{"name": "test1"}],
             "networks": [{"name": "one", "ips": [{"address": "10.70.0.1/24"}]}, {"name": "gone", "ips": [{"address": "10.71.0.1/24"}]}]}
TRIED = {"bridges": [{"name": "test0", "addresses": ["10.78.0.1/24"], "ageing_time": 6000, "ports": []}, {"name": "test2", "state": "absent"}],
         "taps": [{"name": "test1", "owner": "nobody"}, {"name": "test3"}],
         "networks": [{"name": "one", "forward": {"mode": "nat"}, "ips": [{"address": "10.72.0.1/24"}]}, {"name": "gone", "state": "absent"},
                      {"name": "new", "ips": [{"address": "10.73.0.1/24"}]}]}


def test_a_change_is_kept_once_it_is_confirmed(ansible, host):
    """It leaves nothing of the trial; check mode and what changes nothing begin none."""
    before = everything(host)
    task = {"name": "test0", "addresses": ["10.77.0.1/24"], "rollback_after": 30}
    assert ansible.module("virt_bridge", check=True, **task)["changed"] is True and everything(host) == before
    made, again = ansible.run(("virt_bridge", task), ("virt_bridge", task))
    assert made["trial"]["outcome"] == "confirmed" and made["changed"] is True and again["changed"] is False and "trial" not in again
    assert host.run("ls", TRIAL, "/etc/systemd/system/virtlab-trial.service", check=False).stdout == ""
    known, unknown = ansible.run(("virt_confirm", {"id": made["trial"]["id"]}), ("virt_confirm", {}))
    assert known["outcome"] == "confirmed" and known["changed"] is False and "nothing is on trial" in unknown["msg"]
    assert "must be 5 to 3600 seconds" in ansible.refused("virt_bridge", **{**task, "rollback_after": 1})


def test_what_nobody_confirms_is_taken_back(ansible, host, inside):
    """Of every kind; meanwhile nobody else changes the host."""
    ansible.module("virt_host", **HELD_TASK)
    before = everything(host)
    inside(host, "trial", "virt_host", json.dumps({**TRIED, "rollback_after": SECONDS}))
    assert "is on trial" in ansible.refused("virt_bridge", name="test9")
    assert ansible.run(("virt_confirm", {"confirm": False}))[0]["outcome"] in ("trying", "made")
    assert over(host)["outcome"] == "rolled back"
    assert differing(before, everything(host)) == []
    assert ansible.module("virt_host", **HELD_TASK)["changed"] is False


def test_whoever_is_killed_it_is_taken_back(ansible, host, inside):
    """Who makes the change, at times a tenth of a second apart until it is made, and who takes it back."""
    ansible.module("virt_host", **HELD_TASK)
    before = everything(host)
    for tenths in itertools.count():
        inside(host, "trial", "virt_host", json.dumps({**TRIED, "rollback_after": SECONDS}))
        host.run("bash", "-c", f"until test -s {TRIAL}/before; do sleep 0.01; done; sleep {tenths / 10}; "
                 f"test -s {TRIAL}/result.json && exit; kill -9 $(cut -d' ' -f1 {TRIAL}/pid)", check=False)
        made = host.run("test", "-s", f"{TRIAL}/result.json", check=False).returncode == 0
        if made:
            host.run("bash", "-c", "for unit in $(systemctl list-units --plain --no-legend 'virtlab-trial-*-watch*' | cut -d' ' -f1); "
                     "do systemctl kill -s KILL $unit; done")
        assert over(host)["outcome"] == "rolled back", tenths
        assert differing(before, everything(host)) == [], tenths
        assert ansible.module("virt_host", **HELD_TASK)["changed"] is False
        if made:
            break
    assert tenths >= 2
