# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network_info: what it finds, and that its config is what virt_network takes."""

from __future__ import annotations

DEFINITION = {
    "name": "one",
    "forward": {"mode": "nat", "nat": {"port": {"start": 2000, "end": 3000}}},
    "domain": {"name": "one.test"},
    "ips": [{"address": "10.74.0.1/24", "dhcp": {"ranges": [{"start": "10.74.0.10", "end": "10.74.0.20"}]}}],
}


def test_networks_are_found(ansible):
    """By name, uuid and bridge, all of them, and none where there is none."""
    made = ansible.module("virt_network", **DEFINITION)["after"]
    queries = [{"name": "one"}, {"uuid": made["uuid"].upper()}, {"bridge": made["bridge"]}, {}, {"name": "nowhere"}, {"bridge": "nowhere"}]
    results = ansible.run(*[("virt_network_info", query) for query in queries], ("virt_network_info", {"name": "one", "uuid": made["uuid"]}))
    assert [[network["name"] for network in result["networks"]] for result in results[:6]] == [["one"], ["one"], ["one"], ["default", "one"], [], []]
    assert "mutually exclusive" in results[6]["msg"]
    one = results[0]["networks"][0]
    assert one["config"] == made["config"]
    assert (one["active"], one["autostart"], one["persistent"], one["lab"], one["leases"], one["guests"]) == (True, True, True, "default", [], [])
    assert one["xml"].startswith("<network") and made["uuid"] in one["xml"]


def test_config_is_what_virt_network_takes(ansible):
    """Pasted back it changes nothing; under another name it makes an equal network with an identity of its own."""
    ansible.module("virt_network", **DEFINITION)
    one = ansible.module("virt_network_info", name="one")["networks"][0]
    assert not ansible.module("virt_network", **one["config"])["changed"]
    ansible.module("virt_network", name="one", state="absent")
    two = ansible.module("virt_network", **{**one["config"], "name": "two"})["after"]
    assert two["config"] == {**one["config"], "name": "two"}
    assert two["uuid"] != one["uuid"] and two["mac"] != one["mac"]


def test_config_of_what_the_options_refuse_is_a_document(ansible):
    """libvirt holds what our options refuse, such as two leases of one address: nothing of it gets lost on its way through config."""
    hosts = "".join(f"<host mac='52:54:00:00:00:0{number}' ip='10.74.0.5'/>" for number in (1, 2))
    document = f"<network><name>one</name><bridge name='odd0'/><ip address='10.74.0.1' prefix='24'><dhcp>{hosts}</dhcp></ip></network>"
    made = ansible.module("virt_network", xml=document, state="present")
    assert any("is used already" in warning for warning in made["warnings"])
    config = ansible.module("virt_network_info", name="one")["networks"][0]["config"]
    assert list(config) == ["xml"] and "odd0" not in config["xml"]
    assert not ansible.module("virt_network", **config, state="present")["changed"]
    ansible.module("virt_network", name="one", state="absent")
    assert ansible.module("virt_network", **config, state="present")["after"]["config"] == made["after"]["config"]
