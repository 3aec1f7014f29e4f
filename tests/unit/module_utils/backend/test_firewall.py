# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a firewall's rules: whose they are, and what is made of rules that are not there or cannot be read."""

from __future__ import annotations

import json

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import firewall
from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import CHAINS_LOST, IN_PLACE, RULES_LOST
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read

NAT = read(Network, {"name": "a", "forward": {"mode": "nat"}, "bridge": {"name": "virbr1"}, "ips": [{"address": "10.0.0.1/24"}]})
CHAINS = """*filter
-A INPUT -j LIBVIRT_INP
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A OUTPUT -j LIBVIRT_OUT
*nat
-A POSTROUTING -j LIBVIRT_PRT
"""
RULES = """*filter
-A LIBVIRT_INP -i virbr1 -p udp --dport 53 -j ACCEPT
-A LIBVIRT_OUT -o virbr1 -p udp --dport 68 -j ACCEPT
-A LIBVIRT_FWX -i virbr1 -o virbr1 -j ACCEPT
-A LIBVIRT_FWI -d 10.0.0.0/24 -o virbr1 -j ACCEPT
-A LIBVIRT_FWO -s 10.0.0.0/24 -i virbr1 -j ACCEPT
*nat
-A LIBVIRT_PRT -s 10.0.0.0/24 ! -d 10.0.0.0/24 -j MASQUERADE
"""
EMPTY = json.dumps({"nftables": [{"metainfo": {}}]})


@pytest.mark.parametrize(("nft", "iptables", "found"), [
    (EMPTY, CHAINS + RULES, IN_PLACE), (None, CHAINS + RULES, IN_PLACE), (EMPTY, CHAINS, RULES_LOST), (EMPTY, RULES, CHAINS_LOST), (EMPTY, "", CHAINS_LOST),
    (EMPTY, CHAINS + RULES.replace("virbr1", "virbr11"), RULES_LOST), (EMPTY, CHAINS + RULES.replace("10.0.0.0", "10.0.1.0"), RULES_LOST),
    (EMPTY, CHAINS + RULES.replace("! -d 10.0.0.0/24 -j MASQUERADE", "-d 224.0.0.0/24 -j RETURN"), RULES_LOST),
    (EMPTY, CHAINS + RULES.replace("-d 10.0.0.0/24 -o virbr1 -j ACCEPT", "-d 10.0.0.0/24 -o virbr1 -j REJECT"), RULES_LOST),
    (EMPTY, None, CHAINS_LOST), (None, None, IN_PLACE),
])
def test_rules_are_judged_by_what_can_be_read(monkeypatch, nft, iptables, found):
    """None stands for a program that is not there or fails, as for who is not root."""
    printed = {"nft": nft, "iptables-save": iptables, "ip6tables-save": iptables}
    monkeypatch.setattr(firewall.deps, "program", lambda name: name)
    monkeypatch.setattr(firewall, "_output", lambda program, *unused: printed[program])
    assert firewall.Firewall().of(NAT) == found
