# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of every screen for the documentation: `python -m tests.annotate.screenshots`.

The clips are the examples; the raters in the organiser's view are simulated.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from rewardkit.annotate import Rater, Settings, Study
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.pairing import among
from rewardkit.annotate.votes import Answer, Vote, record
from rewardkit.preferences import Preference
from tests.annotate import browser as driver
from tests.annotate import made
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "annotate"
SIZES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 1,
    },
}
TEXT = "I never said that he took the money, only that it was gone."
QUESTIONS = {
    "overall": "Which one would you rather listen to?",
    "prosody": "Whose melody, stress, pace and pauses sound more like a person who means it?",
}


def study(folder: Path) -> Study:
    """Pairs of one sentence, three raters who are more or less careful, and one who begins."""
    settings = Settings(title="Expressive speech", votes_per_pair=2, repeat=0.2, golden=0.2)
    made_study = Study.create(folder / "study.sqlite", settings)
    clips = sorted((ROOT / "examples/clips").glob("*.flac"))
    train = sorted((ROOT / "examples/clips/train").glob("*.flac"))
    pairs = [
        Preference(p.a, p.b, 0.5, tie=1.0, text=TEXT) for p in among(list(map(str, clips)), 99)
    ]
    made_study.add(pairs)
    golden = [
        Preference(str(path.with_name(f"{path.name.split('-')[0]}-natural.flac")), str(path), 1.0)
        for path in train
        if path.name.endswith("-clipped.flac")
    ]
    made_study.add(golden, golden=True)
    listening = Listening(made_study)
    for name, care, count in (("Anna", 0.95, 24), ("Ben", 0.85, 20), ("Cleo", 0.4, 9)):
        judge(made_study, listening, made_study.add_rater(name), care, count)
    made_study.consent(made_study.add_rater("Dora"))
    return made_study


def judge(made_study: Study, listening: Listening, rater: Rater, care: float, count: int) -> None:
    """Answers that follow the clips' names with a probability, and else are random."""
    made_study.consent(rater)
    rater = made.rater(made_study, rater.name)
    draw = random.Random(rater.name)
    rows = made_study.db.read("SELECT id, path FROM clip")
    worth = {
        row["id"]: 1 if any(w in row["path"] for w in ("lively", "natural", "plain")) else 0
        for row in rows
    }
    for _ in range(count):
        shown = listening.next(rater)
        if shown is None:
            return
        difference = worth[shown.left] - worth[shown.right]
        careful: Any = "a" if difference > 0 else "b" if difference < 0 else "tie"
        choice: Any = careful if draw.random() < care else draw.choice(["a", "b", "tie"])
        strength = None if choice == "tie" else draw.choice([1, 2])
        answers = (Answer("overall", choice, strength),)
        seconds = draw.lognormvariate(2.2, 0.3)
        record(
            made_study,
            rater,
            Vote(made.new_id(), shown.id, "answer", answers, seconds, (1.0, 1.0)),
        )


def shoot(page: Any, name: str) -> None:
    """One picture, as high as what is shown needs."""
    page.wait_for_timeout(400)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, driver.chromium() as browser:
        folder = Path(name)
        made_study = study(folder)
        tokens = {rater.name: rater.token for rater in made_study.raters()}
        tokens["Emil"] = made_study.add_rater("Emil").token
        organiser = made_study.organiser_token
        made_study.close()
        server = made.Server(folder / "study.sqlite")
        try:
            for size, options in SIZES.items():
                take(browser, server.base, size, options, tokens, organiser)
            dark = {**SIZES["desktop"], "color_scheme": "dark"}
            page = browser.new_page(**dark)
            page.goto(f"{server.base}/#{tokens['Dora']}")
            driver.hear(page)
            shoot(page, "listen-dark-desktop")
        finally:
            server.kill()
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.glob("*.png"))}
    print(json.dumps(sizes, indent=1))  # noqa: T201
    assert max(sizes.values()) < 150_000


def take(
    browser: Any, base: str, size: str, options: Any, tokens: dict[str, str], organiser: str
) -> None:
    """The pictures of one size."""
    page = browser.new_page(**options)
    page.goto(f"{base}/#{tokens['Emil']}")
    page.wait_for_selector("#consent:visible")
    shoot(page, f"consent-{size}")
    page = browser.new_page(**options)
    page.goto(f"{base}/#{tokens['Dora']}")
    page.wait_for_selector("#play-a:enabled")
    page.keyboard.press("1")
    page.wait_for_timeout(900)
    shoot(page, f"listen-{size}")
    page.reload()
    driver.hear(page, by_mouse=size == "phone")
    shoot(page, f"vote-{size}")
    if size == "desktop":
        page.click("#help-open")
        shoot(page, f"keys-{size}")
    done(page, f"{base}/#{tokens['Anna']}")
    shoot(page, f"done-{size}")
    page = browser.new_page(**options)
    page.goto(f"{base}/#nobody")
    page.wait_for_selector("#trouble:visible")
    shoot(page, f"unknown-{size}")
    page.goto(f"{base}/organiser#{organiser}")
    page.wait_for_selector("#raters tr")
    shoot(page, f"organiser-{size}")


def done(page: Any, link: str) -> None:
    """The last screen, by a reply that says that there is nothing more."""
    reply = json.dumps({"presentation": None, "done": 24, "total": 24, "undoes": "x"})
    page.route(
        "**/api/next", lambda route: route.fulfill(body=reply, content_type="application/json")
    )
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector("#done:visible")


if __name__ == "__main__":
    main()
