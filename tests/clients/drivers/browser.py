"""Drives a vendor's client in Chromium: `browser.py FOLDER PAGE JOBS`. A window of its own a job, all at once.

The pages come from another port than the gateway, so the browser asks for leave before it sends, as on any shop's site.
The windows stay open until standard input is closed: only who reads the journal knows when a client is done.
"""

import functools
import http.server
import json
import shutil
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
LOAD_MS = 120_000
MANIFESTS = {"segment.html": "@segment/analytics-next", "rudder.html": "@rudderstack/analytics-js"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Our pages, and beside them the packages as they were installed."""

    packages = ""

    def translate_path(self, path: str) -> str:
        if path.startswith("/node_modules/"):
            return self.packages + path.split("?")[0]
        return super().translate_path(path)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(folder: str) -> str:
    """Address of the pages."""
    Quiet.packages = folder
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(HERE)))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{pages.server_port}"


def main() -> None:
    folder, page_name, jobs_file = sys.argv[1:]
    jobs = json.loads(Path(jobs_file).read_text())
    address = serve(folder)
    manifest = Path(folder, "node_modules", MANIFESTS[page_name], "package.json")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = []
        for job in jobs:
            page = browser.new_context().new_page()
            page.goto(f"{address}/{page_name}", timeout=LOAD_MS)
            page.evaluate("job => { drive(job) }", job)
            pages.append(page)
        said = {}
        for job, page in zip(jobs, pages, strict=True):
            page.wait_for_function("window.said !== undefined", timeout=LOAD_MS)
            said[job["way"]] = page.evaluate("window.said")
        sys.stdin.read()
        browser.close()
    print(json.dumps({"version": json.loads(manifest.read_text())["version"], "said": said}))


main()
