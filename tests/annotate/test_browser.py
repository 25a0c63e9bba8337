# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: a rater who works by keyboard and by mouse, and is interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rewardkit.annotate import Study, export, summary
from tests.annotate import browser as driver
from tests.annotate import made

pytestmark = pytest.mark.slow

PAIRS = 30
BUTTONS = {("a", 2): 0, ("a", 1): 1, ("tie", None): 2, ("b", 1): 3, ("b", 2): 4}
KEYS = {
    ("a", 2): "Shift+A",
    ("a", 1): "a",
    ("tie", None): "t",
    ("b", 1): "b",
    ("b", 2): "Shift+B",
}
ORDER = list(BUTTONS)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with driver.chromium() as browser:
        yield browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[made.Server]:
    made.tones(tmp_path / "clips", 9, seconds=0.3)
    path = tmp_path / "study.sqlite"
    server = made.Server(path, str(tmp_path / "clips"), "--per-rater", str(PAIRS), "--repeat", "0")
    yield server
    server.kill()


def at(page: Any, pair: int) -> None:
    """Wait until this pair is in front of the rater, ready to be judged."""
    page.wait_for_selector(f'#count:text-matches("^{pair} /")')
    page.wait_for_selector("#listen[data-pair]")


def test_thirty_pairs_with_every_interruption(
    chromium: Any, served: made.Server, tmp_path: Path
) -> None:
    """Nothing is lost, nothing doubled, sides are balanced."""
    complaints: list[str] = []
    page = driver.watched(chromium, complaints, viewport={"width": 1280, "height": 800})
    page.goto(served.base)
    page.click("#begin")
    expected: list[tuple[str, int | None]] = []

    def vote(number: int) -> None:
        by_mouse = number % 2 == 1
        driver.hear(page, by_mouse=by_mouse)
        given = ORDER[number % 5]
        if by_mouse:
            page.locator(".option").nth(BUTTONS[given]).click()
        else:
            page.keyboard.press(KEYS[given])
        expected.append(given)
        if len(expected) < PAIRS:
            at(page, len(expected) + 1)

    while len(expected) < PAIRS:
        done = len(expected)
        at(page, done + 1)
        if done == 3:  # keys do nothing before both were heard
            page.keyboard.press("a")
            page.keyboard.press("t")
            assert page.locator(".option:enabled").count() == 0
        if done == 5 and len(expected) == 5:  # undo by key, then answer otherwise
            page.keyboard.press("u")
            at(page, 5)
            expected.pop()
            page.wait_for_selector(".option:enabled")  # heard already
            page.keyboard.press("t")
            expected.append(("tie", None))
            at(page, 6)
        if done == 8:  # skip by key, then by button
            with driver.another_pair(page):
                page.keyboard.press("s")
            with driver.another_pair(page):
                page.click("#skip")
        if done == 11:  # reload in the middle of a pair
            page.keyboard.press("1")
            page.wait_for_selector("#heard-a.enough")
            page.reload()
        if done == 14:
            with driver.another_pair(page):
                page.click("#broken")
        if done == 17:  # the server is killed; the vote waits, and goes out when it is back
            driver.hear(page)
            served.kill()
            page.keyboard.press("b")
            expected.append(("b", 1))
            page.wait_for_selector("#notice:visible")
            served.start()
            page.wait_for_selector("#notice", state="hidden")
        elif done == 20:  # killed again; the page too is closed and opened before it is back
            driver.hear(page)
            served.kill()
            page.keyboard.press("Shift+A")
            expected.append(("a", 2))
            page.wait_for_selector("#notice:visible")
            served.start()
            page.reload()
        else:
            vote(done)
        if len(expected) < PAIRS:
            at(page, len(expected) + 1)
    page.wait_for_selector("#done:visible")
    assert f"{PAIRS} answers" in page.inner_text("#done-count")
    served.kill()
    assert complaints == []

    study = Study.open(served.path)
    rows = study.db.read(
        "SELECT choice, strength FROM standing JOIN answer ON vote = number ORDER BY number"
    )
    assert [tuple(row) for row in rows] == expected
    assert len(study.db.read("SELECT DISTINCT presentation FROM standing")) == PAIRS + 3
    shown = study.db.read("SELECT pair, swapped FROM presentation")
    assert len({row["pair"] for row in shown}) == len(shown) == PAIRS + 3
    assert abs(2 * sum(row["swapped"] for row in shown) - len(shown)) <= 8
    rater = summary(study)["raters"][0]
    assert (rater["skipped"], rater["broken"], rater["undone"]) == (2, 1, 1)
    out = tmp_path / "prefs.jsonl"
    assert export(study, out).rows == PAIRS
    given = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["preference"], row.get("strength")) for row in given] == expected


