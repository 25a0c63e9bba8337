# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, and what a rater does with the page in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

ARGUMENTS: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with a fresh profile; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def watched(browser: Any, complaints: list[str], **options: Any) -> Any:
    """A page whose errors, and whose violations of the policy, are collected."""
    page = browser.new_page(**options)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and "net::ERR" not in message.text
            else None
        ),
    )
    return page


@contextmanager
def another_pair(page: Any) -> Iterator[None]:
    """Waits until another pair is ready after what is done in the block."""
    before = page.get_attribute("#listen", "data-pair")
    yield
    page.wait_for_selector(f'#listen[data-pair]:not([data-pair="{before}"])')


def hear(page: Any, *, by_mouse: bool = False) -> None:
    """Listen to both clips to their ends."""
    for side, key in (("a", "1"), ("b", "2")):
        page.wait_for_selector(f"#play-{side}:enabled")
        if by_mouse:
            page.click(f"#play-{side}")
        else:
            page.keyboard.press(key)
        page.wait_for_selector(f"#heard-{side}.enough")
        page.wait_for_selector(".clip.sounding", state="detached")  # else the other goes on midway
    page.wait_for_selector(".option:enabled")
