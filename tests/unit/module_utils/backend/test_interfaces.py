# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of libvirt of guests' NICs where no test bed can have it: an agent's addresses, and a guest that does not let go."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.backend import interfaces
from ansible_collections.virtlab.network.plugins.module_utils.codec import interface_xml
from ansible_collections.virtlab.network.plugins.module_utils.errors import BackendError
from ansible_collections.virtlab.network.plugins.module_utils.plan.interface_steps import LIVE
from ansible_collections.virtlab.network.plugins.module_utils.plan.plan import Step

DOCUMENT = """<domain><name>vm</name><uuid>1eb01cf8-daa5-4bc8-b75c-2958c10697ab</uuid><devices><interface type='network'><mac address='52:54:00:00:00:01'/>
<source network='a'/><alias name='net0'/></interface></devices></domain>"""
ADDRESSES = {
    0: {"vnet0": {"hwaddr": "52:54:00:00:00:01", "addrs": [{"addr": "10.0.0.5", "prefix": 24, "type": 0}]}},
    1: {"lo": {"hwaddr": "00:00:00:00:00:00", "addrs": None},
        "enp1s0": {"hwaddr": "52:54:00:00:00:01", "addrs": [{"addr": "10.0.0.5", "prefix": 24, "type": 0}, {"addr": "fe80::1", "prefix": 64, "type": 1}]}},
}


class Guest:
    """A guest that runs; ``addresses`` are what libvirt tells of it by source."""

    def __init__(self, addresses):
        self.addresses, self.detached = addresses, 0

    def XMLDesc(self, flags):
        """Its definition."""
        return DOCUMENT

    def detachDeviceFlags(self, document, flags):
        """Accepted, and nothing comes of it."""
        self.detached += 1

    def interfaceAddresses(self, source):
        """Addresses, or libvirt's refusal."""
        if source not in self.addresses:
            raise OSError("QEMU guest agent is not configured")
        return self.addresses[source]


def backend(guest):
    """The backend over a libvirt that has one guest."""
    module = SimpleNamespace(libvirtError=OSError, VIR_DOMAIN_AFFECT_LIVE=1, VIR_DOMAIN_AFFECT_CONFIG=2)
    connection = SimpleNamespace(lookupByName=lambda name: guest)
    return interfaces.Interfaces(SimpleNamespace(module=module, connection=connection, remote=True, says=lambda what: contextlib.nullcontext()), None)


def test_who_tells_an_address_is_told():
    """With the guest's own name of the NIC where its agent knows; who cannot tell is passed over."""
    domain = interface_xml.domain(DOCUMENT, None)
    told = backend(Guest(ADDRESSES)).addresses(domain)
    assert told == [("52:54:00:00:00:01", "10.0.0.5/24", "lease", None), ("52:54:00:00:00:01", "10.0.0.5/24", "agent", "enp1s0"),
                    ("52:54:00:00:00:01", "fe80::1/64", "agent", "enp1s0")]
    assert backend(Guest({0: ADDRESSES[0]})).addresses(domain) == told[:1] and backend(Guest({})).addresses(domain) == []


def test_a_guest_that_does_not_let_go_is_told(monkeypatch):
    """After a while that is waited; what the guest does later is not known."""
    monkeypatch.setattr(interfaces, "LETTING_GO", 0)
    guest, nic = Guest({}), interface_xml.domain(DOCUMENT, None).live[0]
    with pytest.raises(BackendError, match="guest vm was asked to let go of NIC 52:54:00:00:00:01, and has not in 0 s"):
        list(backend(guest).apply([("vm/net0", (Step("detach", (nic, LIVE)),))]))
    assert guest.detached == 1
