# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself is what it holds."""

from __future__ import annotations

import yaml


def load(path):
    """A YAML file's content."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def modules(checkout):
    """The names of the modules."""
    return sorted(path.stem for path in (checkout / "plugins/modules").glob("[!_]*.py"))


def roles(checkout):
    """The folders of the roles."""
    return sorted(path for path in (checkout / "roles").glob("*") if path.is_dir())


def playbooks(checkout):
    """The names of the playbooks."""
    return sorted(path.stem for path in (checkout / "playbooks").glob("*.yml"))


def test_the_action_group_holds_every_module(checkout):
    """module_defaults for group/virtlab.network.all reach each module."""
    assert modules(checkout), "there is no module"
    assert sorted(load(checkout / "meta/runtime.yml")["action_groups"]["all"]) == modules(checkout)


def test_readme_names_all_that_is_offered(checkout):
    """A module, role or playbook that the README does not name is one that nobody finds."""
    offered = modules(checkout) + [path.name for path in roles(checkout)] + playbooks(checkout)
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    assert [name for name in offered if f"`{name}`" not in readme and f"`virtlab.network.{name}`" not in readme] == []


def test_every_role_describes_itself(checkout):
    """A role has a page and an argument spec."""
    wanted = [path / part for path in roles(checkout) for part in ("README.md", "meta/argument_specs.yml")]
    assert [str(path.relative_to(checkout)) for path in wanted if not path.is_file()] == []


def test_the_license_is_the_one_declared(checkout):
    """galaxy.yml and LICENSE agree."""
    assert load(checkout / "galaxy.yml")["license"] == ["GPL-3.0-or-later"]
    assert "Version 3, 29 June 2007" in (checkout / "LICENSE").read_text(encoding="utf-8")


def test_the_coming_or_last_release_is_this_version(checkout):
    """galaxy.yml's version has its entry in the change log, or its fragment."""
    version = load(checkout / "galaxy.yml")["version"]
    released = load(checkout / "changelogs/changelog.yaml")["releases"]
    assert version in released or (checkout / f"changelogs/fragments/{version}.yml").is_file()
