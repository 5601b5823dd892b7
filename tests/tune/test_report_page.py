"""The page of a long sweep, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tune.reporting import begin, hurry, run, written

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest.fixture
def long_page(tmp_path: Path) -> Path:
    """Write the report of a thousand trials."""
    run(begin(tmp_path, trials=1000), 1000)
    written(tmp_path)
    return tmp_path / "edc" / "monday" / "report.html"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip(f"needs {CHROMIUM} and {DRIVER}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    flags = ["headless", "no-sandbox", "disable-gpu", "disable-background-networking"]
    for flag in [*flags, f"user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


DRAWN = """
const done = arguments[0], closer = document.getElementById("closer");
closer.open = true;
const timer = setInterval(() => {
  const drawn = closer.querySelectorAll(".plot svg.main-svg").length > 0
    && [...closer.querySelectorAll(".plot")].every(plot => plot.querySelector("svg.main-svg"));
  if (drawn) { clearInterval(timer); done(true); }
}, 100);
"""
SORTED = """
document.querySelectorAll(".trials th")[3].click();
return [...document.querySelectorAll(".trials tbody tr")].map(row => row.cells[3].textContent);
"""


@pytest.mark.slow
def test_thousand_trials_are_below_five_megabytes_and_draw_without_an_error(
    long_page: Path, browser: Any
) -> None:
    assert long_page.stat().st_size < 5_000_000
    grounds = set()
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get(long_page.as_uri())
        assert browser.execute_async_script(DRAWN)
        images = "return [...document.images].every(each => each.naturalWidth > 0)"
        assert browser.execute_script(images)
        ground = "return getComputedStyle(document.body).backgroundColor"
        grounds.add(browser.execute_script(ground))
    assert len(grounds) == 2
    values = browser.execute_script(SORTED)
    numbers = [float(value) for value in values if value]
    assert len(values) == 1000
    assert numbers == sorted(numbers)
    assert browser.get_log("browser") == []
