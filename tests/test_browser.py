"""`convkit lab` in a browser: JupyterLab opens, notebooks run through its menu, a slider moves a picture.

Needs JupyterLab, Playwright (pip install playwright) and Chromium (CONVKIT_CHROMIUM, or /usr/bin/chromium).
CONVKIT_SCREENSHOTS names a folder for what the browser showed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab", reason="needs the extra: pip install -e '.[notebooks]'")
pytest.importorskip("jupytext", reason="needs the extra: pip install -e '.[notebooks]'")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

CHROMIUM = os.environ.get("CONVKIT_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
TOKEN = "only-for-this-test"
NOTEBOOKS = ("00_first_steps", "03_convolution", "06_three_layer_cnn")

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).is_file(), reason="needs Chromium at /usr/bin/chromium")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab as `convkit lab --solutions` starts it; its address."""
    home = tmp_path_factory.mktemp("lab")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "convkit", "lab", str(home / "course"), "--solutions", "--no-browser"]
    environment = os.environ | {
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "CONVKIT_DATA": str(home / "none"),
    }
    log = (home / "log.txt").open("w")
    process = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                api(address, "/api/status")
                break
            except OSError:
                assert process.poll() is None, (home / "log.txt").read_text()
                time.sleep(0.5)
        else:
            pytest.fail("JupyterLab does not answer:\n" + (home / "log.txt").read_text())
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def api(address: str, path: str):
    request = urllib.request.Request(address + path, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for_kernel(address: str, name: str, seconds: float = 60) -> dict:
    """The kernel of a notebook once somebody is connected to it and it has nothing to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for session in api(address, "/api/sessions"):
            kernel = session["kernel"]
            if name in session["path"] and kernel["connections"] > 0 and kernel["execution_state"] == "idle":
                return kernel
        time.sleep(0.3)
    pytest.fail(f"the kernel of {name} does not become idle")


def run_all(page, address: str, name: str) -> list[dict]:
    """Run all cells by the menu; the code cells as JupyterLab saves them once all have run, none with an error.

    The notebook that JupyterLab has saved tells, not the kernel: that is idle between two cells, too, and whenever
    the page is too busy to send it the next one. The menu is used again if nothing runs although the kernel has
    nothing to do: the page swallows it while its socket is not connected yet.
    """
    end = time.monotonic() + 300
    asked = False
    ran = -1
    while time.monotonic() < end:
        wait_for_kernel(address, name, 180)
        if not asked:
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name=re.compile("^Run All Cells")).first.click()
            time.sleep(5)
            wait_for_kernel(address, name, 180)
        cells = saved_cells(page, address, name)
        for cell in cells:
            for output in cell["outputs"]:
                assert output["output_type"] != "error", cell["source"] + "\n" + str(output)
        if all(cell["execution_count"] for cell in cells):
            return cells
        now = sum(bool(cell["execution_count"]) for cell in cells)
        asked = now != ran  # something has run since the last look: the rest may still come
        ran = now
        time.sleep(2)
    pytest.fail(f"{ran} cells of {name} ran, the others did not")


def saved_cells(page, address: str, name: str) -> list[dict]:
    """The code cells of a notebook as JupyterLab saves them."""
    before = api(address, f"/api/contents/{name}.ipynb?content=0")["last_modified"]
    for tried in range(120):
        if tried % 20 == 0:  # again, where the page was too busy to hear it
            page.keyboard.press("Control+s")
        if api(address, f"/api/contents/{name}.ipynb?content=0")["last_modified"] != before:
            break
        time.sleep(0.5)
    notebook = api(address, f"/api/contents/{name}.ipynb")["content"]
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def screenshot(page, name: str) -> None:
    folder = os.environ.get("CONVKIT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_in_the_browser(lab, browser, name):
    # So high that every cell is on the page: JupyterLab draws only those that can be seen.
    page = browser.new_page(viewport={"width": 1280, "height": 12000})
    try:
        page.goto(f"{lab}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        cells = run_all(page, lab, name)
        screenshot(page, name)
        for cell in cells:
            for output in cell["outputs"]:
                assert "Warning" not in str(output.get("text", "")), cell["source"] + "\n" + str(output)
        assert page.locator(".jp-OutputArea-output img").count() > 0
        sliders = page.locator(".jupyter-widgets .noUi-handle")
        if name == "03_convolution":  # it must have something to move, which is drawn after its cell has run
            sliders.first.wait_for(state="attached", timeout=60_000)
        if sliders.count():
            move_a_slider(page, sliders.first, name)
    finally:
        page.close()


def move_a_slider(page, slider, name: str) -> None:
    """The picture under a slider must change when it is moved by a key."""
    before = pictures(page)
    slider.scroll_into_view_if_needed()
    slider.focus()
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        try:
            page.wait_for_function(
                "before => JSON.stringify([...document.querySelectorAll('.jp-OutputArea-output img')]"
                ".map(i => i.src.length + i.src.slice(-200))) !== before",
                arg=before,
                timeout=10_000,
            )
        except sync_api.TimeoutError:
            continue
        screenshot(page, f"{name}-moved")
        return
    pytest.fail("moving the slider does not change the picture")


def pictures(page) -> str:
    return page.evaluate(
        "() => JSON.stringify([...document.querySelectorAll('.jp-OutputArea-output img')]"
        ".map(i => i.src.length + i.src.slice(-200)))"
    )
