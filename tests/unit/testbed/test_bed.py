# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the test bed does without root: commands, waiting, names, control groups as files, labs that were left behind."""

from __future__ import annotations

import os
import subprocess

import pytest

from testbed import bed, cgroup, claim, echo, fabric, host


def test_a_command_that_fails_says_what_it_said():
    """With its words and its exit code."""
    assert bed.run("echo", 1, "a b").stdout == "1 a b\n"
    assert bed.run("false", check=False).returncode == 1
    with pytest.raises(bed.BedError, match=r"^ls /none ended with 2: ls: cannot access '/none'"):
        bed.run("ls", "/none")


def test_waiting():
    """For what comes in the end, and no longer than said."""
    answers = iter([None, "", "there"])
    assert bed.until(lambda: next(answers), 10, "an answer") == "there"
    with pytest.raises(bed.BedError, match="waited 0.1 s in vain for the moon"):
        bed.until(lambda: False, 0.1, "the moon")


def test_what_is_built_is_named_after_its_recipe():
    """The same recipe, the same name."""
    assert bed.digest(["a"], "b") == bed.digest(["a"], "b") != bed.digest(["a", "b"])


@pytest.mark.parametrize("name", ["", "1a", "A", "a-b", "a.b", "a/b", "a b", "a" * 17])
def test_names_of_labs(name):
    """They become names of namespaces, folders and control groups."""
    with pytest.raises(bed.BedError, match="must be 1 to 16 lower-case letters and digits"):
        claim.check_name(name)


def test_a_process_is_known_by_its_start():
    """A process id alone may be another's by now; a zombie runs no more."""
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert host.start_time(process.pid) == 0
    assert host.start_time(process.pid) == 0
    assert host.start_time(os.getpid()) > 0


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The folder in which labs are written down."""
    for module in (claim, host):
        monkeypatch.setattr(module, "STATE", tmp_path)
    monkeypatch.setattr(claim, "DISKS", tmp_path / "none")
    monkeypatch.setattr(cgroup, "groups", list)
    monkeypatch.setattr(fabric, "names", list)
    (tmp_path / "one").mkdir()
    return tmp_path / "one"


@pytest.mark.parametrize(
    ("keeper", "hosts", "abandoned"),
    [
        ("me", None, False),  # it is being started
        ("me", "me", False),
        ("gone", "me", True),
        (None, "me", False),  # left up on purpose
        (None, "gone", True),
        (None, None, True),
    ],
)
def test_labs_that_were_left_behind(state, keeper, hosts, abandoned):
    """Their keeper or their hosts run no more."""
    processes = {"me": (os.getpid(), host.start_time(os.getpid())), "gone": (os.getpid(), 1)}
    if keeper is not None:
        (state / "keeper").write_text(" ".join(map(str, processes[keeper])), encoding="utf-8")
    if hosts is not None:
        (state / "host1").mkdir()
        for name, number in zip(("pid", "started"), processes[hosts]):
            (state / "host1" / name).write_text(str(number), encoding="utf-8")
    assert claim.abandoned("one") is abandoned


def test_a_name_is_one_lab(state):
    """Claimed once; whoever claims it keeps it."""
    claim.claim("two")
    assert claim.labs() == ["one", "two"] and not claim.abandoned("two")
    with pytest.raises(bed.BedError, match="lab two is there already: take it down first"):
        claim.claim("two")
    assert claim.labs() == ["one", "two"]
    claim.keep("two")
    assert claim.abandoned("two")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A folder in place of /sys/fs/cgroup."""
    monkeypatch.setattr(cgroup, "TOP", tmp_path)
    return tmp_path


def files(top, *folders, **contents):
    """Make folders with the same files in each."""
    for folder in folders:
        (top / folder).mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (top / folder / name.replace("__", ".")).write_text(text, encoding="utf-8")


def test_groups_of_version_1(groups):
    """One in each hierarchy, with the processors of the group above."""
    files(groups, "cpuset", "memory", "unified", cgroup__procs="")
    files(groups, "cpuset", cpuset__cpus="0-1", cpuset__mems="0")
    files(groups, "cpuset/virtlab-testbed/lab.one", "cpuset/virtlab-testbed", cpuset__cpus="", cpuset__mems="")
    cgroup.enter("lab.one")
    assert not cgroup.unified() and cgroup.groups() == ["lab.one"]
    for controller in ("cpuset", "memory"):
        assert (groups / controller / "virtlab-testbed/lab.one/cgroup.procs").read_text(encoding="utf-8") == str(os.getpid())
    assert (groups / "cpuset/virtlab-testbed/lab.one/cpuset.cpus").read_text(encoding="utf-8") == "0-1"
    assert not (groups / "unified/virtlab-testbed").exists()
    assert cgroup.members("lab.one") == {os.getpid()}


def test_groups_of_version_2(groups, monkeypatch):
    """Made by hand where systemd does not run, with every controller; else systemd's."""
    monkeypatch.setattr(cgroup, "systemds", lambda: False)
    files(groups, ".", "virtlab-testbed", cgroup__procs="", cgroup__controllers="cpu memory", cgroup__subtree_control="")
    cgroup.enter("lab.one")
    assert cgroup.unified() and cgroup.groups() == ["lab.one"] and cgroup.delegated("lab.one") == []
    assert (groups / "virtlab-testbed/cgroup.subtree_control").read_text(encoding="utf-8") == "+memory"
    monkeypatch.setattr(cgroup, "systemds", lambda: True)
    files(groups, "virtlabtestbed.slice/lab.two.scope/inner", cgroup__procs="7\n0\n8\n")
    assert cgroup.groups() == ["lab.two"] and cgroup.members("lab.two") == {7, 8}
    assert {"--property=Delegate=yes", "--unit=lab.two"} < set(cgroup.delegated("lab.two"))


def test_groups_are_removed_from_below(groups):
    """And it is not over before all of them are gone."""
    files(groups, "memory", cgroup__procs="")
    inner = groups / "memory/virtlab-testbed/lab.one/a/b"
    inner.mkdir(parents=True)
    (inner / "busy").write_text("", encoding="utf-8")
    assert not cgroup.remove("lab.one")
    (inner / "busy").unlink()
    assert cgroup.remove("lab.one") and cgroup.remove("lab.one") and cgroup.groups() == []


def test_the_world_says_who_asked():
    """An IPv4 address as such."""
    assert [echo.plain(address) for address in ("::ffff:192.0.2.1", "2001:db8::1")] == ["192.0.2.1", "2001:db8::1"]
