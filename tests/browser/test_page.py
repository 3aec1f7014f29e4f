# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a topology in a browser: what is seen, and what mouse and keyboard do."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.virtlab.network.plugins.filter.topology import topology
from selenium.webdriver.common.keys import Keys

from tests import topologies

GATHERED = {"few": topologies.few, "many": topologies.many, "evil": topologies.evil}


@pytest.mark.parametrize("name", GATHERED)
@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_read(draw, name, dark):
    """No words on words, no boxes on boxes, no words outside their box, by day and by night, with groups closed and open."""
    page = draw(GATHERED[name]())
    page.media(prefers_color_scheme="dark" if dark else "light")
    assert page.overlaps() == []
    page.picture(f"{name}-{'dark' if dark else 'light'}")
    ground, ink = (page.js(f"return getComputedStyle(document.body).{each}") for each in ("backgroundColor", "color"))
    assert (sum(map(int, ground[4:-1].split(","))) < sum(map(int, ink[4:-1].split(",")))) is dark
    if name == "many":
        page.one("#open").click()
        assert len(page.js("return [...document.querySelectorAll('#map .node.guest:not([visibility])')]")) == 100
        assert page.overlaps() == []
        page.one("#open").click()
        assert page.js("return document.querySelectorAll('#map .node.guest:not([visibility])').length") == 0
    page.quiet()


