# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the JSON Schema of a lab's definition, computed from the models that read it: lab_schema.py FOLDER, with ansible_collections/ below it."""

from __future__ import annotations

import json
import re
import sys

#: JSON's words for Ansible's; what may be written as another type is taken as that, too, as Ansible does
TYPES = {"str": ["string", "number", "boolean"], "int": ["integer", "string"], "bool": ["boolean", "string"], "dict": "object", "raw": ["string", "object"]}
#: how our documentation marks words
MARKED = re.compile(r"[OVCPM]\(([^()]*)\)")


def schema(lab, declared):
    """The schema of a file that has ``lab_definition``, perhaps beside other variables."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A lab of virtlab.network", "type": "object",
        "properties": {"lab_definition": _of_model(lab, declared)}, "required": ["lab_definition"],
    }


def _of_model(cls, declared):
    known = declared(cls)
    required = [name for name, entry in known if entry.required]
    shape = {"type": "object", "properties": {name: _of_option(entry, declared) for name, entry in known}, "additionalProperties": False}
    return {**shape, **({"required": required} if required else {})}


def _of_option(entry, declared):
    if entry.nested:
        one = _of_model(entry.kind, declared)
    else:
        one = {"enum": list(entry.kind.choices)} if entry.kind.choices else {"type": TYPES[entry.kind.ansible]}
    text = entry.help if isinstance(entry.help, str) else " ".join(entry.help)
    return {"description": MARKED.sub(r"\1", text), **({"type": "array", "items": one} if entry.many else one)}


def main(folder):
    """See the top."""
    sys.path.insert(0, folder)
    from ansible_collections.virtlab.network.plugins.module_utils.model.option import declared
    from ansible_collections.virtlab.network.plugins.plugin_utils.lab.model import Lab

    print(json.dumps(schema(Lab, declared), indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
