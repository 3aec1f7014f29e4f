# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable from a checkout at any path, and lets no test be skipped in silence."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path

import pytest

from testbed.play import collections
from tests.plays import Ansible

CHECKOUT = Path(__file__).resolve().parent.parent
LINKED = pytest.StashKey[str]()


def pytest_addoption(parser):
    """``--suite`` chooses the release of Debian, and with it that of libvirt."""
    parser.addoption("--suite", default="bookworm")


def pytest_configure(config):
    """Let ``ansible_collections.virtlab.network`` be this checkout, wherever it is."""
    if importable():
        return
    from ansible.plugins.loader import init_plugin_loader

    config.stash[LINKED] = root = tempfile.mkdtemp(prefix="virtlab-network-")
    collection = Path(root, "ansible_collections", "virtlab", "network")
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CHECKOUT, target_is_directory=True)
    init_plugin_loader([root])


def pytest_unconfigure(config):
    """Take the link away again; the checkout behind it stays."""
    root = config.stash.get(LINKED, None)
    if root:
        shutil.rmtree(root)


def importable():
    """True where something (ansible-test, for one) has made the collection importable already."""
    try:
        return importlib.util.find_spec("ansible_collections.virtlab.network") is not None
    except ModuleNotFoundError:
        return False


def left_out(config):
    """How many tests were collected and then not held to anything."""
    stats = config.pluginmanager.get_plugin("terminalreporter").stats
    return sum(len(stats.get(outcome, [])) for outcome in ("skipped", "xfailed", "xpassed"))


def pytest_sessionfinish(session, exitstatus):
    """A test that was skipped, or whose failure was expected, was not run: the session fails for it."""
    if exitstatus == pytest.ExitCode.OK and left_out(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    """Say why a session without a failure fails."""
    if left_out(config):
        terminalreporter.section("a skipped test fails the run: what was not run is not known to work")


@pytest.fixture(scope="session")
def checkout():
    """The root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def suite(pytestconfig):
    """The release of Debian that hosts have."""
    return pytestconfig.getoption("suite")


@pytest.fixture(scope="session")
def ansible_for():
    """A function that gives Ansible for a host of a lab."""
    with collections() as top:
        yield lambda lab, host, *way, **more: Ansible(lab, host, top, *way, **more)


@pytest.fixture(scope="session")
def inside(checkout):
    """A function that runs a script of inside/ on a host, where it finds the collection; a CompletedProcess."""
    ready = set()

    def run(host, script, *arguments, **more):
        if host not in ready:
            host.put(checkout / "plugins", "/opt/virtlab/ansible_collections/virtlab/network")
            host.put(Path(__file__).with_name("inside"), "/opt/virtlab")
            ready.add(host)
        return host.run("/usr/bin/python3", f"/opt/virtlab/inside/{script}.py", "/opt/virtlab", *arguments, **more)

    return run
