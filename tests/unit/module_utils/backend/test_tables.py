# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans of tables are told of the host's devices."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.virtlab.network.plugins.module_utils.backend.nftables import Tables
from ansible_collections.virtlab.network.plugins.module_utils.model.link import Seen

NIC = Seen("nic", None, None, 1500, True, ())
SEEN = {
    "br0": NIC._replace(kind="bridge", addresses=("192.0.2.1/24",)), "br1": NIC._replace(kind="bridge"), "bond0": NIC._replace(kind="bond", master="br0"),
    "eth0": NIC._replace(master="bond0"), "eth1": NIC, "eth2": NIC._replace(master="red"), "red": NIC._replace(kind="vrf"), "eth3": NIC._replace(master="gone"),
}


def test_bridges_and_ports():
    """With addresses; and devices whose packets come by another, as those of a VRF do not."""
    tables = Tables("firewall", SimpleNamespace(devices=SimpleNamespace(seen=SEEN)))
    assert tables.bridges == {"br0": ("192.0.2.1/24",), "br1": ()}
    assert tables.ports == {"bond0": "br0", "eth0": "bond0"}
