# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium, and pages in it."""

from __future__ import annotations

from itertools import combinations

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

#: a window, and what of it is the page's
WINDOW = (1480, 900)

#: what is drawn: [what, its words or None, left, top, right, bottom], of all that is visible
DRAWN = """
const shown = [...document.querySelectorAll("#map text, #map .node > .box:not(.pile)")].filter((each) => getComputedStyle(each).visibility === "visible");
return shown.map((each) => {
  const box = each.getBoundingClientRect();
  return [each.tagName + "." + each.getAttribute("class"), each.textContent || null, box.left, box.top, box.right, box.bottom,
          each.closest(".node") ? [...each.closest(".node").parentNode.children].indexOf(each.closest(".node")) : -1];
}).filter((each) => each[4] > each[2]);
"""


class Page:
    """A page, as a person uses it."""

    def __init__(self, driver, pictures):
        self.driver, self.pictures = driver, pictures

    def open(self, path):
        """Load a file, which asks for nothing else and says no error."""
        self.driver.set_window_size(*WINDOW)
        self.driver.get(path.as_uri())
        self.quiet()
        assert self.js("return performance.getEntriesByType('resource').length") == 0

    def js(self, script, *arguments):
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def quiet(self):
        """Nothing went wrong since the last look."""
        assert self.driver.get_log("browser") == []

    def picture(self, name):
        """Leave what it looks like for a person."""
        self.driver.save_screenshot(str(self.pictures / f"{name}.png"))

    def all(self, selector):
        """Elements of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        """The one element of a CSS selector."""
        found = self.all(selector)
        assert len(found) == 1, (selector, len(found))
        return found[0]

    def node(self, beginning):
        """The box whose name begins so."""
        return self.one(f'#boxes > [aria-label^="{beginning}"]')

    def press(self, *keys):
        """Keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def find(self, *keys):
        """Write over what is in the search field."""
        field = self.one("#search")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(*keys)

    def focused(self):
        """What the element with the focus is called."""
        return self.js("return document.activeElement.getAttribute('aria-label') || document.activeElement.id")

    def lit(self):
        """Labels of the boxes on the way that is shown."""
        return self.js("return [...document.querySelectorAll('#map.way-on .node.on:not([visibility]) .label')].map((each) => each.textContent)")

    def facts(self):
        """{name: value} of the panel."""
        return self.js("return Object.fromEntries([...document.querySelectorAll('#facts dt')].map((each) => [each.textContent, each.nextSibling.textContent]))")

    def media(self, **features):
        """Have the page believe that it is dark, or on paper."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "media": features.pop("media", ""), "features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})

    def overlaps(self):
        """[(words, words)] of what covers each other: words with words, and boxes with boxes; and words that do not fit in their box."""
        drawn = self.js(DRAWN)
        assert len(drawn) > 5
        texts, boxes = ([each for each in drawn if each[0].startswith(tag)] for tag in ("text", "rect"))
        pairs = [pair for kind in (texts, boxes) for pair in combinations(kind, 2)]
        found = [(one[1] or one[6], other[1] or other[6]) for one, other in pairs if crosses(one, other)]
        homes = {each[6]: each for each in boxes}
        found += [(text[1], "its box") for text in texts if text[6] in homes and ".out" not in text[0] and not within(text, homes[text[6]])]
        return found + [(text[1], f"box {box[6]}") for text in texts if ".out" in text[0] for box in boxes if crosses(text, box)]


def crosses(one, other):
    """Whether two rectangles have more than a pixel in common, each way."""
    return min(one[4], other[4]) - max(one[2], other[2]) > 1 and min(one[5], other[5]) - max(one[3], other[3]) > 1


def within(one, other):
    """Whether a rectangle is in another."""
    return one[2] >= other[2] - 1 and one[4] <= other[4] + 1 and one[3] >= other[3] - 1 and one[5] <= other[5] + 1


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """A Chromium that nobody sees."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield running
    running.quit()


@pytest.fixture
def page(driver, checkout):
    """A Page."""
    pictures = checkout / ".cache/topology"
    pictures.mkdir(parents=True, exist_ok=True)
    yield Page(driver, pictures)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.fixture
def draw(page, tmp_path):
    """A function that draws what hosts tell, and opens it."""

    from ansible_collections.virtlab.network.plugins.filter.topology import topology

    def drawn(gathered, title="Networks of the lab"):
        path = tmp_path / "topology.html"
        path.write_text(topology(gathered, title=title), encoding="utf-8")
        page.open(path)
        return page

    return drawn
