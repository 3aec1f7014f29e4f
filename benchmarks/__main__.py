# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks FOLDER``: measures all contenders on one disposable host, prints ratios, and leaves ratios.md, plot.svg and seconds.json.

FOLDER holds what Ansible finds community.libvirt in, as ansible_collections/community/libvirt.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from testbed import claim
from testbed import lab as labs
from testbed.bed import BedError, need_root
from testbed.play import collections, environment

from . import report
from .contenders import PLAYED, VERBS, documents

COUNTS, ROUNDS, AGAIN = (1, 10, 50), 3, 3
HERE = Path(__file__).parent


def raw(host, count, measured):
    """What libvirt itself takes."""
    for verb in (*VERBS[:2], *[VERBS[1]] * (AGAIN - 1), *VERBS[2:]):
        done = host.run("python3", "/root/raw.py", verb, input=json.dumps(documents(count)))
        measured.add("raw", verb, count, float(done.stdout))


def played(lab, top, contender, count, measured):
    """What a play of one of Ansible's modules takes, task by task; each verb that has several tasks is their sum."""
    tasks_of, unused = PLAYED[contender]
    verbs = [("build", 0), *(("again", number) for number in range(AGAIN)), ("lease", 0), ("remove", 0)]
    tasks = [{"name": f"ping {number}", "ansible.builtin.ping": {}} for number in range(AGAIN + 1)]
    tasks += [{"name": f"{verb} {number}", **task} for verb, number in verbs for task in tasks_of(verb, count)]
    path = Path(top, "play.json")
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    more = {"ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"), "ANSIBLE_STDOUT_CALLBACK": "durations"}
    done = subprocess.run(["ansible-playbook", "-i", f"{top}/inventory.json", str(path)], env={**environment(top), **more}, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise BedError(f"{contender} failed:\n{done.stdout}{done.stderr}")
    seconds = {}
    for line in map(json.loads, done.stdout.splitlines()):
        verb = line["task"].split()[0]
        if contender != "virt_net" and verb != "ping" and line["changed"] != (verb != "again"):
            raise BedError(f"{contender} says changed: {line['changed']} to {verb}")
        seconds[line["task"]] = seconds.get(line["task"], 0) + line["seconds"]
    for task, taken in seconds.items():
        verb = task.split()[0]
        if task != "ping 0":  # which also connects
            measured.add("ping" if verb == "ping" else contender, verb, count, taken)


def measure(folder):
    """All of it."""
    name, measured = f"bench{os.getpid()}", report.Measured()
    try:
        lab = labs.up(name)
        host = lab.hosts["host1"]
        host.path("/root/raw.py").write_text((HERE / "raw.py").read_text(encoding="utf-8"), encoding="utf-8")
        with collections() as top:
            Path(top, "inventory.json").write_text(json.dumps(lab.inventory()), encoding="utf-8")
            Path(top, "ansible_collections/community").symlink_to(folder.resolve() / "ansible_collections/community")
            for number in range(ROUNDS):
                for count in COUNTS:
                    print(f"Round {number + 1} of {ROUNDS}: {count} network{'s' if count > 1 else ''}", flush=True)
                    raw(host, count, measured)
                    for contender in (name for name, (tasks, most) in PLAYED.items() if count <= most):
                        played(lab, top, contender, count, measured)
    finally:
        claim.down(name)
    return measured


def main():
    """See above."""
    need_root("make bench")
    folder = Path(sys.argv[1])
    measured = measure(folder)
    lines = list(report.table(measured))
    lines += ["", f"A task that does nothing (ping) takes {measured.ping:.2f} s, and is taken off before what is in brackets: times raw libvirt-python.", ""]
    lines += ["| goal | measured | |", "|---|---:|---|"]
    lines += [f"| {what}: {goal} | {value:.2f} | {'reached' if reached else 'not reached'} |" for what, value, goal, reached in report.goals(measured)]
    (folder / "ratios.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "seconds.json").write_text(json.dumps([[*key, values] for key, values in measured.seconds.items()], indent=1), encoding="utf-8")
    report.plot(measured, folder / "plot.svg")
    print("\n" + "\n".join(lines) + f"\n\nLeft in {folder}: ratios.md, plot.svg, seconds.json")


if __name__ == "__main__":
    main()
