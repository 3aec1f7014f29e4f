# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role lab: from the definition of a lab to what one host has, and to what is proved."""

from __future__ import annotations

from ..plugin_utils.lab import hosts, proof, reading
from ..plugin_utils.told import told


@told
def lab_host(definition, host):
    """What a host has, as virt_host takes it."""
    return hosts.of_host(reading.lab(definition), host)


@told
def lab_proof(definition):
    """What is proved, as the role verify takes it."""
    return proof.proof(reading.lab(definition))


class FilterModule:
    """The filters, by name."""

    def filters(self):
        """{name: function}."""
        return {"lab_host": lab_host, "lab_proof": lab_proof}