def test_a_rater_with_a_hostile_name_and_two_questions(chromium: Any, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    study = made.study(
        tmp_path,
        clips=3,
        raters=name,
        title="<b>Test</b> & more",
        questions={"overall": "Which <i>one</i>?", "prosody": "Whose melody?"},
        repeat=0.0,
        strength=False,
    )
    token, organiser = made.rater(study, name).token, study.organiser_token
    study.close()
    server = made.Server(tmp_path / "study.sqlite")
    complaints: list[str] = []
    try:
        page = driver.watched(chromium, complaints)
        page.goto(f"{server.base}/")
        page.wait_for_selector("#trouble:visible")  # no token
        complaints.clear()
        page.goto(f"{server.base}/#{token}")
        page.wait_for_selector("#listen:visible")
        assert page.inner_text("#study-title") == "<b>Test</b> & more"
        assert page.locator("legend").first.inner_text() == "Which <i>one</i>?"
        driver.hear(page)
        page.keyboard.press("a")
        page.keyboard.press("b")
        at(page, 2)
        driver.hear(page, by_mouse=True)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("t")  # the second question first
        page.locator("fieldset").first.locator(".option").last.click()
        at(page, 3)
        page.goto(f"{server.base}/organiser#{organiser}")
        page.wait_for_selector("#raters tr")
        assert page.locator("#raters th").inner_text() == name
        page.click("#links-toggle")
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        page.click("#links button")  # without HTTPS there is no clipboard
        page.wait_for_selector("#links button:has-text('Selected')")
        assert page.evaluate("String(getSelection())") == f"{server.base}/#{token}"
        with page.expect_download() as download:
            page.click("#export")
        rows = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    finally:
        server.kill()
    assert complaints == []
    assert [(row.get("dimension", "overall"), row["preference"]) for row in rows] == [
        ("overall", "a"),
        ("prosody", "b"),
        ("overall", "b"),
        ("prosody", "tie"),
    ]


def test_the_space_bar_turns_a_switch_that_has_the_focus(
    chromium: Any, served: made.Server
) -> None:
    page = driver.watched(chromium, [])
    page.goto(served.base)
    page.click("#begin")
    at(page, 1)
    page.focus("#matched")
    page.keyboard.press("Space")
    assert not page.is_checked("#matched")
    assert page.inner_text("#heard-a") == "0 % heard"


WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"


def test_a_narrow_screen_holds_long_words_and_forced_colours_show_the_icons(
    chromium: Any, tmp_path: Path
) -> None:
    link = "https://lab.example.org/" + "consent" * 12
    settings = {"instructions": f"See {link}", "questions": {"w" * 60: "x" * 80}}
    study = made.study(tmp_path, clips=3, **settings)
    token, organiser = study.add_rater("ben").token, study.organiser_token
    study.close()
    server = made.Server(tmp_path / "study.sqlite")
    try:
        narrow = {"width": 320, "height": 640}
        page = driver.watched(chromium, [], viewport=narrow, forced_colors="active")
        page.goto(f"{server.base}/#{token}")
        page.wait_for_selector("#consent:visible")
        widths = [page.evaluate(WIDTHS)]
        page.click("#begin")
        page.wait_for_selector("#listen[data-pair]")
        widths.append(page.evaluate(WIDTHS))
        icon = page.locator(".icon").first.evaluate("e => getComputedStyle(e).borderTopColor")
        page.goto(f"{server.base}/organiser#{organiser}")
        page.wait_for_selector("#raters tr")
        widths.append(page.evaluate(WIDTHS))
    finally:
        server.kill()
    assert widths == [[320, 320]] * 3
    assert icon == "rgba(0, 0, 0, 0)"


SWITCHING = """async () => {
  const { Player } = await import("/static/player.js");
  const player = new Player();
  const context = player.audio();
  const buffers = [60, 40].map((seconds) => context.createBuffer(1, seconds * 8000, 8000));
  player.load(buffers, [1, 0.5], [0, 0]);
  const wait = async (ms) => {
    const until = context.currentTime + ms / 1000; // a busy machine plays late
    while (context.currentTime < until) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await player.play(0);
  const sources = player.running.map(({ source }) => source);
  await wait(200);
  const before = player.position;
  await player.play(1);
  const after = player.position;
  const kept = player.running.every(({ source }, index) => source === sources[index]);
  await wait(100);
  const gains = player.running.map(({ gain }) => gain.gain.value);
  player.setMatched(false);
  await wait(100);
  const plain = player.running.map(({ gain }) => gain.gain.value);
  player.pause();
  return { before, after, kept, gains, plain, heard: [player.heard(0), player.heard(1)],
           at: player.position };
}"""


def test_switching_keeps_the_place_and_counts_what_was_heard_once(
    chromium: Any, served: made.Server
) -> None:
    page = driver.watched(chromium, [])
    page.goto(served.base)
    page.click("#begin")
    found = page.evaluate(SWITCHING)
    assert found["kept"]  # neither clip was started anew
    assert 0 <= found["after"] - found["before"] < 0.05
    assert found["gains"] == pytest.approx([0.0, 0.5], abs=0.01)
    assert found["plain"] == pytest.approx([0.0, 1.0], abs=0.01)
    a, b = found["heard"]
    assert 60 * a == pytest.approx(found["before"], abs=0.05)
    assert 40 * b == pytest.approx(found["at"] - found["before"], abs=0.05)


def test_a_pair_that_does_not_load_can_be_skipped(chromium: Any, served: made.Server) -> None:
    complaints: list[str] = []
    page = driver.watched(chromium, complaints)
    page.goto(served.base)
    page.click("#begin")
    at(page, 1)
    page.route("**/api/clips/**", lambda route: route.fulfill(status=503, body="busy"))
    page.keyboard.press("s")
    page.wait_for_selector("#notice:has-text('Trying again')")
    assert page.inner_text("#gate") == "Loading"
    held: list[Any] = []
    page.route("**/api/clips/**", lambda route: held.append(route))
    with page.expect_request("**/api/clips/*/b"):
        page.click("#skip")  # of a pair whose clips can't be had
    page.unroute("**/api/clips/**")
    with driver.another_pair(page):
        page.keyboard.press("s")  # of one whose clips never come
    driver.hear(page)
    assert [text for text in complaints if "503" not in text] == []
    served.kill()
    votes = Study.open(served.path).db.read("SELECT action FROM vote")
    assert [row["action"] for row in votes] == ["skip"] * 3


WAKING = """async () => {
  const { Player } = await import("/static/player.js");
  const player = new Player();
  const context = player.audio();
  await context.suspend();
  let wake;
  context.resume = () => new Promise((resolve) => (wake = resolve));
  const clip = (seconds) => context.createBuffer(1, seconds * 8000, 8000);
  player.load([1, 0.6].map(clip), [1, 1], [0, 0]);
  const playing = player.play(0);
  player.load([1, 0.6].map(clip), [1, 1], [0, 0]);
  wake();
  await playing;
  return player.isPlaying;
}"""


def test_what_was_asked_of_one_pair_does_not_start_the_next(
    chromium: Any, served: made.Server
) -> None:
    page = driver.watched(chromium, [])
    page.goto(served.base)
    page.click("#begin")
    assert page.evaluate(WAKING) is False


def test_another_window_and_a_server_that_fails_are_said_as_such(
    chromium: Any, served: made.Server
) -> None:
    one, other = (driver.watched(chromium, []) for _ in range(2))
    one.goto(served.base)
    one.click("#begin")
    at(one, 1)
    other.goto(served.base)
    at(other, 1)
    assert one.get_attribute("#listen", "data-pair") == other.get_attribute("#listen", "data-pair")
    for page, key in ((one, "a"), (other, "b")):
        driver.hear(page)
        page.keyboard.press(key)
        at(page, 2)
    assert "answered in another window" in other.inner_text("#notice")
    assert one.locator("#notice").is_hidden()
    other.route("**/api/next", lambda route: route.fulfill(status=500, body="broken"))
    other.keyboard.press("s")
    other.wait_for_selector("#notice:visible:has-text('can’t answer just now')")
    other.unroute("**/api/next")
    other.wait_for_selector("#notice", state="hidden")
    served.kill()
    study = Study.open(served.path)
    assert [r["choice"] for r in study.db.read("SELECT choice FROM answer")] == ["a"]
