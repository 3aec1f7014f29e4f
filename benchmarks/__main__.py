# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m benchmarks FOLDER [SUBJECT...]``: measures all contenders on disposable hosts, prints ratios, and leaves ratios.md, plot.svg and seconds.json.

FOLDER holds what Ansible finds community.libvirt in, as ansible_collections/community/libvirt. Subjects are networks, devices and forwards; all where none is
named.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from testbed import claim
from testbed import lab as labs
from testbed.bed import BedError, need_root
from testbed.host import CHECKOUT
from testbed.play import collections

from . import report
from .devices import DEVICES
from .forwards import FORWARDS
from .networks import NETWORKS
from .packets import throughput
from .plays import HERE, play

SUBJECTS = {"networks": NETWORKS, "devices": DEVICES, "forwards": FORWARDS}
ROUNDS, AGAIN = 3, 3
#: bridges of the host that is looked at, with four ports each, and how often it is
MANY, LOOKS = 1000, 5


def _verbs(subject, again=AGAIN):
    """(verb, number) of each, in order: what changes nothing is done several times."""
    return [(verb, number) for verb in subject.verbs for number in range(again if verb == "again" else 1)]


def alone(host, subject, contender, count, measured):
    """What a contender takes that runs on the host by itself."""
    for verb in (verb for verb, unused in _verbs(subject)):
        done = host.run("python3", f"/root/{subject.alone[contender].script}", verb, input=json.dumps(subject.given(count)))
        measured.add(contender, verb, count, float(done.stdout))


def played(top, subject, contender, count, measured):
    """What a play of one of Ansible's modules takes, task by task; each verb that has several tasks is their sum."""
    verbs = _verbs(subject, 1 if subject.played[contender].once else AGAIN)
    tasks = [{"name": f"ping {number}", "ansible.builtin.ping": {}} for number in range(AGAIN + 1)]
    tasks += [{"name": "first", "check_mode": True, **task} for task in subject.played[contender].tasks("build", 1)]
    tasks += [{"name": f"{verb} {number}", **task} for verb, number in verbs for task in subject.played[contender].tasks(verb, count)]
    seconds = {}
    for line in play(top, tasks):
        verb = line["task"].split()[0]
        if subject.played[contender].truthful and verb in subject.verbs and line["changed"] != (verb != "again"):
            raise BedError(f"{contender} says changed: {line['changed']} to {verb}")
        seconds[line["task"]] = seconds.get(line["task"], 0) + line["seconds"]
    for task, taken in seconds.items():
        verb = task.split()[0]
        if task not in ("ping 0", "first"):  # the one connects, the other has Ansible pack the module, once a play
            measured.add("ping" if verb == "ping" else contender, verb, count, taken)


def compare(host, top, subject):
    """All contenders of a subject, one after the other in each round."""
    measured = report.Measured(subject)
    for number in range(ROUNDS):
        for count in subject.counts:
            print(f"Round {number + 1} of {ROUNDS}: {count} {subject.name}", flush=True)
            for contender in subject.alone:
                alone(host, subject, contender, count, measured)
            for contender in (name for name, each in subject.played.items() if count <= each.most and not (each.once and number)):
                played(top, subject, contender, count, measured)
    return measured


def look(host):
    """{way to read a host with thousands of devices: seconds of each look}."""
    print("Looking at thousands of devices", flush=True)
    host.put(CHECKOUT / "plugins", "/root/collections/ansible_collections/virtlab/network")
    return json.loads(host.run("python3", "/root/alone_reader.py", "/root/collections", str(MANY), str(LOOKS)).stdout)


def measure(folder, names):
    """({subject: Measured}, what look() says or None, what throughput() says or None)"""
    name = f"bench{os.getpid()}"
    try:
        lab = labs.up(name, count=2)
        for host in lab.hosts.values():
            for script in HERE.glob("alone_*.py"):
                host.path(f"/root/{script.name}").write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
        with collections() as top:
            Path(top, "inventory.json").write_text(json.dumps(lab.inventory()), encoding="utf-8")
            Path(top, "ansible_collections/community").symlink_to(folder.resolve() / "ansible_collections/community")
            found = {each: compare(lab.hosts["host1"], top, SUBJECTS[each]) for each in names}
            packets = throughput(lab, top) if "forwards" in names else None
        return found, look(lab.hosts["host2"]) if "devices" in names else None, packets
    finally:
        claim.down(name)


def main():
    """See above."""
    need_root("make bench")
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(SUBJECTS)
    found, looks, packets = measure(folder, names)
    text = "\n".join(report.lines(found, looks, packets)) + "\n"
    seconds = [[name, *key, values] for name, measured in found.items() for key, values in measured.seconds.items()]
    (folder / "ratios.md").write_text(text, encoding="utf-8")
    (folder / "seconds.json").write_text(json.dumps({"tasks": seconds, "looks": looks, "packets": packets}, indent=1), encoding="utf-8")
    report.plot(list(found.values()), folder / "plot.svg")
    print(f"\n{text}\nLeft in {folder}: ratios.md, plot.svg, seconds.json")


if __name__ == "__main__":
    main()
