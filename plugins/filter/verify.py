# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role verify: from a table to what is asked of each host, and from what was found to a verdict."""

from __future__ import annotations

from ..plugin_utils import verify_report, verify_table, verify_verdict
from ..plugin_utils.told import told


@told
def verify_ends(table, ends, host, default="refused"):
    """The ends of a host, as virt_ends takes them."""
    return verify_table.standing(ends, table, default, host)


@told
def verify_plan(table, ends, hosts, stood, default="refused"):
    """All cells, and the ends on all hosts."""
    return verify_table.plan(ends, table, default, hosts, stood)


@told
def verify_checks(plan, host, asked=None):
    """What one host asks: all of its cells, or those that were wrong when they were asked first."""
    cells = plan["cells"] if asked is None else verify_verdict.wrong(plan, asked)
    return verify_table.questions(cells, host)


@told
def verify_flows(plan, asked):
    """What is watched: the packets of cells that were wrong."""
    return verify_table.flows(verify_verdict.wrong(plan, asked))


@told
def verify_verdict_(plan, asked, again, looked, name="verify", when="1970-01-01T00:00:00"):
    """What it all comes to, with a matrix of text and JUnit's XML."""
    found = verify_verdict.verdict(plan, asked, again, looked)
    return {**found, "matrix": verify_report.matrix(found), "junit": verify_report.junit(found, name, when)}


class FilterModule:
    """The filters, by name."""

    def filters(self):
        """{name: function}."""
        return {"verify_ends": verify_ends, "verify_plan": verify_plan, "verify_checks": verify_checks, "verify_flows": verify_flows,
                "verify_verdict": verify_verdict_}
