"""Open the site in a headless Chromium, click through it, and keep pictures; anything fetched from elsewhere is an error.

Needs ``pip install playwright`` and a Chromium, whose path may be given in ``CHROMIUM``.

python asv_bench/screenshots.py [SITE [PICTURES [BENCHMARK]]]     default: .asv/html, docs/benchmarks, MlpStepTime
"""

import functools
import http.server
import os
import shutil
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent
WAIT = 2500  # milliseconds until a page of the site is drawn


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def main(site, pictures, benchmark):
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}/"
    pictures.mkdir(parents=True, exist_ok=True)
    wrong = []
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 850})
        page.on("request", lambda r: r.url.startswith((base, "data:")) or wrong.append(f"fetched {r.url}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))

        def keep(name):
            page.wait_for_timeout(WAIT)
            page.screenshot(path=pictures / f"site-{name}.png")

        page.goto(base)
        page.wait_for_timeout(WAIT)
        cell = page.locator(".benchmark-container", has_text=f"{benchmark}.time_run").first
        cell.scroll_into_view_if_needed()
        keep("grid")
        cell.click()
        page.wait_for_timeout(WAIT)
        for button in ("size", "log scale"):  # time against size
            page.locator("#graph-display a, #graph-display button").get_by_text(
                button, exact=True
            ).first.click()
        keep("graph")
        if not page.locator("#main-graph canvas").count() or page.locator(".modal:visible").count():
            wrong.append("no graph was drawn")
        page.goto(f"{base}#summarylist")
        keep("list")
        if page.locator("table tr").count() < 2:
            wrong.append("the list is empty")
        browser.close()
    server.shutdown()
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"the grid, a graph and the list are in {pictures}; nothing was fetched from elsewhere")


if __name__ == "__main__":
    given = sys.argv[1:]
    usual = [HERE / ".asv" / "html", HERE.parent / "docs" / "benchmarks", "MlpStepTime"]
    site, pictures, benchmark = [*given, *usual[len(given) :]]
    main(site, Path(pictures), benchmark)
