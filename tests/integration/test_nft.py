# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft(8) and the kernel make of tables, in a network namespace that is there for as long as that takes."""

from __future__ import annotations

import json

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.codec import nft_json

from tests import nats


def printed(host, text):
    """Digests of the tables that a text makes."""
    done = host.run("unshare", "--net", "sh", "-c", "nft -f - && exec nft -j list ruleset", input=text)
    return nft_json.digests(json.loads(done.stdout))[1]


@pytest.mark.parametrize("versions", [(4,), (6,), (4, 6)], ids=["ipv4", "ipv6", "both"])
def test_nft_takes_whatever_can_be_asked_for(host, versions):
    """Every combination of options, all forms of forwards, and comments with all characters that they may have."""
    texts = nats.every(*versions)
    assert len(texts) > 1000
    host.run("unshare", "--net", "nft", "-f", "-", input="".join(texts.values()))


@pytest.mark.parametrize("options", [
    {"forwards": [{"port": "1-65534", "to": "10.75.0.10", "to_port": "2"}]}, {"forwards": [{"port": "1-65535", "to": "10.75.0.10", "sources": ["0.0.0.0/0"]}]},
    {"forwards": [{"port": str(port), "to": "10.75.0.10", "sources": [f"192.0.{port % 250}.0/24"]} for port in range(1, 2001)]},
    {"subnets": ["0.0.0.0/0", "::/0"], "ipv6": True},
], ids=["shifted", "all-ports", "many", "everything"])
def test_nft_takes_the_largest(host, options):
    """Of each kind."""
    host.run("unshare", "--net", "nft", "-f", "-", input=nats.made(**{"subnets": ["10.75.0.0/24"], **options}))


def test_what_is_printed_is_the_same_for_the_same(host):
    """Loaded twice, and with all in another order; not for something else."""
    options = {"subnets": [*nats.SUBNETS[4], *nats.SUBNETS[6]], "netmap": nats.PAIRS[4], "forwards": [*nats.forwards(4), *nats.forwards(6)],
               "devices": ["b", "a"]}
    text, turned = nats.made(**options), nats.made(**{name: given[::-1] for name, given in options.items()})
    assert printed(host, text) == printed(host, text + text) == printed(host, turned)
    assert printed(host, text) != printed(host, nats.made(**{**options, "devices": ["b"]}))
