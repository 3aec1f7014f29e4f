# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a topology: what is in it, where it is, and that no name is ever a word of the language that it is written in."""

from __future__ import annotations

import json
import random
import re
from html.parser import HTMLParser
from itertools import combinations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtlab.network.plugins.filter.topology import FORMATS, topology
from ansible_collections.virtlab.network.plugins.plugin_utils.topology.layout import layout
from ansible_collections.virtlab.network.plugins.plugin_utils.topology.page import _cut
from ansible_collections.virtlab.network.plugins.plugin_utils.topology.read import topology as read

from tests import topologies


@pytest.fixture(scope="module")
def few():
    """The Topology of few guests."""
    return read(topologies.few())


def way(drawn, place):
    """Labels of what a node leads to, the first each time."""
    found = [drawn.index[place].label]
    while targets := [edge.target for edge in drawn.edges if edge.source == place]:
        place = targets[0]
        found.append(drawn.index[place].label)
    return found


def node(drawn, label, kind):
    """The node of a label."""
    return next(each for each in drawn.nodes if (each.label, each.kind) == (label, kind))


@pytest.mark.parametrize(("guest", "labels"), [
    ("web", ["web", "vnet1", "lab", "NAT", "eth0", "World"]),
    ("proxy", ["proxy", "vnet3", "dmz", "NAT dmz", "eth0", "World"]),
    ("mail", ["mail", "vnet4", "lan", "bond0.10", "bond0", "eth1", "World"]),
    ("old", ["old", "52:54:00:00:00:07"]),
])
def test_the_way_of_a_guest(few, guest, labels):
    """From its NIC to the world: by translations, by bridges, VLANs and bonds."""
    assert way(few, node(few, guest, "guest").id) == labels


def test_what_leads_where(few):
    """VLANs and gateways stand at the lines; a NAT network whose host goes out by a bridge goes out by its ports."""
    said = {(few.index[edge.source].label, few.index[edge.target].label): edge.label for edge in few.edges}
    assert said["vnet4", "lan"] == "VLAN 20" and said["vnet5", "lan"] == "VLAN 1 + 30-39" and said["lan", "bond0.10"] == "VLAN 1"
    assert said["NAT", "bond0.10"] == "by br0" and said["eth0", "World"] == "198.51.100.1" and said["bond0", "eth2"] == ""


def test_troubles(few):
    """The worst first, in words that say what it is about."""
    told = [(about, each.level, each.words) for about, unused, each in few.troubles()]
    assert [level for unused, level, unused_too in told] == sorted(level for unused, level, unused_too in told)
    words = {about: said for about, unused, said in told}
    assert words["cedar"].startswith("did not tell all that it has: Failed to connect") and words["birch: eth2"] == "it has no carrier"
    assert words["alder: dmz"].endswith("Remedy: iptables -I DOCKER-USER -i virbr2 -j ACCEPT")
    assert words["birch: broken"] == "network broken is active, and yet in the kernel: dnsmasq dead"
    assert words["alder: vnet2"] == "no address is known of it" and words["birch: 52:54:00:00:00:07"] == "network gone is not there"
    assert node(few, "quiet", "network").level == node(few, "old", "guest").level == "off" and node(few, "lab", "network").level == "ok"


@pytest.mark.parametrize(("change", "about", "words"), [
    (lambda host: host["networks"][2].update(autostart=True), "alder: quiet", "network quiet is inactive and should start by itself"),
    (lambda host: host["links"][1]["config"].update(up=False), "alder: lab", "bridge virbr1 is down"),
    (lambda host: host["links"][0]["config"].update(up=False), "alder: eth0", "it is down"),
    (lambda host: host["links"][3]["config"].update(up=False), "alder: vnet1", "vnet1 is down"),
    (lambda host: host["interfaces"][0].update(link="down"), "alder: vnet1", "its link is set down"),
    (lambda host: host["nats"][0].update(kernel="missing"), "alder: NAT dmz", "the kernel has it missing"),
    (lambda host: host["networks"][0].update(active=False), "alder: vnet1", "network lab is inactive"),
    (lambda host: host["interfaces"][0].update(domain_state="paused"), "alder: web", "its state is paused"),
    (lambda host: host["neighbours"].append({"neighbour": "br_netfilter", "networks": ["lab"], "what": "frames pass", "remedy": "none"}), "alder",
     "br_netfilter: frames pass (networks lab). Remedy: none"),
])
def test_each_trouble(change, about, words):
    """What is changed for the worse is told."""
    gathered = topologies.few()
    assert (about, words) not in [(each, told.words) for each, unused, told in read(gathered).troubles()]
    change(gathered[0])
    assert (about, words) in [(each, told.words) for each, unused, told in read(gathered).troubles()]


