# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin netns: commands, files and mistakes."""

from __future__ import annotations

import os

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from testbed import world


@pytest.fixture
def connect():
    """A function that opens a connection to a target."""

    def opened(target):
        connection = connection_loader.get("virtlab.network.netns", PlayContext(), os.devnull)
        connection.set_options(var_options={"ansible_netns_target": target})
        return connection._connect()

    return opened


def test_commands(connect, host):
    """Output, errors, exit code, input, and the host's own names."""
    connection = connect(str(host.pid))
    assert connection.exec_command("hostname; echo bad >&2; exit 3") == (3, b"host1\n", b"bad\n")
    assert connection.exec_command("cat", in_data=b"\x00\xff\n") == (0, b"\x00\xff\n", b"")
    assert connection.exec_command("cat /proc/1/comm")[1] == b"systemd\n"


def test_files(connect, host, tmp_path):
    """Every byte arrives, both ways, at names with blanks and quotes."""
    connection = connect(str(host.pid))
    content = bytes(range(256)) * 5000
    (tmp_path / "out").write_bytes(content)
    connection.put_file(str(tmp_path / "out"), "/tmp/it's here")
    assert host.path("/tmp/it's here").read_bytes() == content
    connection.fetch_file("/tmp/it's here", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    with pytest.raises(AnsibleFileNotFound, match="no such file on the controller"):
        connection.put_file(str(tmp_path / "none"), "/tmp/x")
    with pytest.raises(AnsibleConnectionFailure, match="cannot write /none/x: .*No such file"):
        connection.put_file(str(tmp_path / "out"), "/none/x")
    with pytest.raises(AnsibleConnectionFailure, match="cannot read /none: .*No such file"):
        connection.fetch_file("/none", str(tmp_path / "back"))


def test_ways_to_name_a_target(connect, lab, host, tmp_path):
    """A process id, a file that holds one, and a namespace's name, which enters the network alone."""
    (tmp_path / "pid").write_text(f"{host.pid}\n", encoding="utf-8")
    assert connect(str(tmp_path / "pid")).exec_command("hostname")[1] == b"host1\n"
    named = connect(world.namespace(lab.name))
    assert b"203.0.113.1" in named.exec_command("ip address show dev lo")[1]
    assert named.exec_command("hostname")[1] != b"host1\n"


@pytest.mark.parametrize(("target", "says"), [("4194305", "no process 4194305 is running"), ("nowhere", "must be a process id"), ("/etc/hostname", "must be")])
def test_wrong_targets(connect, target, says):
    """Named, with what would be right."""
    with pytest.raises(AnsibleConnectionFailure, match=says) as caught:
        connect(target)
    assert "ansible_netns_target is" in str(caught.value)


def test_become(ansible):
    """Another user's tasks run as that user."""
    result = ansible.run(("ansible.builtin.command", {"argv": ["setpriv", "--reuid=nobody", "id", "-un"]}))[0]
    assert result["stdout"] == "nobody"
