"""Chromium on the console of a running line, as people use it: by log-in, links, fields and buttons."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000.0
"""Milliseconds that anything may take: the machine may be busy with other tests."""
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium; skip the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine; install Debian's package chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def window(browser: Browser, width: dict[str, int] = DESKTOP, language: str = "nb-NO") -> BrowserContext:
    """Open a window with nothing kept from others, that takes the demo's certificates."""
    context = browser.new_context(ignore_https_errors=True, viewport=width, locale=language)
    context.set_default_timeout(PATIENCE)
    return context


def log_in(context: BrowserContext, console: str, name: str, provider: str = "staff") -> Page:
    """Log in as somebody of the demo's list."""
    page = context.new_page()
    page.goto(f"{console}/")
    page.locator(f"a[href='/login/{provider}']").click()
    page.get_by_role("button", name=name).click()
    page.wait_for_url(f"{console}/**")
    return page