@pytest.mark.parametrize("width", [1920, 1480, 1024, 620])
@pytest.mark.parametrize("name", ["few", "many"])
def test_nothing_is_lost_beside(draw, name, width):
    """The page is no wider than its window, and all of the picture is in what can be scrolled."""
    page = draw(GATHERED[name]())
    page.driver.set_window_size(width, 900)
    assert page.js("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    lost = page.js("""const around = document.getElementById("picture"), left = around.getBoundingClientRect().left - around.scrollLeft;
        return [...document.querySelectorAll("#map .box")].filter((box) => box.getBoundingClientRect().right - left > around.scrollWidth + 1).length""")
    assert lost == 0
    if width >= 1480:
        assert page.js("const around = document.getElementById('picture'); return around.scrollWidth <= around.clientWidth"), "it fits a usual window"


def test_a_guest_is_clicked(draw):
    """Its facts, its troubles, and its way to the world; Escape takes it back."""
    page = draw(topologies.few())
    assert page.one("#panel").is_displayed() and not page.one("#facts").is_displayed()
    page.node("guest web").click()
    assert page.lit() == ["lab", "web", "vnet1", "NAT", "eth0", "World"]
    assert page.one("#facts").is_displayed() and not page.one("#panel").is_displayed()
    assert page.one("#facts h2").text.splitlines() == ["web", "guest on alder"]
    assert page.facts()["addresses"] == "192.168.150.10" and page.facts()["leads to"] == "vnet1"
    page.picture("few-web")
    page.node("NIC vnet4").click()
    assert page.facts()["leads to"] == "lan (VLAN 20)" and page.facts()["MAC"] == "52:54:00:00:00:04" and "mail" in page.lit() and "web" not in page.lit()
    page.node("network dmz").click()
    assert "docker: what its guests begin is dropped" in page.one("#facts li").text and page.facts()["forward mode"] == "open"
    page.node("network lab").click()
    assert page.facts()["leases"] == "192.168.150.10 web" and {"web", "db"} <= set(page.lit())
    page.press(Keys.ESCAPE)
    assert page.lit() == [] and page.one("#panel").is_displayed()
    page.quiet()


def test_health_leads_to_what_is_broken(draw):
    """Each trouble is in words, and leads to its box."""
    page = draw(topologies.few())
    assert page.one("#health").text == "5 broken, 2 warnings" and len(page.all(".troubles li")) == 7
    next(each for each in page.all(".troubles button") if "birch: eth2" in each.text).click()
    assert page.focused() == "uplink eth2 on birch, broken: it has no carrier" and "bond0" in page.lit()
    assert page.one("#facts li").text == "it has no carrier"


def test_a_group_is_opened(draw):
    """A box of many guests opens and closes; what is below it moves."""
    page = draw(topologies.many())
    group = page.node("group of 16 guests, 15 running, 1 shut off, 3 with troubles")
    below = page.node("network lonely on host1")
    before = below.location["y"]
    group.click()
    assert group.get_attribute("aria-expanded") == "true" and below.location["y"] > before + 500
    assert page.node("guest guest-004").is_displayed() and page.overlaps() == []
    page.picture("many-open")
    page.node("guest guest-004").click()
    assert "vnet4" in page.lit() and "default" in page.lit() and page.facts()["addresses"] == "10.0.1.104"
    group.click()
    assert group.get_attribute("aria-expanded") == "false" and below.location["y"] == before
    page.quiet()


def test_finding(draw):
    """By address, MAC or name; Enter goes to the first, in its group, and then to the next."""
    page = draw(topologies.many())
    page.press("/")
    assert page.focused() == "search"
    page.press("10.2.1.1")
    assert page.one("#found").text.endswith(" found") and int(page.one("#found").text.split()[0]) > 10
    assert len(page.all("#map .node.hit")) >= 1
    page.find("guest-042")
    assert page.one("#found").text == "1 found" and not page.node("guest guest-042").is_displayed()
    page.press(Keys.ENTER)
    assert page.node("guest guest-042").is_displayed() and page.one("#facts h2").text.startswith("guest-042")
    page.picture("many-found")
    page.find("52:54:00:00:00:2a", Keys.ENTER)
    assert page.one("#facts h2").text.startswith("vnet42")
    page.press(Keys.ESCAPE)
    assert page.one("#search").get_attribute("value") == "" and page.all("#map.finding") == []
    page.quiet()


def test_by_keyboard_alone(draw):
    """Tab comes to the boxes, arrows go along the lines, Enter chooses, Escape comes back."""
    page = draw(topologies.few())
    page.js("document.getElementById('search').focus()")
    while not page.focused().startswith("network"):
        page.press(Keys.TAB)
    seen = [page.focused()]
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_DOWN):
        page.press(key)
        seen.append(page.focused())
    assert [each.partition(",")[0].replace(" on alder", "") for each in seen] == [
        "network lab", "way out NAT", "uplink eth0", "world World", "uplink eth0", "way out NAT", "network lab", "NIC vnet2", "NIC vnet1"]
    page.press(Keys.ENTER)
    assert page.one("#facts h2").text.startswith("vnet1") and "web" in page.lit()
    page.press(Keys.ESCAPE)
    assert page.focused().startswith("NIC vnet1") and page.lit() == []


def test_harm_in_names_does_none(draw):
    """What hosts and guests are called is text, wherever it stands."""
    page = draw(topologies.evil(), title=topologies.EVIL)
    assert page.js("return window.broken === undefined") and page.driver.title == topologies.EVIL
    page.one("#boxes > .node.guest:nth-of-type(2)").click()
    assert page.js("return document.querySelector('#facts h2').firstChild.textContent") == topologies.EVIL
    assert page.all("img") == [] and page.js("return document.scripts.length") == 2 and page.js("return window.broken === undefined")
    page.quiet()


def test_on_paper(draw):
    """What only a screen needs is not printed, and the picture is as wide as the paper."""
    page = draw(topologies.few())
    page.media(media="print")
    page.driver.set_window_size(900, 900)
    assert not page.one("#search").is_displayed() and page.one("#panel ul.troubles").is_displayed()
    assert page.js("return document.getElementById('map').getBoundingClientRect().width <= document.documentElement.clientWidth")
    page.picture("few-paper")


def test_without_a_script(page, tmp_path):
    """The picture is there before any script runs: the same lines and places."""
    text = topology(topologies.many())
    moved = """return [...document.querySelectorAll("#map .node, #map path.edge, #map .band rect")].map((each) =>
        ["transform", "d", "y", "height", "visibility"].map((name) => each.getAttribute(name)).join())"""
    (tmp_path / "with.html").write_text(text, encoding="utf-8")
    (tmp_path / "without.html").write_text(text[:text.rindex("<script>")], encoding="utf-8")
    page.open(tmp_path / "with.html")
    ran = page.js(moved)
    page.open(tmp_path / "without.html")
    assert page.js(moved) == ran and len(ran) > 300


@pytest.mark.parametrize("name", GATHERED)
def test_graphviz_reads_it(name):
    """As many boxes as there are, and no warning."""
    text = topology(GATHERED[name](), "dot")
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.count('class="node"') == text.count(", shape=")
