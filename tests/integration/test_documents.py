# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as people have them: in through xml, and out again, without loss. The work is done by inside/documents.py on the host."""

from __future__ import annotations

import re

import pytest

PLAIN = "<network><name>{}</name><forward mode='nat'/>{}</network>"
MORE = {
    "seed_default": """<network><name>default</name><uuid>f6514662-26e5-431e-8544-fd216bed9312</uuid><forward mode='nat'/>
<bridge name='virbr0' stp='on' delay='0'/><mac address='52:54:00:53:d4:ee'/><ip address='192.168.122.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>""",
    "seed_bridged": "<network><name>bridged_network</name><forward mode='bridge'/><bridge name='mybridge0'/></network>",
    "seed_router": """<network><name>router</name><forward mode='route'/><bridge name='virbr1' stp='on' delay='0'/>
<mac address='52:54:00:56:e6:21'/><ip address='192.168.132.1' netmask='255.255.255.0'></ip></network>""",
    "seed_isolated": """<network><name>default</name><bridge name='virbr0' stp='on' delay='0'/><mac address='52:54:00:22:1b:5f'/></network>""",
    "refused_mode": "<network><name>a</name><forward mode='teleport'/></network>",
    "refused_no_name": "<network><forward mode='nat'/></network>",
    "refused_nat_without_ip": "<network><name>a</name><forward mode='nat'/></network>",
    "refused_twice_dhcp": PLAIN.format("a", "".join(f"<ip address='10.{n}.0.1' prefix='24'><dhcp><range start='10.{n}.0.2' end='10.{n}.0.9'/></dhcp></ip>"
                                                    for n in (1, 2))),
    "comments": PLAIN.format("a", "<!-- hello --><ip address='10.1.0.1' prefix='24'/><?php no?>"),
    "unknown_parts": PLAIN.format("a", "<shiny level='3'/><ip address='10.1.0.1' prefix='24' glow='yes'/>"),
    "quoted": PLAIN.format("it's &lt;a&gt; &amp; b", "<ip address='10.1.0.1' prefix='24'/>"),
}


def test_documents_keep_what_they_say(host, inside, checkout, tmp_path):
    """Every document that libvirt can define, and every attribute of it."""
    documents = {path.stem: path.read_text(encoding="utf-8") for path in (checkout / "tests/unit/module_utils/codec/documents").glob("*.xml")}
    assert documents
    documents.update(MORE)
    for name, text in documents.items():
        (tmp_path / f"{name}.xml").write_text(text, encoding="utf-8")
    host.put(tmp_path, "/opt")
    default = host.run("virsh", "net-dumpxml", "--inactive", "default").stdout
    said = inside(host, "documents", f"/opt/{tmp_path.name}").stdout.splitlines()
    host.run("tee", "/tmp/default.xml", input=default)
    host.run("virsh", "net-define", "/tmp/default.xml")
    assert said[:-1] == []
    tried, altered = map(int, re.findall(r"\d+", said[-1]))
    assert (tried, altered >= 100) == (len(documents), True), said


LOST = [
    ("<domain name=\"o'hare.test\"/>", "domain.name"),
    ("<portgroup name=\"o'hare\"/>", "portgroups[0].name"),
    ("<ip address='10.1.0.1' prefix='24'><dhcp><host name=\"o'hare\" ip='10.1.0.5'/></dhcp></ip>", "ips[0].dhcp.hosts[0].name"),
]


@pytest.mark.parametrize(("part", "option"), LOST)
def test_what_libvirt_would_lose_is_refused(ansible, host, part, option):
    """libvirt takes it, writes it unescaped, and does not find the network again after a restart; so we do not give it to libvirt."""
    document = f"<network><name>one</name>{part}</network>"
    assert f"{option} is" in ansible.refused("virt_network", xml=document, state="present")
    assert "one" not in host.run("virsh", "net-list", "--all", "--name").stdout.split()
    host.run("tee", "/tmp/lost.xml", input=document)
    host.run("virsh", "net-define", "/tmp/lost.xml")
    host.run("systemctl", "restart", "libvirtd")
    assert "one" not in host.run("virsh", "net-list", "--all", "--name").stdout.split()
    host.run("rm", "/etc/libvirt/qemu/networks/one.xml")


def test_whatever_is_kept_survives_a_restart(ansible, host):
    """Names and texts with every special character that libvirt does escape."""
    documents = [PLAIN.format(name, f"<ip address='10.1.{number}.1' prefix='24'/><dns><txt name='x' value='\"&lt;&amp;&apos;'/></dns>")
                 for number, name in enumerate(["it's", "a &amp; b", "&lt;&gt;", "ünï-cödé", "100%", "-x", "a.xml"])]
    results = ansible.run(*[("virt_network", {"xml": document, "state": "present"}) for document in documents])
    assert [result.get("changed") for result in results] == [True] * len(documents), results
    before = host.run("virsh", "net-list", "--all", "--name").stdout
    host.run("systemctl", "restart", "libvirtd")
    assert host.run("virsh", "net-list", "--all", "--name").stdout == before
    assert not any(result["changed"] for result in ansible.run(*[("virt_network", {"xml": document, "state": "present"}) for document in documents]))
    for document in documents:
        ansible.module("virt_network", xml=document, state="absent")
