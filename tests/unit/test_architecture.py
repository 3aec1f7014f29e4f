# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the source and holds it against the design: who may call whom, and what is written in one place alone."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.virtlab.network"

# The rooms under plugins/ (a file or a folder) and the rooms that each may import from, beside itself and what is COMMON.
# A new room is one line.
COMMON = {"module_utils/errors", "module_utils/deps", "module_utils/argument_spec"}
ROOMS = {
    "modules": {"module_utils/run"},
    "action": {"plugin_utils"},
    "inventory": {"plugin_utils"},
    "callback": set(),
    "plugin_utils": {"module_utils/model"},
    "connection": set(),
    "doc_fragments": {"module_utils/model"},
    "filter": {"plugin_utils"},
    "module_utils/run": {"module_utils/trial", "module_utils/info", "module_utils/probe", "module_utils/ends"},
    "module_utils/ends": {"module_utils/probe", "module_utils/info", "module_utils/desired", "module_utils/plan", "module_utils/backend",
                          "module_utils/model"},
    "module_utils/probe": {"module_utils/desired", "module_utils/plan", "module_utils/backend", "module_utils/model"},
    "module_utils/trial": {"module_utils/act", "module_utils/reconcile", "module_utils/backend"},
    "module_utils/act": {"module_utils/reconcile", "module_utils/diff", "module_utils/plan"},
    "module_utils/diff": {"module_utils/plan", "module_utils/model"},
    "module_utils/info": {"module_utils/plan", "module_utils/backend", "module_utils/codec", "module_utils/model"},
    "module_utils/reconcile": {"module_utils/desired", "module_utils/plan", "module_utils/backend", "module_utils/model"},
    "module_utils/desired": {"module_utils/codec", "module_utils/model"},
    "module_utils/plan": {"module_utils/model"},
    "module_utils/backend": {"module_utils/codec", "module_utils/model"},
    "module_utils/codec": {"module_utils/model"},
    "module_utils/model": set(),
    "module_utils/argument_spec": {"module_utils/model"},
    "module_utils/deps": set(),
    "module_utils/errors": set(),
}

#: what runs where Ansible does
CONTROLLER = tuple(f"plugins/{room}/" for room in ("action", "callback", "connection", "filter", "inventory", "plugin_utils"))
MODULE_DOCS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


class Import(NamedTuple):
    """One imported name: what it is, the line, and whether it was written relative."""

    name: str
    line: int
    relative: bool


class Source:
    """A Python file, parsed."""

    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(CHECKOUT).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.nodes = list(ast.walk(self.tree))

    def at(self, node):
        """Where ``node`` stands, as a person would look it up."""
        return f"{self.name}:{node.lineno}"

    @property
    def dotted(self):
        """The dotted name that the file is imported by."""
        parts = self.path.relative_to(CHECKOUT).with_suffix("").parts
        return ".".join([COLLECTION, *(parts[:-1] if parts[-1] == "__init__" else parts)])

    @property
    def package(self):
        """The package that a relative import starts from."""
        return self.dotted if self.path.stem == "__init__" else self.dotted.rpartition(".")[0]

    def imports(self):
        """Every import, also those within functions, with relative names resolved. ``from x import y`` is x.y: it may be a module."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, node.lineno, False) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                up = self.package.split(".")
                base = ".".join([*up[: len(up) - node.level + 1], *filter(None, [node.module])]) if node.level else node.module
                yield from (Import(f"{base}.{alias.name}", node.lineno, bool(node.level)) for alias in node.names)


def sources(*folders):
    """Every Python file under the given folders of the checkout."""
    return [Source(path) for folder in folders for path in sorted((CHECKOUT / folder).rglob("*.py"))]


PLUGINS = sources("plugins")
MODULES = [source for source in PLUGINS if source.name.startswith("plugins/modules/")]
TESTBED = sources("testbed")


def room(dotted):
    """The room that a module of the collection is in, or None for one outside plugins/ or in a package that is no room."""
    path = dotted[len(COLLECTION) + 1 :].replace(".", "/") + "/"
    return next((name for name in ROOMS if path.startswith(f"plugins/{name}/")), None)


def own_imports(source):
    """The imports that lead to the collection itself."""
    return [found for found in source.imports() if found.name.startswith(f"{COLLECTION}.")]


def mentions(node, word):
    """The nodes under ``node`` that name ``word``, as a variable, an attribute or a string."""
    fields = {ast.Name: "id", ast.Attribute: "attr", ast.Constant: "value"}
    return [child for child in ast.walk(node) if type(child) in fields and getattr(child, fields[type(child)]) == word]


def test_there_is_something_to_read():
    """An empty list passes every test below."""
    found = {room(source.dotted) for source in PLUGINS}
    assert [name for name in ROOMS if name not in found] == [], "rooms without a file"
    assert TESTBED, "no file in testbed/"


def test_every_file_is_in_a_room():
    """A file outside every room has no rule to follow."""
    assert [source.name for source in PLUGINS if room(source.dotted) is None and source.text.strip()] == []


def test_nothing_points_up():
    """A room imports from the rooms below it alone."""
    wrong = []
    for source in PLUGINS:
        mine = room(source.dotted)
        allowed = ROOMS.get(mine, set()) | COMMON | {mine}
        wrong += [
            f"{source.name}:{found.line} {mine} imports {found.name}" for found in own_imports(source) if room(found.name) not in allowed
        ]
    assert wrong == []


def test_no_file_imports_itself_in_a_circle():
    """Within a room, too, imports have a direction."""
    known = {source.dotted for source in PLUGINS}
    graph = {}
    for source in PLUGINS:
        targets = {name for found in own_imports(source) for name in (found.name, found.name.rpartition(".")[0]) if name in known}
        graph[source.dotted] = targets - {source.dotted}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as err:
        pytest.fail(" imports ".join(err.args[1]))


def test_a_task_imports_nothing_of_other_kinds():
    """What Ansible ships is compiled anew in every task, so that what the core itself imports is what all kinds need."""
    known = {source.dotted: source for source in PLUGINS}
    left, found = [f"{COLLECTION}.plugins.module_utils.{name}" for name in ("run", "trial", "info")], set()
    while left:
        name = left.pop()
        if name in known and name not in found:
            found.add(name)
            inside = {node.lineno for function in known[name].nodes if isinstance(function, ast.FunctionDef) for node in ast.walk(function)
                      if isinstance(node, (ast.Import, ast.ImportFrom))}
            left += [each for own in known[name].imports() if own.line not in inside for each in (own.name, own.name.rpartition(".")[0])]
    own = {name.rpartition("module_utils.")[2] for name in found}
    kinds = {f"{place}.{kind}" for place in ("model", "desired", "plan") for kind in ("network", "link", "nat", "firewall", "interface", "probe")}
    assert own & {*kinds, "probe", *(f"backend.{name}" for name in ("networks", "devices", "nftables", "interfaces", "probe"))} == {"model.network"}


def test_imports_are_relative_and_literal():
    """AnsiballZ ships what it can read: the collection's own files by relative name, none by a name that is computed."""
    wrong = [f"{source.name}:{found.line} {found.name}" for source in PLUGINS for found in own_imports(source) if not found.relative]
    for source in PLUGINS:
        wrong += [f"{source.name}:{found.line} {found.name}" for found in source.imports() if found.name.split(".")[0] == "importlib"]
        wrong += [source.at(node) for word in ("__import__", "exec", "eval") for node in mentions(source.tree, word)]
    assert wrong == []


