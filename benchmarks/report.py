# SPDX-License-Identifier: GPL-3.0-or-later
"""What measurements come to: tables of ratios, the goals, and a plot."""

from __future__ import annotations

from statistics import median

#: ways to read a host with thousands of devices
LOOKS = {"dump": "ip -j -d link, and json", "named": "the reader, ten bridges named", "all": "the reader, every device asked for"}

#: through what packets go
LOADS = {"few": "10 forwards", "again": "10 forwards, once more", "many": "2,000 forwards"}


class Measured:
    """Seconds by (contender, verb, count) of a subject, of several rounds."""

    def __init__(self, subject):
        self.subject, self.seconds = subject, {}

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

    def times(self, contender, verb, count):
        """How many times as long as the limit it took; a ping is taken off where Ansible plays."""
        return (self.of(contender, verb, count) - (self.ping if contender in self.subject.played else 0)) / self.of(self.subject.limit, verb, count)


def lines(found, looks, packets):
    """Lines of Markdown: a table of each subject ({name: Measured}), of the looks at thousands of devices, and of packets a second, and the goals."""
    for measured in found.values():
        yield from _table(measured)
        limit = measured.subject.contenders[measured.subject.limit]
        yield from ("", f"A task that does nothing (ping) takes {measured.ping:.2f} s, and is taken off before what is in brackets: times {limit}.", "")
    if looks:
        yield from _looks(looks)
    if packets:
        yield from _packets(packets)
    yield from ("| goal | measured | |", "|---|---:|---|")
    goals = [each for name, measured in found.items() for each in GOALS[name](measured)]
    for what, value, word, goal in [*goals, *(_look_goals(looks) if looks else []), *(_packet_goals(packets) if packets else [])]:
        reached = value <= goal if word == "at most" else value >= goal
        yield f"| {what}: {word} {goal} | {value:.2f} | {'reached' if reached else 'not reached'} |"


def _table(measured):
    """Seconds, and how many times those of the limit that is."""
    subject = measured.subject
    yield f"| {subject.name} | | {' | '.join(subject.contenders.values())} |"
    yield f"|---:|---|{'---:|' * len(subject.contenders)}"
    for count in subject.counts:
        for verb, title in subject.verbs.items():
            yield f"| {count} | {title} | {' | '.join(_cell(measured, contender, verb, count) for contender in subject.contenders)} |"


def _cell(measured, contender, verb, count):
    seconds = measured.of(contender, verb, count)
    if seconds is None:
        return ""
    digits = 2 if seconds >= 0.1 else 3
    return f"{seconds:.{digits}f} s" + ("" if contender == measured.subject.limit else f" ({measured.times(contender, verb, count):.2f})")


def _looks(looks):
    yield from ("| 5,000 devices, looked at in one process | seconds | |", "|---|---:|---:|")
    for name, title in LOOKS.items():
        yield f"| {title} | {median(looks[name]):.2f} s | {_look(looks, name):.2f} |"
    yield ""


def _look(looks, name):
    return median(looks[name]) / median(looks["dump"])


def _packets(packets):
    yield from ("| packets a second, each the first of a connection | median | least | most | |", "|---|---:|---:|---:|---:|")
    for load, title in LOADS.items():
        rates = [f"{rate:,.0f}" for rate in (median(packets[load]), min(packets[load]), max(packets[load]))]
        yield f"| {title} | {' | '.join(rates)} | {_through(packets, load):.2f} |"
    yield ""


def _through(packets, load):
    return median(packets[load]) / median([*packets["few"], *packets["again"]])


def _network_goals(measured):
    """(what, measured, how it is to compare, with what) of each goal."""
    subject, of, ping = measured.subject, measured.of, measured.ping
    most, few = subject.counts[-1], subject.played["virt_net"].most
    ours = of("virt_host", "again", most) / most
    return [
        ("one unchanged virt_network / ping", of("virt_network", "again", 1) / ping, "at most", 1.3),
        (f"building {most} networks in one task, a ping taken off / raw", measured.times("virt_host", "build", most), "at most", 1.15),
        (f"{most} unchanged networks in one task / ping", of("virt_host", "again", most) / ping, "at most", 1.3),
        (f"a network's share of {few} unchanged ones of virt_net / of {most} in one task", of("virt_net", "again", few) / few / ours, "at least", 30),
    ]


def _device_goals(measured):
    most = measured.subject.counts[-1]
    return [
        (f"building {most} bridges with their ports in one task, a ping taken off / ip -batch", measured.times("virt_host", "build", most), "at most", 2.5),
        (f"{most} unchanged bridges with their ports in one task, a ping taken off / two dumps", measured.times("virt_host", "again", most), "at most", 1.5),
    ]


def _look_goals(looks):
    return [(f"5,000 devices: {LOOKS[name]} / {LOOKS['dump']}", _look(looks, name), "at most", 1.3) for name in ("named", "all")]


def _forward_goals(measured):
    most, few = measured.subject.counts[-1], measured.subject.played["iptables"].most
    return [
        (f"building {most:,} forwards in one task, a ping taken off / a map by hand", measured.times("virt_nat", "build", most), "at most", 1.5),
        (f"building {few} forwards, a loop of iptables / one task", measured.of("iptables", "build", few) / measured.of("virt_nat", "build", few),
         "at least", 50),
    ]


def _packet_goals(packets):
    return [(f"packets a second: {LOADS['many']} / {LOADS['few']}", _through(packets, "many"), "at least", 0.9)]


GOALS = {"networks": _network_goals, "devices": _device_goals, "forwards": _forward_goals}


def plot(found, path):
    """Write a plot (SVG): seconds over how many there are, a row for each Measured and a panel for each verb, all axes logarithmic."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "virtlab", "font.size": 9})
    from matplotlib import pyplot

    width = max(len(measured.subject.verbs) for measured in found)
    figure = pyplot.figure(figsize=(3.25 * width, 3.6 * len(found)))
    for part, measured in zip(figure.subfigures(len(found), 1, squeeze=False)[:, 0], found):
        _row(part, measured, width)
    figure.savefig(path, metadata={"Date": None})


def _row(part, measured, width):
    subject = measured.subject
    panels = part.subplots(1, width, sharey=True, gridspec_kw={"left": 0.06, "right": 0.98, "bottom": 0.26, "top": 0.9, "wspace": 0.08})
    for panel in panels[len(subject.verbs):]:
        panel.axis("off")
    for panel, (verb, title) in zip(panels, subject.verbs.items()):
        for contender, marker in zip(subject.contenders, "xo^s"):
            points = [(count, measured.of(contender, verb, count)) for count in subject.counts if measured.of(contender, verb, count)]
            panel.plot(*zip(*points), marker=marker, label=subject.contenders[contender])
        panel.axhline(measured.ping, color="grey", linestyle=":", label="ping")
        panel.set(title=title, xlabel=subject.name, xscale="log", yscale="log")
        panel.set_xticks(subject.counts, [str(count) for count in subject.counts])
        panel.minorticks_off()
    panels[0].set_ylabel("seconds")
    handles, labels = panels[0].get_legend_handles_labels()
    part.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False)
