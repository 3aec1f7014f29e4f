# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of what cloud-init reads: what a task says in YAML becomes text, so that the managed host needs no YAML, and a secret is one text."""

from __future__ import annotations

import yaml
from ansible.parsing.yaml.dumper import AnsibleDumper

#: what stands in front of each that is written, by its option
HEADS = {"user_data": "#cloud-config\n", "meta_data": "", "network_config": ""}


def written(options):
    """The options of a guest, with texts in ``cloud_init``. What is no mapping is left to the module to judge."""
    given = options.get("cloud_init")
    if not isinstance(given, dict):
        return options
    return {**options, "cloud_init": {name: _text(name, value) if isinstance(value, dict) else value for name, value in given.items()}}


def _text(name, value):
    return HEADS.get(name, "") + yaml.dump(value, Dumper=AnsibleDumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10**6)
