# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored of tables, and in which order it comes and goes, so that a run that is killed is known by what it left."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import nftables, sysctl, table_boot
from ansible_collections.virtlab.network.plugins.module_utils.backend.nftables import Tables
from ansible_collections.virtlab.network.plugins.module_utils.model.nat import Nat
from ansible_collections.virtlab.network.plugins.module_utils.model.table import ALTERED, MISSING, TableState
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Step

IP4, IP6, RA = "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth0.5/accept_ra"
A = TableState("nat", "a", Nat(network="lab"), "table a\n", settings=((IP4, 1),))
B = TableState("nat", "b", Nat(network="two"), "table b\n", settings=((RA, 2), (IP4, 1), (IP6, 1)))


@pytest.fixture
def tables(monkeypatch, tmp_path):
    """Tables that keep what they have below a folder of the test's, on a host without systemd; ``printed`` is what nft(8) lists."""
    folder = tmp_path / "rules"
    monkeypatch.setattr(nftables, "RECORDS", folder)
    for name, path in (("FOLDER", folder), ("MAIN", tmp_path / "rules.nft"), ("SETTINGS", tmp_path / "sysctl.d/99-virtlab-rules.conf"),
                       ("FLUSHED", tmp_path / "nftables.service.d/virtlab-rules.conf")):
        monkeypatch.setattr(table_boot, name, path)
    for name, given in (("runs", lambda: False), ("disable", lambda name: None)):
        monkeypatch.setattr(table_boot.systemd, name, given)
    monkeypatch.setattr(sysctl, "PROC", tmp_path / "proc")
    for name in (IP4, IP6, RA):
        (tmp_path / "proc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / name).write_text("0\n")
    found = Tables("nat", None)
    found.printed = {}
    monkeypatch.setattr(found, "_rehearse", lambda state: ("1", {"inet": digests([state])[state.tables[0]]}))
    monkeypatch.setattr(nftables, "_nft", lambda *words, text=None: SimpleNamespace(returncode=0, stderr="", stdout=document(found.printed.values())))
    return found


def document(states):
    """What nft(8) prints of tables."""
    listed = [{"table": {"family": "inet", "name": state.tables[0][1], "comment": state.text}} for state in states]
    return json.dumps({"nftables": [{"metainfo": {"version": "1"}}, *listed]})


def digests(states):
    """Digests of tables."""
    return nftables.nft_json.digests(json.loads(document(states)))[1]


def take(tables, verb, *states):
    """Have a step be taken for some states."""
    list(tables.apply([(state.name, (Step(verb, state),)) for state in states]))


def test_what_is_stored_is_known(tables):
    """With what the kernel has of it, what settings are at the moment, and whether the next boot has all."""
    take(tables, "store", A, B)
    tables.printed = {"b": B}
    seen = tables.observe(["a", "b", "c"])
    assert seen == {"a": replace(A, live=MISSING), "b": B, "c": None}
    assert seen["b"].found == ((RA, 0), (IP4, 0), (IP6, 0)) and seen["b"].settings == B.settings
    tables.printed["b"] = TableState("nat", "b", None, "other")
    assert tables.observe(["b"])["b"].live == ALTERED
    table_boot.SETTINGS.write_text("nonsense")
    assert [state.boot for state in tables.observe(["a", "b"]).values()] == [False, False]


def test_settings_are_those_of_all(tables):
    """For the next boot; of a device with a dot in its name, too."""
    take(tables, "store", A, B)
    assert table_boot.SETTINGS.read_text() == f"{IP4} = 1\n{IP6} = 1\n{RA} = 2\n"
    take(tables, "forget", B)
    assert table_boot.SETTINGS.read_text() == f"{IP4} = 1\n" and tables.observe(["a"])["a"].boot
    list(tables.apply([("a", (Step("set", ((RA, 2), (IP6, 1))),))]))
    assert (sysctl.read(RA), sysctl.read(IP6), sysctl.read("net/none")) == (2, 1, None)


def test_the_last_takes_all_with_it(tables):
    """But for the system's folder of settings, which is not ours to remove."""
    take(tables, "store", A)
    assert table_boot.MAIN.exists() and table_boot.FLUSHED.exists()
    take(tables, "forget", A)
    assert tables.observe(["a"]) == {"a": None} and list(nftables.RECORDS.iterdir()) == []
    assert not table_boot.MAIN.exists() and not table_boot.FLUSHED.parent.exists() and list(table_boot.SETTINGS.parent.iterdir()) == []


@pytest.mark.parametrize("place", ["_path", "_common"])
def test_one_that_was_forgotten_by_half_is_still_known(tables, monkeypatch, place):
    """Else the next boot would load what nobody knows of."""
    take(tables, "store", A, B)

    def killed(*unused):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(table_boot, place, killed)
        take(tables, "forget", A)
    seen = tables.observe(["a"])["a"]
    assert seen is not None and (seen.boot, seen.live) == (place == "_path", MISSING)
    take(tables, "forget", A)
    assert tables.observe(["a", "b"])["a"] is None and not (table_boot.FOLDER / "nat_a.nft").exists()
    assert tables.observe(["b"])["b"].boot