def test_only_run_knows_ansible():
    """AnsibleModule is named in run.py alone, and so is anything else of Ansible's; what runs on the controller is Ansible's own."""
    managed = [source for source in PLUGINS if not source.name.startswith(CONTROLLER)]
    knows = {source.name for source in managed if any(found.name.split(".")[0] == "ansible" for found in source.imports())}
    names = {source.name for source in PLUGINS if mentions(source.tree, "AnsibleModule")}
    assert knows | names == {"plugins/module_utils/run.py"}


def test_check_mode_is_tested_once():
    """One `if` in front of apply: a module cannot forget it. At the edge there is another, in front of a trial."""
    conditions = [
        (source, test)
        for source in PLUGINS
        for node in source.nodes
        for test in [getattr(node, "test", None)] + list(getattr(node, "ifs", []))
        if isinstance(test, ast.expr)
    ]
    places = sorted({source.at(name) for source, test in conditions for name in mentions(test, "check_mode")})
    assert [place.partition(":")[0] for place in places] == ["plugins/module_utils/reconcile.py", "plugins/module_utils/run.py"], places


def test_no_except_swallows_a_bug():
    """Errors are caught by name; what nobody foresaw propagates."""
    broad = {"Exception", "BaseException"}
    wrong = []
    for source in PLUGINS + TESTBED:
        for node in source.nodes:
            if isinstance(node, ast.ExceptHandler) and (node.type is None or any(mentions(node.type, name) for name in broad)):
                wrong.append(source.at(node))
    assert wrong == []


def test_no_command_goes_through_a_shell():
    """A command is a list of words."""
    keywords = [(source, node) for source in PLUGINS + TESTBED for node in source.nodes if isinstance(node, ast.keyword)]
    shells = [
        source.at(node.value)
        for source, node in keywords
        if node.arg in ("shell", "use_unsafe_shell") and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    shells += [source.at(node) for source in PLUGINS + TESTBED for word in ("system", "popen", "getoutput") for node in mentions(source.tree, word)]
    assert shells == []


def test_no_file_is_too_long_to_read():
    """400 lines are enough for one thing."""
    lengths = {source.name: len(source.text.splitlines()) for source in PLUGINS + TESTBED}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_a_module_is_its_documentation_and_one_call():
    """At most 20 lines of code, and no branch on the state."""
    assert MODULES, "there is no module"
    long = {}
    for source in MODULES:
        lines = set()
        for node in source.tree.body:
            documents = isinstance(node, ast.Assign) and {getattr(target, "id", None) for target in node.targets} <= MODULE_DOCS
            if not documents and not isinstance(node, ast.Expr):
                lines |= set(range(node.lineno, node.end_lineno + 1))
        written = [number for number in lines if source.text.splitlines()[number - 1].strip()]
        if len(written) > 20:
            long[source.name] = len(written)
    assert long == {}
    assert [source.at(name) for source in MODULES for node in source.nodes if isinstance(node, ast.If) for name in mentions(node.test, "state")] == []


def test_every_file_says_whose_it_is():
    """Copyright and licence stand at the top of each file that is shipped."""
    header = ("virtlab.network contributors", "GNU General Public License v3.0+", "SPDX-License-Identifier: GPL-3.0-or-later")
    wrong = [source.name for source in PLUGINS if source.text.strip() and not all(line in source.text[:500] for line in header)]
    assert wrong == []
