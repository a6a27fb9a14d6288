"""`make demo`, watched from its start to its end in a real browser: `make browser-test-demo`. Some four minutes.

    test_demo.py --wgan .build/release/wgan [--screenshots FOLDER]
"""

import json
import os
import pathlib
import subprocess
import time

from browser import BrowserTests, Watcher, arguments, run_tests, until

PACKAGE = pathlib.Path(__file__).parents[2]
RUN = PACKAGE / "demo"


def processes():
    """Of each process (Linux): its parent and what it has used of the cores, in seconds."""
    found = {}
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(file.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def cpu_seconds(pids):
    """What these processes and those below them have used."""
    found = processes()
    family = set(pids)
    while below := {pid for pid, (parent, _) in found.items() if parent in family} - family:
        family |= below
    return sum(found[pid][1] for pid in family if pid in found)


class DemoTests(BrowserTests):
    def test_the_demo_is_watched_from_start_to_end(self):
        (RUN / "config.json").unlink(missing_ok=True)
        demo = subprocess.Popen(["make", "demo"], cwd=PACKAGE, stdout=subprocess.DEVNULL)
        self.addCleanup(demo.wait, 30)
        self.addCleanup(demo.terminate)
        until(lambda: (RUN / "config.json").exists() or demo.poll() is not None, 9000, "the demo doesn't begin")
        self.assertIsNone(demo.poll())
        watcher = Watcher(str(RUN))
        self.addCleanup(watcher.close)
        # So high that a curve is on the screen: others aren't asked for.
        page = self.open(url=watcher.url, height=2000)
        state, gallery = page.locator("#state"), page.locator("#gallery")
        until(lambda: state.text_content() == "training", message="it isn't seen to train")
        self.shot(page, "demo-begins")
        others = {demo.pid, watcher.process.pid}
        browser = [pid for pid, (parent, _) in processes().items() if parent == os.getpid() and pid not in others]
        began = time.monotonic(), cpu_seconds([watcher.process.pid]), cpu_seconds(browser)

        # Through the whole run the step never goes back, and the newest gallery is shown by itself.
        last, shown, curve = 0, [], set()
        label = page.locator("canvas[data-column=d_loss] >> xpath=../h4/span")
        while state.text_content() == "training":
            step = self.step(page)
            self.assertGreaterEqual(step, last)
            last = step
            newest = int(gallery.get_attribute("data-step") or -1)
            if newest not in shown:
                shown.append(newest)
                if len(shown) == 6:
                    self.shot(page, "demo-amid")
            curve.add(label.text_content())
            # Seldom: the training needs the cores.
            time.sleep(0.5)
        seconds = time.monotonic() - began[0]
        share = lambda pids, before: f"{100 * (cpu_seconds(pids) - before) / seconds:.2f} % of a core"
        print(f"{seconds:.0f} s: the server took {share([watcher.process.pid], began[1])}, "
              f"the browser and its driver {share(browser, began[2])}", flush=True)

        self.assertEqual(demo.wait(60), 0)
        self.assertEqual(state.text_content(), "finished")
        planned = json.loads(watcher.get("/report"))["totalSteps"]
        until(lambda: self.step(page) == planned, message="the last step isn't shown")
        until(lambda: gallery.get_attribute("data-step") == str(planned), message="the last gallery isn't shown")
        galleries = [step for step, *_ in json.loads(watcher.get("/galleries"))["galleries"]]
        self.assertEqual(galleries, sorted(int(file.stem) for file in (RUN / "samples").glob("*.png")))
        # Those that came while the page was open were shown as they came: each, and in their order.
        self.assertEqual(shown, sorted(shown))
        self.assertGreaterEqual(len(shown), len(galleries) // 2)
        self.assertGreater(len(curve), 10)
        self.shot(page, "demo-ends")


if __name__ == "__main__":
    run_tests()
