# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts tell of their networks, as a picture."""

from __future__ import annotations

DOCUMENTATION = r"""
name: topology
short_description: A picture of what hosts tell of their networks
version_added: 0.1.0
author: virtlab.network contributors (@virtlab)
description:
  - Draws guests, their NICs, networks and bridges, what translates, uplinks and the world, of any number of hosts, with what is wrong with them.
  - The playbook C(virtlab.network.topology) gathers what it takes.
positional: format
options:
  _input:
    description:
      - A list of dictionaries, one a host. C(host) is its name, C(networks), C(links), C(nats), C(interfaces) and C(neighbours) are what the info modules of
        those names return, C(default) has C(ipv4) and C(ipv6) with C(interface) and C(gateway) as C(ansible_default_ipv4) has them, and C(failed) says why
        there is nothing, or no more.
      - All but C(host) may be left out.
    type: list
    elements: dict
    required: true
  format:
    description:
      - V(html) is a page that needs nothing else, V(mermaid) a flowchart for C(mermaid) blocks of Markdown, V(dot) a graph for Graphviz.
      - More than eight guests of one network are drawn as one box, which the page opens.
    type: str
    choices: [html, mermaid, dot]
    default: html
  title:
    description: Title of the page.
    type: str
    default: Topology
"""

EXAMPLES = r"""
- name: Draw what a host has of networks and guests
  ansible.builtin.copy:
    content: "{{ [{'host': 'host1', 'networks': networks.networks, 'interfaces': nics.interfaces}] | virtlab.network.topology }}"
    dest: topology.html
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text of the picture.
  type: str
"""

from ansible.errors import AnsibleFilterError

from ..plugin_utils.topology.page import page
from ..plugin_utils.topology.read import topology as read
from ..plugin_utils.topology.text import dot, mermaid

FORMATS = ("html", "mermaid", "dot")


def topology(gathered, format="html", title="Topology"):
    """The text of a picture."""
    if format not in FORMATS:
        raise AnsibleFilterError(f"topology: format is {format!r}: must be one of {', '.join(FORMATS)}")
    if not isinstance(gathered, list) or not all(isinstance(each, dict) and each.get("host") for each in gathered):
        raise AnsibleFilterError("topology: it draws a list of dictionaries, each of which has host, the name of a hypervisor")
    try:
        drawn = read(gathered)
    except KeyError as err:
        raise AnsibleFilterError(f"topology: {err} is not told of something that an info module tells it of: give what the modules return as it is") from err
    if format == "html":
        return page(drawn, title)
    return mermaid(drawn) if format == "mermaid" else dot(drawn)


class FilterModule:
    """Filters of pictures."""

    def filters(self):
        """By name."""
        return {"topology": topology}
