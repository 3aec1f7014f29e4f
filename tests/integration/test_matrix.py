# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of a network, changed while it runs and guests on it ping each other: what it was said to cost is what it cost, and then it is unchanged."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.option import leaves

from tests.matrix import MACHINES, MATRIX, VERSIONS, bare, cables, come_to, paths, wrong


def test_no_option_is_left_out():
    """Each is changed somewhere."""
    changes = [change for unused, also, changes in {**MATRIX, **MACHINES}.values() for change in changes]
    changed = {bare(leaf) for path, value in changes for leaf, scalar in leaves(value, path)}
    assert set(paths(Network)) - changed == set()


@pytest.mark.parametrize("what", MATRIX)
def test_each_change_costs_what_it_was_said_to(host, suite, inside, what):
    """With iptables on the older release, and nftables on the newer."""
    cables(host)
    assert list(wrong(come_to(inside, host, *MATRIX[what]), VERSIONS[suite])) == []
