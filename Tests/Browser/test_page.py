"""The page of `wgan watch` in a real browser, while a tiny run trains: `make browser-test`.

    test_page.py --wgan .build/release/wgan [--screenshots FOLDER] [unittest's arguments]
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from browser import BrowserTests, Watcher, arguments, run_tests, until


class PageTests(BrowserTests):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="wgan-browser-")
        cls.run_path = os.path.join(cls.folder, "run")
        environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(cls.folder, "cache"))
        # It is stopped when the tests are done.
        cls.training = subprocess.Popen(
            [arguments.wgan, "train", "--data", "synthetic", "--preset", "photos", "--size", "32", "--features", "8",
             "--latent", "16", "--batch-size", "8", "--fraction", "0.02", "--threads", "1",
             "--generator-steps", "100000", "--sample-every", "20", "--checkpoint-every", "40",
             "--keep-every", "40", "--evaluate-every", "20", "--out", cls.run_path],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        until(lambda: os.path.exists(os.path.join(cls.run_path, "metrics.csv")), message="the run doesn't begin")
        cls.watcher = Watcher(cls.run_path)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls.training.poll() is None:
            cls.training.send_signal(signal.SIGINT)
            cls.training.wait(30)
        cls.watcher.close()
        shutil.rmtree(cls.folder)

    def galleries(self, atLeast):
        def there():
            self.watcher.get("/report")
            found = json.loads(self.watcher.get("/galleries"))["galleries"]
            return found if len(found) >= atLeast else None
        return until(there, message=f"no {atLeast} galleries came")

    # What there is

    def test_the_curve_grows_while_the_run_trains(self):
        page = self.open()
        page.wait_for_selector("#gallery[data-step]")
        chart = page.locator("canvas[data-column=d_loss]")
        # What isn't on the screen isn't asked for.
        chart.scroll_into_view_if_needed()
        label = chart.locator("xpath=../h4/span")
        until(lambda: "step" in (label.text_content() or ""))
        first, told = self.step(page), label.text_content()
        until(lambda: self.step(page) > first, message="the step stays")
        until(lambda: label.text_content() != told, message="the curve stays")
        self.assertEqual(page.locator("#state").text_content(), "training")
        page.wait_for_selector("#losses b")
        for name in ("d_loss", "g_loss", "wasserstein"):
            self.assertIn(name, page.locator("#losses").text_content())
        # Pixels were drawn, not only a label written.
        drawn = page.locator("canvas[data-column=d_loss]").evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)")
        self.assertTrue(drawn)

    def test_the_slider_shows_each_step(self):
        found = self.galleries(3)
        page = self.open()
        page.wait_for_selector("#gallery[data-step]")
        for index in (0, 2, 1):
            page.locator("#gallery-step").evaluate(
                "(s, i) => { s.value = i; s.dispatchEvent(new Event('input')); }", index)
            step = str(found[index][0])
            until(lambda: page.locator("#gallery").get_attribute("data-step") == step, message=f"not step {step}")
            self.assertTrue(page.locator("#gallery-label").text_content().startswith(step))
            # What is on the canvas is that file's picture.
            same = page.evaluate("""async ([path]) => {
                const image = await createImageBitmap(await (await fetch(path)).blob());
                const other = new OffscreenCanvas(image.width, image.height).getContext('2d');
                other.drawImage(image, 0, 0);
                const shown = document.querySelector('#gallery');
                const a = shown.getContext('2d').getImageData(0, 0, shown.width, shown.height).data;
                const b = other.getImageData(0, 0, image.width, image.height).data;
                return a.length === b.length && a.every((value, i) => value === b[i]);
            }""", [f"/galleries/{step}"])
            self.assertTrue(same)
        page.click("#play")
        before = page.locator("#gallery").get_attribute("data-step")
        until(lambda: page.locator("#gallery").get_attribute("data-step") != before, message="it doesn't play")
        page.click("#play")

    def test_a_cell_is_enlarged_through_time(self):
        self.galleries(3)
        page = self.open()
        page.wait_for_selector("#gallery[data-step]")
        page.click("#gallery", position={"x": 60, "y": 20})
        page.wait_for_selector("#cell-part:not([hidden])")
        self.assertGreaterEqual(page.locator("#strip button").count(), 3)
        page.focus("#gallery")
        before = page.locator("#cell-label").text_content()
        page.keyboard.press("ArrowRight")
        until(lambda: page.locator("#cell-label").text_content() != before)
        page.locator("#strip button").first.click()
        first = str(self.galleries(1)[0][0])
        until(lambda: page.locator("#gallery").get_attribute("data-step") == first)
        self.assertTrue(page.locator("#real").evaluate("image => image.complete && image.naturalWidth > 0"))
        # Real pictures are as large as drawn ones, in a narrow window, too.
        for width in (1200, 400):
            page.set_viewport_size({"width": width, "height": 900})
            drawn = page.locator("#gallery").evaluate("c => c.getBoundingClientRect().width / c.width")
            real = page.locator("#real").evaluate("i => i.getBoundingClientRect().width / i.naturalWidth")
            self.assertAlmostEqual(drawn / real, 1, delta=0.02)
        page.click("#cell-close")
        self.assertTrue(page.locator("#cell-part").is_hidden())

    def test_curves_are_zoomed_by_keyboard_and_mouse(self):
        page = self.open()
        chart = page.locator("canvas[data-column=d_loss]")
        chart.wait_for()
        until(lambda: self.step(page) > 60)
        chart.scroll_into_view_if_needed()
        label = chart.locator("xpath=../h4/span")
        until(lambda: "step" in (label.text_content() or ""))
        chart.focus()
        page.keyboard.press("+")
        until(lambda: "steps" in page.locator("#range").text_content(), message="the key doesn't zoom")
        page.keyboard.press("0")
        until(lambda: page.locator("#range").text_content() == "")
        box = chart.bounding_box()
        page.mouse.move(box["x"] + 100, box["y"] + 60)
        until(lambda: re.match(r"step [\d,–]+: ", label.text_content()))
        page.mouse.down()
        page.mouse.move(box["x"] + 250, box["y"] + 60, steps=4)
        page.mouse.up()
        until(lambda: "steps" in page.locator("#range").text_content(), message="dragging doesn't zoom")
        for box in ("#log", "#raw", "#peaks"):
            page.click(box)
        page.click("#whole")
        until(lambda: page.locator("#range").text_content() == "")

    def test_the_explorer_draws_and_walks(self):
        until(lambda: json.loads(self.watcher.get("/report"))["checkpoints"], message="no checkpoint came")
        page = self.open()
        page.wait_for_selector("#explorer-part:not([hidden])")
        # One that stays, whatever the run saves meanwhile.
        page.locator("#checkpoint").evaluate("s => { s.value = s.options[s.options.length - 1].value; }")
        page.click("#explorer-part > summary")
        page.wait_for_selector("#seeds button:nth-child(24) canvas")
        picture = lambda: page.locator("#seeds canvas").first.evaluate("c => c.toDataURL()")
        before = picture()
        page.locator("#directions input").first.evaluate("s => { s.value = 3; s.dispatchEvent(new Event('input')); }")
        until(lambda: picture() != before, message="the direction changes nothing")
        self.assertIn("--latents latents.npy", page.locator("#command").text_content())
        page.click("#reset")
        until(lambda: picture() == before, message="it doesn't come back")
        page.locator("#truncation").evaluate("s => { s.value = 0.5; s.dispatchEvent(new Event('input')); }")
        until(lambda: picture() != before, message="truncation changes nothing")
        self.assertIn("--truncation 0.5", page.locator("#command").text_content())
        for place in (2, 5):
            page.click(f"#seeds button:nth-child({place})")
        page.click("#walk")
        page.wait_for_selector("#explored[data-frame]")
        frame = page.locator("#explored").get_attribute("data-frame")
        until(lambda: page.locator("#explored").get_attribute("data-frame") != frame, message="it doesn't walk")
        self.shot(page, "explorer")
        page.click("#walk")
        self.assertIn("--seeds 2,5", page.locator("#command").text_content())
        starts = {"picture": b"\x89PNG", "grid": b"\x89PNG", "walk": b"\x89PNG", "latents": b"\x93NUMPY"}
        for link, start in starts.items():
            path = page.locator(f"#take-{link}").get_attribute("href")
            self.assertTrue(self.watcher.get(path).startswith(start), link)

    # How it looks

    def test_it_fits_a_phone_and_the_dark(self):
        self.galleries(2)
        for name, width, scheme in (("light", 1200, "light"), ("dark", 1200, "dark"), ("phone", 390, "dark")):
            page = self.open(width=width, height=2400, scheme=scheme)
            page.wait_for_selector("#gallery[data-step]")
            label = page.locator("canvas[data-column=d_loss] >> xpath=../h4/span")
            until(lambda: "step" in (label.text_content() or ""))
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, name)
            time.sleep(1)
            self.shot(page, name)

    def test_everything_has_a_name_and_a_place_in_the_keyboards_order(self):
        self.galleries(2)
        page = self.open()
        page.wait_for_selector("#gallery[data-step]")
        nameless = page.evaluate("""() => [...document.querySelectorAll('button, select, input, [tabindex="0"], img')]
            .filter((e) => e.offsetParent && !(e.getAttribute('aria-label') || e.alt || e.textContent.trim()
                || e.labels?.length || e.getAttribute('aria-labelledby'))).map((e) => e.outerHTML)""")
        self.assertEqual(nameless, [])
        seen = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.column || ''"))
        for name in ("play", "gallery-step", "gallery", "log", "d_loss"):
            self.assertIn(name, seen)

    # What may happen to it

    def test_the_end_is_told(self):
        run = os.path.join(self.folder, "copy")
        shutil.copytree(self.run_path, run, ignore=shutil.ignore_patterns("*.partial"))
        watcher = Watcher(run)
        self.addCleanup(watcher.process.wait, 10)
        page = self.open(url=watcher.url, expected=["ERR_", "Failed to load"])
        state = page.locator("#state")
        until(lambda: state.text_content() == "stopped", message="a copy isn't stopped")
        shutil.rmtree(run)
        until(lambda: state.text_content() == "folder is gone", message="that it's gone isn't told")
        watcher.close()
        until(lambda: state.text_content() == "the server is gone", message="that the server is gone isn't told")

    def test_the_token_is_wanted_once(self):
        watcher = Watcher(self.run_path, "--token", "auto")
        self.addCleanup(watcher.close)
        page = self.open(url=watcher.url.split("?")[0], expected=["403"])
        self.assertIn("wgan watch", page.locator("body").text_content())
        page = self.open(url=watcher.url)
        page.wait_for_selector("canvas[data-column]")
        self.assertNotIn("token", page.url)
        page.reload()
        page.wait_for_selector("canvas[data-column]")
        self.assertEqual(page.evaluate("document.cookie"), "")

    def test_another_page_reads_nothing(self):
        """A page of another origin, as any site's may be, gets no byte."""
        page = self.browser.new_context().new_page()
        self.addCleanup(page.context.close)
        read = page.evaluate(
            "url => fetch(url).then((a) => a.text(), () => 'refused')", self.watcher.url + "report")
        self.assertEqual(read, "refused")
        seen = page.evaluate("""url => new Promise((done) => {
            const image = new Image();
            image.onload = () => done('shown');
            image.onerror = () => done('refused');
            image.src = url;
        })""", self.watcher.url + "real.png")
        self.assertEqual(seen, "refused")


if __name__ == "__main__":
    run_tests()