def test_translations_of_subnets_and_cables():
    """A nat of subnets is of the bridges whose addresses are in them; what ends on the same host does not lead to the world."""
    cable = [topologies.link("a", "veth", controller="br0", veth={"peer": "b"}), topologies.link("b", "veth", veth={"peer": "a"})]
    told = {"host": "one", "links": [topologies.link("br0", "bridge", addresses=["10.1.0.1/24"]), *cable],
            "nats": [{"name": "out", "subnets": ["10.1.0.0/16"], "kernel": "as asked"}], "interfaces": [topologies.nic("x", 1, config={"dev": "b"})]}
    drawn = read([told])
    led = {(drawn.index[edge.source].label, drawn.index[edge.target].label) for edge in drawn.edges}
    assert ("br0", "NAT out") in led and ("br0", "a") in led and ("vnet1", "b") in led and not any(each.kind == "world" for each in drawn.nodes)


def shown(drawn, open_groups):
    """{id: (left, top, right, bottom)} of the boxes that are shown while some groups are open."""
    members = {member: group for group in drawn.groups for member in group.members}
    found = {}
    for name, box in {**drawn.boxes, **{group.id: group.box for group in drawn.groups}}.items():
        if box.interval >= 0 and (name not in members or members[name] in open_groups):
            y = box.y + sum(group.more for group in open_groups if group.box.interval < box.interval)
            found[name] = (box.x, y, box.x + box.width, y + box.height)
    return found


@pytest.mark.parametrize("gathered", [topologies.few(), topologies.many(), topologies.many(7, 1), topologies.many(300, 2)])
def test_boxes_do_not_overlap(gathered):
    """Whichever groups are open; and each is within its host's band."""
    drawn = layout(read(gathered))
    for choice in [[], drawn.groups, *([group] for group in drawn.groups), random.Random(1).sample(drawn.groups, len(drawn.groups) // 2)]:
        boxes = shown(drawn, choice)
        assert not [(one, other) for (one, a), (other, b) in combinations(boxes.items(), 2)
                    if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
        bottom = drawn.height + sum(group.more for group in choice)
        assert all(right <= drawn.width and low <= bottom for unused, unused_top, right, low in boxes.values())


def test_few_are_shown_and_many_are_counted():
    """A hundred guests are boxes of some, with their states and troubles."""
    drawn = layout(read(topologies.many()))
    assert layout(read(topologies.few())).groups == []
    assert sum(int(group.label.split()[0]) for group in drawn.groups) == 100 and len(drawn.groups) == 8
    assert drawn.groups[1].sub == "15 running, 1 shut off, 3 with troubles" and drawn.groups[1].level == "warn"


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_hosts_are_the_same_picture(form):
    """Whatever order they are told in."""
    hosts = topologies.many()
    assert topology(hosts, form) == topology(hosts[::-1], form) == topology(json.loads(json.dumps(hosts)), form)


class Elements(HTMLParser):
    """Counts what a page's source has."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """An element begins."""
        self.tags.append(tag)
        self.attributes += [name for name, unused in attrs]

    def handle_data(self, data):
        """Text."""
        self.words.append(data)


def test_no_name_is_a_word_of_html():
    """Names that would end elements, scripts and attributes are text."""
    found = Elements(topology(topologies.evil(), title=topologies.EVIL))
    assert found.tags.count("script") == 2 and "img" not in found.tags and not [name for name in found.attributes if name.startswith("on")]
    assert any(topologies.EVIL in words for words in found.words)
    data = json.loads(next(words for words in found.words if words.startswith('{"nodes"')))
    assert topologies.EVIL in [each["label"] for each in data["nodes"]]
    assert "style" not in found.attributes, "the page's policy forbids it"


def test_no_name_is_a_word_of_mermaid():
    """All but plain characters are written by number, each name between quotes."""
    text = topology(topologies.evil(), "mermaid")
    for line in text.splitlines()[5:]:
        bare = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(r'  subgraph h\d+\[""\]|    n\d+[([{/]+""[)\]}/]+:::(ok|off|warn|bad)|  end|  n\d+ -->(\|""\|)? n\d+', bare), line
        for quoted in re.findall(r'"([^"]*)"', line):
            assert re.fullmatch(r"(?:[A-Za-z0-9 .,:/()+_-]|#\d+;|<br/>)*", quoted), line
    assert "#60;#47;script" not in text and "#60;/script#62;" in text


def test_no_name_is_a_word_of_dot():
    """Quotes and backslashes within names are escaped."""
    for line in topology(topologies.evil(), "dot").splitlines():
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "Q", line)
        assert '"' not in bare and "script" not in bare, line


def test_cut():
    """Wide characters count twice; what no eye sees is shown as such."""
    assert _cut("abcdef", 6) == "abcdef" and _cut("abcdefg", 6) == "abcde…"
    assert _cut("\u4e2d\u6587\u4e2d", 5) == "\u4e2d…" and _cut("a\u202eb\0", 9) == "a\ufffdb\ufffd"


def test_what_is_no_topology_is_refused():
    """With what it takes instead."""
    with pytest.raises(AnsibleFilterError, match="must be one of html, mermaid, dot"):
        topology([], "png")
    with pytest.raises(AnsibleFilterError, match="a list of dictionaries"):
        topology([{"name": "x"}])
    assert topology([]) and topology([{"host": "empty"}], "dot")
