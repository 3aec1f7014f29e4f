# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of ends, and what is refused before anything is touched."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.argument_spec import virt_ends
from ansible_collections.virtlab.network.plugins.module_utils.desired.ends import ends
from ansible_collections.virtlab.network.plugins.module_utils.errors import ValidationError


def asked(**options):
    """The Ends of some options, as Ansible fills them up."""
    spec = virt_ends()["argument_spec"]
    filled = {**dict.fromkeys(spec), "run": "mine", **options}
    for name in ("ends", "checks", "watch"):
        filled[name] = options.get(name) and [{**dict.fromkeys(spec[name]["options"]), **each} for each in options[name]]
    return ends(filled)


def test_what_is_asked_is_read():
    """In its one form."""
    wanted = asked(ends=[{"name": "a", "network": "lab", "listen": [{"port": 80}]}, {"name": "b", "host": True},
                         {"name": "c", "guest": "web", "network": "lab"}],
                   watch=[{"protocol": "tcp", "target": "FD00::0:1", "port": 80}], checks=[{"end": "a", "ping": "192.0.2.1"}])
    assert [each.name for each in wanted.ends] == ["a", "b", "c"] and wanted.watch[0].target == "fd00::1" and wanted.checks[0].kind == "ping"
    assert asked(state="absent").state == "absent"


@pytest.mark.parametrize(("options", "words"), [
    ({}, "run is 'mine': nothing is asked of these ends; give some of ends, checks, watch, look"),
    ({"state": "absent", "look": True}, "state is 'absent': the ends are to leave, and look is asked of them"),
    ({"watch": [{"protocol": "icmp", "target": "192.0.2.1"}], "look": True}, "look is True: what one task begins to watch another tells"),
    ({"ends": [{"name": "a", "network": "lab"}, {"name": "a", "network": "lab"}]}, "ends[0].name is 'a': is there twice"),
    ({"ends": [{"name": "a"}]}, "ends[0].network is None: a probe is at one place; give either network, bridge or host"),
    ({"ends": [{"name": "a", "host": True, "listen": [{"port": 80}]}]}, "the host itself has what it has"),
    ({"ends": [{"name": "a", "guest": "web", "vlan": 7}]}, "ends[0].vlan is 7: a guest is asked as it is"),
    ({"ends": [{"name": "a", "network": "lab", "listen": [{"port": 80}, {"port": 80, "protocol": "tcp"}]}]}, "ends[0].listen is 'tcp 80': is there twice"),
    ({"checks": [{"end": "a", "tcp": "192.0.2.1"}]}, "checks[0].port is None: tcp needs one"),
    ({"watch": [{"protocol": "icmp", "target": "192.0.2.1", "port": 7}]}, "watch[0].port is 7: packets of TCP and UDP are told by the port"),
    ({"watch": [{"protocol": "udp", "target": "192.0.2.1"}]}, "watch[0].port is None"),
    ({"watch": [{"protocol": "udp", "target": "fe80::1", "port": 7}]}, "watch[0].target is 'fe80::1': is an address of one segment alone"),
])
def test_what_is_refused(options, words):
    """In words that say what to do."""
    with pytest.raises(ValidationError) as caught:
        asked(**options)
    assert words in str(caught.value)
