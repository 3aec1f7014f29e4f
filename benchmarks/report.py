# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurements come to: a table of ratios, the goals, and a plot."""

from __future__ import annotations

from statistics import median

from .contenders import VERBS

TITLES = {"build": "build", "again": "run again, nothing to do", "lease": "change one lease of each", "remove": "remove"}
NAMES = {"raw": "raw libvirt-python", "virt_host": "virt_host, one task", "virt_network": "virt_network, a loop",
         "virt_net": "community.libvirt's virt_net, loops"}


class Measured:
    """Seconds by (contender, verb, count), of several rounds."""

    def __init__(self):
        self.seconds = {}

    def add(self, contender, verb, count, seconds):
        """One more measurement."""
        self.seconds.setdefault((contender, verb, count), []).append(seconds)

    def of(self, contender, verb, count):
        """Their median; None where there is none."""
        found = self.seconds.get((contender, verb, count))
        return median(found) if found else None

    @property
    def ping(self):
        """Seconds of a task that does nothing."""
        return median(value for (contender, *unused), values in self.seconds.items() if contender == "ping" for value in values)

    @property
    def counts(self):
        """How many networks there were."""
        return sorted({count for contender, verb, count in self.seconds if contender == "raw"})


def table(measured):
    """Lines of a Markdown table: seconds, and how many times those of raw libvirt-python that is once a ping is taken off."""
    yield f"| networks | | {' | '.join(NAMES.values())} |"
    yield f"|---:|---|{'---:|' * len(NAMES)}"
    for count in measured.counts:
        for verb in VERBS:
            cells = [_cell(measured, contender, verb, count) for contender in NAMES]
            yield f"| {count} | {TITLES[verb]} | {' | '.join(cells)} |"


def _cell(measured, contender, verb, count):
    seconds, raw = measured.of(contender, verb, count), measured.of("raw", verb, count)
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if contender == "raw" else f"{seconds:.2f} s ({(seconds - measured.ping) / raw:.2f})"


def goals(measured):
    """(what, measured, goal, whether it is reached) of each goal."""
    most = measured.counts[-1]
    few = max(count for contender, verb, count in measured.seconds if contender == "virt_net")
    of, ping = measured.of, measured.ping
    ours = of("virt_host", "again", most) / most
    found = [
        ("one unchanged virt_network / ping", of("virt_network", "again", 1) / ping, "at most", 1.3),
        (f"building {most} networks in one task, a ping taken off / raw", (of("virt_host", "build", most) - ping) / of("raw", "build", most), "at most", 1.15),
        (f"{most} unchanged networks in one task / ping", of("virt_host", "again", most) / ping, "at most", 1.3),
        (f"a network's share of {few} unchanged ones of virt_net / of {most} in one task", of("virt_net", "again", few) / few / ours, "at least", 30),
    ]
    return [(what, value, f"{word} {goal}", value <= goal if word == "at most" else value >= goal) for what, value, word, goal in found]


def plot(measured, path):
    """Write a plot (SVG): seconds over networks, a panel for each verb, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "virtlab", "font.size": 9})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(VERBS), figsize=(13, 3.6), sharey=True)
    for panel, verb in zip(panels, VERBS):
        for contender, marker in zip(NAMES, "xo^s"):
            points = [(count, measured.of(contender, verb, count)) for count in measured.counts if measured.of(contender, verb, count)]
            panel.plot(*zip(*points), marker=marker, label=NAMES[contender])
        panel.axhline(measured.ping, color="grey", linestyle=":", label="ping")
        panel.set(title=TITLES[verb], xlabel="networks", xscale="log", yscale="log")
        panel.set_xticks(measured.counts, [str(count) for count in measured.counts])
        panel.minorticks_off()
    panels[0].set_ylabel("seconds")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(path, metadata={"Date": None})
