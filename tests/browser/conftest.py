"""A real browser against a live server. Without Chromium the tests say so and are skipped; with STRICT=1 they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# Playwright's event loop runs in the test's thread; the tests' own queries are plain calls nevertheless.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
FLAGS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        why = "no Chromium here: install the package “chromium” or name it in CHROMIUM"
        if os.environ.get("STRICT") == "1":
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of its own window: `browse(width=390, color_scheme="dark", java_script_enabled=False)`."""
    windows = []

    def opened(*, width: int = 1360, height: int = 900, **options: Any) -> Any:
        windows.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        return windows[-1].new_page()

    yield opened
    for window in windows:
        window.close()
