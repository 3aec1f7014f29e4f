# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says in YAML for cloud-init, as text."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.virtlab.network.plugins.plugin_utils.cloud_init import written


def test_mappings_become_texts():
    """In their order, readable, and with the head that cloud-init asks for; texts stay as they are."""
    users = {"users": [{"name": "me", "sudo": "ALL"}], "packages": ["ä: b"], "count": 1, "on": True}
    given = {"name": "vm", "cloud_init": {"user_data": users, "meta_data": "a\n\n b ", "network_config": {"version": 2}}}
    made = written(given)["cloud_init"]
    assert made["user_data"].startswith("#cloud-config\nusers:\n- name: me\n") and "ä: b" in made["user_data"]
    assert yaml.safe_load(made["user_data"]) == users
    assert made["meta_data"] == "a\n\n b " and made["network_config"] == "version: 2\n"
    assert given["cloud_init"]["user_data"] is users


@pytest.mark.parametrize("given", [{}, {"cloud_init": None}, {"cloud_init": "text"}, {"cloud_init": {"user_data": ["no"]}}])
def test_the_rest_is_the_modules_to_judge(given):
    """Nothing is guessed."""
    assert written(given) == given
