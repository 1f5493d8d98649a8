"""A real browser, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

AXE = Path(__file__).parent / "axe" / "axe.min.js"
VARIABLE = "TEST_BROWSER"
"""Names the browser that must be there; unset, a machine without one skips its tests."""
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_SECONDS = 60
_RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  found => done(found.violations.map(each => [each.id, each.help, each.nodes.map(n => n.html)])),
  error => done([[String(error)]]));
"""


def programs() -> tuple[str, str] | None:
    """Return the browser and its driver; None where one of them is not installed."""
    browser, driver = (
        shutil.which(os.environ.get(VARIABLE) or "chromium"),
        shutil.which("chromedriver"),
    )
    return (browser, driver) if browser and driver else None


class Browser:
    """One session: a window without history, cookies or cache of anybody else."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def open(self, url: str) -> None:
        """Go to *url*, and return when the page has loaded."""
        self._post("url", url=url)

    @property
    def url(self) -> str:
        """The address of the page."""
        return str(self._get("url"))

    @property
    def text(self) -> str:
        """What a reader sees of the page."""
        return str(self.run("return document.body.innerText"))

    def run(self, script: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever it returns
        """Return what *script* returns in the page; the page's own policy does not hold for it."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def type(self, css: str, text: str) -> None:
        """Type *text* into the element *css*; a line feed sends its form."""
        element = self._post("element", using="css selector", value=css)[_ELEMENT]
        self._post(f"element/{element}/value", text=text)

    def press(self, key: str) -> None:
        """Press and let go of *key*, where the focus is."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def cookies(self) -> list[dict[str, Any]]:
        """Return the cookies of the page."""
        found: list[dict[str, Any]] = self._get("cookie")
        return found

    def size(self, width: int, height: int = 900) -> None:
        """Make the page *width* pixels wide, also below the least width of a window."""
        values = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", **values)

    def prefer(self, scheme: str) -> None:
        """Let the reader prefer `dark` or `light`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._command("Emulation.setEmulatedMedia", features=[feature])

    def javascript(self, *, is_on: bool) -> None:
        """Let pages run scripts, or not."""
        self._command("Emulation.setScriptExecutionDisabled", value=not is_on)

    def violations(self) -> list[list[Any]]:
        """Return what axe has against the page."""
        self.run(AXE.read_text(encoding="utf-8"))
        found: list[list[Any]] = self._post("execute/async", script=_RUN_AXE, args=[])
        return found

    def picture(self, file: Path) -> None:
        """Write the whole page as a PNG."""
        found = self._command("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(found["data"]))

    def requests(self) -> list[str]:
        """Return the addresses that the page has loaded, its own among them."""
        script = (
            "return [location.href, ...performance.getEntriesByType('resource').map(e => e.name)]"
        )
        found: list[str] = self.run(script)
        return found

    def complaints(self) -> list[str]:
        """Return what the browser has put on its console since it was asked last."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def forget(self) -> None:
        """Forget all cookies: they belong to a host, whatever its port."""
        self._command("Network.clearBrowserCookies")

    def _command(self, name: str, **parameters: Any) -> Any:  # noqa: ANN401 - of the browser
        return self._post("goog/cdp/execute", cmd=name, params=parameters)

    def _get(self, path: str) -> Any:  # noqa: ANN401 - of the driver
        return _value(self._client.get(f"/session/{self._session}/{path}"))

    def _post(self, path: str, **body: Any) -> Any:  # noqa: ANN401 - of the driver
        return _value(self._client.post(f"/session/{self._session}/{path}", json=body))


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser, headless; it and all of its processes are gone at the end."""
    found = programs()
    assert found, "chromium and chromedriver are not installed"
    browser, driver = found
    with tempfile.TemporaryDirectory(prefix="sst-browser-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        process = subprocess.Popen(
            [driver, f"--port={port}", "--log-level=SEVERE"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={
                **os.environ,
                "HOME": folder,
                "XDG_CONFIG_HOME": folder,
                "XDG_CACHE_HOME": folder,
            },
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_SECONDS) as client:
                wait_until(lambda: _is_ready(client), "the driver is ready", _SECONDS)
                session = _value(client.post("/session", json=_capabilities(browser, folder)))
                yield Browser(client, session["sessionId"])
                client.delete(f"/session/{session['sessionId']}")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _capabilities(browser: str, folder: str) -> dict[str, Any]:
    arguments = (
        *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
        *("--no-first-run", "--disable-background-networking", "--force-color-profile=srgb"),
        f"--user-data-dir={folder}/profile",
    )
    options = {"binary": browser, "args": arguments}
    always = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    return {"capabilities": {"alwaysMatch": always}}


def _is_ready(client: httpx.Client) -> bool:
    try:
        return bool(_value(client.get("/status"))["ready"])
    except httpx.TransportError:
        return False


def _value(answer: httpx.Response) -> Any:  # noqa: ANN401 - of the driver
    value = answer.json()["value"]
    assert answer.status_code == httpx.codes.OK, value
    return value
