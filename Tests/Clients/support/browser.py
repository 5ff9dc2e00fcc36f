"""Headless Chromium of Debian, driven by its DevTools protocol over two pipes.

In: a folder for its profile; for each page a language, a size and a theme. Out: `Page`s that run expressions and press keys,
and know what their console said and what they asked for. One thread uses it: answers and events are read while it waits.
"""

import fcntl
import itertools
import json
import os
import select
import shutil
import time
from pathlib import Path

from .processes import Process, eventually

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    "--remote-debugging-pipe",
]
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}


class Browser:
    def __init__(self, folder: Path):
        program = shutil.which("chromium")
        assert program, "chromium is missing: run scripts/setup"
        folder.mkdir(parents=True)
        theirs_in, ours_out = _pipe()
        self._in, theirs_out = _pipe()
        # The protocol wants its pipes as 3 and 4.
        command = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "chromium", program]
        environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
        self.process = Process(
            "chromium", [*command, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"], folder / "chromium.log",
            env=environment, pass_fds=(theirs_in, theirs_out))
        os.close(theirs_in)
        os.close(theirs_out)
        self._out = os.fdopen(ours_out, "wb")
        self._rest, self._numbers, self._answers, self._pages = b"", itertools.count(1), {}, {}
        self.agent = self.send("Browser.getVersion", seconds=60)["userAgent"]

    def send(self, method, session=None, seconds=30, **params):
        """The result of one command."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        end = time.monotonic() + seconds
        while number not in self._answers:
            assert time.monotonic() < end, f"no answer to {method} within {seconds} s\n{self.process.tail()}"
            self.read(0.5)
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def read(self, seconds=0.0):
        """Takes what Chromium has said, and waits for it so long."""
        if not select.select([self._in], [], [], seconds)[0]:
            return
        found = os.read(self._in, 1 << 20)
        assert found, f"chromium ended\n{self.process.tail()}"
        *messages, self._rest = (self._rest + found).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            elif page := self._pages.get(message.get("sessionId")):
                page.happened(message["method"], message["params"])

    def open(self, base, **options):
        page = Page(self, base, **options)
        self._pages[page.session] = page
        page.enable()
        return page

    def closed(self, page):
        del self._pages[page.session]

    def stop(self):
        self._out.write(json.dumps({"id": next(self._numbers), "method": "Browser.close"}).encode() + b"\0")
        self._out.flush()
        self.process.end(10)
        self._out.close()
        os.close(self._in)


def _pipe():
    """Both ends above the numbers that the child gives them."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends]
    for end in ends:
        os.close(end)
    return high


class Page:
    """One page in a context of its own: nothing that another one kept is in it."""

    def __init__(self, browser, base, language="en", width=1280, height=900, theme=None):
        self.browser, self.base, self.language, self.size, self.theme = browser, base, language, (width, height), theme
        self.problems, self.asked, self._loads = [], [], 0
        self._context = browser.send("Target.createBrowserContext")["browserContextId"]
        self._target = browser.send("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]

    def enable(self):
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        width, height = self.size
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setUserAgentOverride", userAgent=self.browser.agent, acceptLanguage=self.language)
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)
        if self.theme:
            self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": self.theme}])

    def send(self, method, **params):
        return self.browser.send(method, self.session, **params)

    def happened(self, event, details):
        if event == "Network.requestWillBeSent":
            self.asked.append(details["request"]["url"])
        elif event == "Page.loadEventFired":
            self._loads += 1
        elif event == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(details["exceptionDetails"])[:1000])
        elif event == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(details["args"])[:1000])
        elif event == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")

    def goto(self, path="/"):
        before = self._loads
        self.send("Page.navigate", url=self.base + path)
        self._until(lambda: self._loads > before, f"{path} is loaded")

    def reload(self):
        before = self._loads
        self.send("Page.reload")
        self._until(lambda: self._loads > before, "the page is loaded again")

    def _until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s: {what}"
            self.browser.read(0.2)

    def evaluate(self, expression):
        """Its value, of a promise when that is there."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, json.dumps(answer["exceptionDetails"])[:2000]
        return answer["result"].get("value")

    def until(self, expression, what=None, seconds=20):
        return eventually(lambda: self.evaluate(expression), seconds, what or expression)

    @property
    def text(self):
        return self.evaluate("document.body.innerText")

    def click(self, selector):
        self.until(f"document.querySelector({json.dumps(selector)}) !== null", f"there is {selector}")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector, value):
        """As if typed: listeners hear of it."""
        self.evaluate(
            f"(() => {{ const field = document.querySelector({json.dumps(selector)}); field.value = {json.dumps(value)};"
            " for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, { bubbles: true })); })()")

    def press(self, key):
        code = KEYS[key]
        text = {"Enter": "\r", " ": " "}.get(key)
        event = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.send("Input.dispatchKeyEvent", **down, **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def close(self):
        self.browser.send("Target.disposeBrowserContext", browserContextId=self._context)
        self.browser.closed(self)
