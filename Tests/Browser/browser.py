"""What the tests of the page share: a `wgan watch`, a browser, and how to wait."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

from playwright.sync_api import sync_playwright

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")

# The command line's, from run_tests on.
arguments = argparse.Namespace(wgan=".build/release/wgan", screenshots=None)


def run_tests():
    """unittest's main, with flags of our own before its own."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--wgan", type=os.path.abspath, default=os.path.abspath(arguments.wgan))
    parser.add_argument("--screenshots", type=os.path.abspath)
    _, others = parser.parse_known_args(namespace=arguments)
    if arguments.screenshots:
        os.makedirs(arguments.screenshots, exist_ok=True)
    # A shell lets what it starts in the background ignore Ctrl-C, and what is started from there inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unittest.main(module="__main__", argv=[sys.argv[0], "--verbose", *others])


def until(what, tries=900, message="it didn't come to be so"):
    """The page's policy keeps the browser driver from waiting inside it: what is true once is found from outside. By
    tries, not by the clock: a machine that stood still for a while gets its time."""
    for _ in range(tries):
        value = what()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(message)


class Watcher:
    """A `wgan watch` and its address."""

    def __init__(self, run, *flags):
        self.process = subprocess.Popen(
            [arguments.wgan, "watch", run, "--port", "0", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        self.url = self.process.stdout.readline().strip()

    def get(self, path):
        with urllib.request.urlopen(self.url.split("?")[0].rstrip("/") + path) as answer:
            return answer.read()

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        self.process.stdout.close()


class BrowserTests(unittest.TestCase):
    """Tests with a browser, which they share, and a run's `watcher`. What the browser complains of fails a test."""

    watcher: Watcher

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()

    def setUp(self):
        self.complaints = []

    def tearDown(self):
        self.assertEqual(self.complaints, [])

    def open(self, width=1200, height=900, scheme="light", url=None, expected=()):
        context = self.browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.addCleanup(context.close)
        page = context.new_page()
        page.set_default_timeout(30000)

        def complain(text):
            if not any(part in text for part in expected):
                self.complaints.append(text)

        # The tests' own reading of pixels earns a word.
        expected = (*expected, "willReadFrequently")
        page.on("console", lambda message: message.type in ("error", "warning") and complain(message.text))
        page.on("pageerror", lambda error: complain(str(error)))
        page.goto(url or self.watcher.url)
        return page

    def shot(self, page, name):
        if arguments.screenshots:
            page.screenshot(path=os.path.join(arguments.screenshots, name + ".png"), full_page=True)

    def step(self, page):
        text = page.locator("#facts dd").first.text_content() or ""
        return int(re.sub(r" .*|\D", "", text.split(" of ")[0]) or 0)
