# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration and the bed's namespaces on a stock Debian 12 with systemd, where control groups are version 2: in a virtual machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from testbed import kernel, root, topology
from testbed import lab as labs
from testbed.bed import run
from testbed.host import CHECKOUT

CACHE, CLONE, WHEELS = "/root/.cache/virtlab-testbed", "/root/clone", "/root/wheels"


def packages(profile):
    """Debian packages that bindep.txt lists for a profile."""
    lines = (CHECKOUT / "bindep.txt").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if re.search(rf"^[^#].*\[[^]]*\b{profile}\b", line)]


def send(machine, folder, names, target):
    """Copy files and folders of a folder into a machine's."""
    machine.run("mkdir", "-p", target)
    with subprocess.Popen(["tar", "-C", folder, "-c", *names], stdout=subprocess.PIPE) as source:
        subprocess.run(machine.argv("tar", "-C", target, "-x"), stdin=source.stdout, check=True)
    assert source.returncode == 0


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine with a clone, the packages that `make demo` would install, and the root that it would build: it has no mirror."""
    wheels = tmp_path_factory.mktemp("wheels")
    run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheels, "--only-binary=:all:", "--python-version=3.11", "--implementation=cp",
        "--platform=manylinux2014_x86_64", "--constraint=requirements-lock.txt", "--requirement=requirements.txt", cwd=CHECKOUT)
    inner = {"memory": 3072, "packages": [*packages("demo"), "make"]}
    with labs.running(f"demo{os.getpid()}", plans=topology.of({"kind": "vm", "hosts": {"inner": inner}})) as lab:
        made = lab.hosts["inner"]
        send(made, CHECKOUT, run("git", "ls-files", "-co", "--exclude-standard", cwd=CHECKOUT).stdout.splitlines(), CLONE)
        send(made, wheels, ["."], WHEELS)
        for built in (root.build(), kernel.build()):
            send(made, built.parent, [built.name], CACHE)
        yield made


def shown(machine, *argv):
    """Run a command in the machine's clone, showing what it prints; (exit code, that)."""
    said = []
    command = machine.argv("env", "-C", CLONE, "PIP_NO_INDEX=1", f"PIP_FIND_LINKS={WHEELS}", "HOME=/root", *argv)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            said.append(line)
            print(line, end="", flush=True)
    return process.returncode, "".join(said)


@pytest.mark.parametrize("systemd", [True, False])
def test_labs_work_with_control_groups_of_version_2(machine, systemd):
    """Given by systemd; and made by hand, where it is out of sight."""
    hidden = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run/systemd && exec python3 -m testbed trial"]
    code, said = shown(machine, *(["python3", "-m", "testbed", "trial"] if systemd else hidden))
    assert code == 0 and f"version 2, {'given by systemd' if systemd else 'made by hand'}" in said
    assert "what is left of it: nothing" in said


def test_the_demonstration_passes(machine):
    """From a fresh clone, with one command."""
    code, said = shown(machine, "make", "demo")
    assert code == 0 and re.search(r"\n(\d+) passed, 0 failed\n", said)
