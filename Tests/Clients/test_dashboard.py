"""The dashboard in a real browser: each page in both languages, narrow and wide, and all that people can do there."""

import importlib.util
import json
import tempfile
import threading
import uuid
from pathlib import Path

import pytest

from support.browser import Browser
from support.ledger import drained
from support.processes import eventually
from support.service import ALL, Service, prompt

PAGES = ["overview", "queue", "accounts", "models", "usage", "jobs", "dead", "alerts", "playground"]
WIDE, NARROW = (1280, 900), (390, 800)
HOSTILE = '<img src=x onerror="window.hacked=1">'
CATALOGUE = {
    "models": [
        {"id": "sandbox", "provider": "sandbox", "capabilities": ALL, "input_price": 1, "output_price": 2},
        {"id": "yuan", "provider": "sandbox", "capabilities": ALL, "input_price": 8, "output_price": 28, "currency": "CNY"}],
    "accounts": [
        {"id": "sandbox-1", "provider": "sandbox", "rpm": 10_000, "concurrency": 50, "quota_limit": 10_000_000},
        {"id": "spare-1", "provider": "sandbox"}]}
BUSY = "document.querySelector('[aria-busy]') === null"


@pytest.fixture(scope="module")
def watched(workspace, template, upstream):
    """A service with requests of two currencies, a failed one, a hostile user, a dead letter and an alert."""
    service = Service(
        Path(tempfile.mkdtemp(prefix="dash-", dir=workspace)) / "s", template, upstream, catalogue=CATALOGUE,
        METRICS_INTERVAL="1", ALERT_INTERVAL="0.5")
    client = service.openai()
    for model, user, text in [("sandbox", HOSTILE, ""), ("yuan", "jane", ""), ("sandbox", "jane", "[[tokens=5]]")]:
        client.chat.completions.create(model=model, user=user, messages=prompt(text))
    with service.http as http:
        failed = http.post("/v1/chat/completions", json={"model": "sandbox", "messages": prompt("[[fail=context_too_long]]")})
        assert failed.status_code == 400, failed.text
        bury(service)
        drained(service)
        eventually(lambda: http.get("/api/v1/alerts?open=true").json()["data"], what="the alert about the dead letter")
    yield service
    service.stop()


def bury(service):
    """A dead letter as workers write them. Returns its id."""
    letter = {
        "why": "poison", "lane": service.key("q:normal"), "v": 1, "id": f"0-{uuid.uuid4().hex}", "t": "default", "n": 2,
        "req": json.dumps({"model": "sandbox", "messages": prompt("once more")})}
    return "0:" + service.redis.client().xadd(service.key("dead"), letter).decode()


@pytest.fixture(scope="module")
def browser(workspace):
    browser = Browser(workspace / "browser")
    yield browser
    browser.stop()


@pytest.fixture
def opened(browser, watched):
    """`opened("#/queue", language="zh")`: a page that has been loaded. At the end none of them may have complained."""
    pages = []

    def make(route="", **options):
        page = browser.open(watched.url, **options)
        pages.append(page)
        page.goto(f"/{route}")
        return page

    yield make
    for page in pages:
        page.close()
    for page in pages:
        assert page.problems == []
        assert [url for url in page.asked if not url.startswith(watched.url)] == []


def texts(language):
    return json.loads((Path(__file__).parents[2] / f"Sources/Submitter/Dashboard/Assets/words/{language}.json").read_text())


def shows(page, name):
    page.evaluate(f"location.hash = '#/{name}'")
    title = json.dumps(texts(page.language)[f"page.{name}"])
    page.until(f"document.querySelector('h1').innerText === {title} && {BUSY}", f"the page {name}")


def axe():
    folder = Path(importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0])
    return next(folder.rglob("axe.min.js")).read_text()


def violations(page):
    """Those of weight, as `rule: element`."""
    found = page.evaluate(
        f"{axe()}; axe.run(document, {{ resultTypes: ['violations'] }}).then((found) => found.violations"
        ".filter((one) => ['serious', 'critical'].includes(one.impact))"
        ".flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html} ${node.failureSummary}`)))")
    return found


@pytest.mark.parametrize("language, size, theme", [
    ("en", WIDE, "light"), ("zh", NARROW, "dark"), ("zh", WIDE, "dark"), ("en", NARROW, "light")])
def test_every_page_stands_in_both_languages_narrow_and_wide_for_everybody(opened, language, size, theme):
    page = opened(language=language, width=size[0], height=size[1], theme=theme)
    paint = page.until("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    assert paint < 1000
    assert page.evaluate("document.documentElement.lang").startswith(language)
    for name in PAGES:
        shows(page, name)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert page.evaluate("document.querySelectorAll('[role=alert]').length") == 0, page.text
        assert "undefined" not in page.text and "NaN" not in page.text and "[object" not in page.text, name
        assert violations(page) == [], name


def test_the_overview_has_sums_by_currency_and_charts_with_their_tables(opened):
    page = opened()
    page.until(f"document.querySelectorAll('figure').length >= 6 && {BUSY}")
    titles = page.evaluate("[...document.querySelectorAll('figcaption')].map((one) => one.innerText)")
    assert "Cost in USD" in titles and "Cost in CNY" in titles
    labels = page.evaluate(
        "[...document.querySelectorAll('figure svg[role=img]')].map((one) => one.getAttribute('aria-label'))")
    assert len(labels) == len(titles) and all(label.startswith(title) for label, title in zip(labels, titles, strict=True))
    page.click("figure summary")
    assert page.until("document.querySelector('figure table')?.rows.length") >= 24


def test_the_queue_page_follows_the_queue(opened, watched):
    page = opened("#/queue")
    page.until("document.querySelector('main table') !== null")
    caller = threading.Thread(target=lambda: watched.openai().chat.completions.create(
        model="sandbox", messages=prompt("[[tokens=60 delay_ms=100]]"), stream=False))
    caller.start()
    running = (
        "[...document.querySelectorAll('tbody tr')]"
        ".some((row) => row.cells[0].innerText === 'normal' && row.cells[2].innerText === '1')")
    page.until(running, "the request is shown while it runs")
    caller.join(30)
    page.until(f"!{running}", "the request has ended")


def test_what_has_the_focus_keeps_it_while_figures_change(opened):
    page = opened("#/accounts")
    button = '[data-key="test:sandbox-1"]'
    page.until(f"document.querySelector({json.dumps(button)}) !== null")
    page.evaluate(f"document.querySelector({json.dumps(button)}).focus(); window.before = document.activeElement")
    page.until("!window.before.isConnected", "the table was drawn again")
    assert page.evaluate("document.activeElement.dataset.key") == "test:sandbox-1"


def test_accounts_are_tested_disabled_with_a_reason_and_enabled(opened, watched):
    page = opened("#/accounts")
    page.click('[data-key="test:spare-1"]')
    page.until("document.body.innerText.includes('spare-1 answered in')")
    page.click('[data-key="state:spare-1"]')
    page.until("document.querySelector('dialog[open]') !== null")
    assert violations(page) == []
    page.fill("dialog input", "contract ends")
    page.click("dialog button.primary")
    page.until("document.body.innerText.includes('spare-1 is out of use')")
    with watched.http as http:
        account = http.get("/api/v1/accounts/spare-1").json()
        assert (account["status"], account["status_reason"]) == ("disabled", "contract ends")
        assert http.get("/api/v1/audit?subject=spare-1").json()["data"][0]["actor"] == "dashboard"
        page.until("document.querySelector('[data-key=\"state:spare-1\"]')?.innerText === 'Enable'")
        page.click('[data-key="state:spare-1"]')
        page.until("document.body.innerText.includes('spare-1 is in use')")
        assert http.get("/api/v1/accounts/spare-1").json()["status"] == "active"


def test_the_usage_explorer_answers_any_question_and_shows_texts_as_texts(opened):
    page = opened("#/usage?view=cost&period=24h&group=user")
    page.until(f"{BUSY} && document.querySelectorAll('main table').length === 2")
    assert HOSTILE in page.text and page.evaluate("window.hacked") is None
    page.fill("select[name=view]", "errors")
    page.fill("select[name=group]", "error_kind")
    page.click("main form button[type=submit]")
    page.until(f"{BUSY} && location.hash.includes('view=errors') && document.body.innerText.includes('context too long')")
    page.fill("select[name=view]", "performance")
    page.fill("select[name=group]", "hour")
    page.click("main form button[type=submit]")
    page.until(f"{BUSY} && document.querySelector('figure svg[role=img]') !== null")


def test_a_job_is_shown_with_its_attempts_and_its_answer_as_it_comes(opened, watched):
    with watched.http as http:
        job = http.post("/api/v1/jobs", json={
            "model_name": "sandbox", "messages": prompt("[[tokens=40 delay_ms=100]]"), "stream": True}).json()["id"]
    page = opened("#/jobs")
    page.fill("input[name=id]", job)
    page.click("main form button[type=submit]")
    page.click('[data-key="follow"]')
    length = "(document.querySelector('.answer')?.textContent.length ?? 0)"
    seen = page.until(length, "text has come")
    page.until(f"{length} > {seen}", "more has come")
    page.until("document.body.innerText.includes('The answer is complete.')", seconds=30)
    page.until("[...document.querySelectorAll('.timeline strong')].at(-1)?.innerText === 'ended'", "the time line has its end")
    with watched.http as http:
        assert http.get(f"/api/v1/jobs/{job}").json()["status"] == "done"


def test_leaving_the_page_of_a_job_cancels_nothing(opened, watched):
    stream = watched.openai().chat.completions.with_raw_response.create(
        model="sandbox", messages=prompt("[[tokens=30 delay_ms=100]]"), stream=True)
    page = opened(f"#/jobs/{stream.headers['x-job-id']}")
    page.click('[data-key="follow"]')
    page.until("document.querySelector('.answer')?.textContent.length > 0")
    page.evaluate("location.hash = '#/models'")
    *_, last = stream.parse()
    assert last.choices[0].finish_reason == "stop"


def test_a_dead_letter_is_retried_and_another_dropped(opened, watched):
    retried, dropped = bury(watched), bury(watched)
    page = opened("#/dead")
    page.click(f'[data-key="retry:{retried}"]')
    page.until(f"document.body.innerText.includes('{retried} is in the queue again.')")
    page.click(f'[data-key="drop:{dropped}"]')
    page.click("dialog button.primary")
    page.until(f"document.body.innerText.includes('{dropped} is dropped.')")
    with watched.http as http:
        left = [letter["id"] for letter in http.get("/api/v1/queue/dead").json()["data"]]
    assert retried not in left and dropped not in left


def test_an_alert_is_silenced_and_told_again(opened, watched):
    page = opened("#/alerts")
    page.click('main td [data-key^="silence:"]')
    page.fill("dialog input[name=reason]", "known")
    page.click("dialog button.primary")
    page.until("document.querySelector('[data-key^=\"end:\"]') !== null")
    with watched.http as http:
        [silence] = http.get("/api/v1/alerts/silences").json()["data"]
        assert (silence["reason"], silence["actor"]) == ("known", "dashboard")
        page.click('[data-key^="end:"]')
        page.until("document.querySelector('[data-key^=\"end:\"]') === null")
        assert http.get("/api/v1/alerts/silences").json()["data"] == []


def test_the_playground_streams_an_answer_and_stops_one(opened, watched):
    page = opened("#/playground")
    page.until("document.querySelector('input[name=model]')?.value === 'sandbox'")
    page.fill("textarea[name=message]", "Hello there")
    page.click("main form button[type=submit]")
    page.until("document.querySelector('.turn.assistant .answer')?.textContent.includes('Hello there')")
    page.until("document.querySelector('.turn.assistant a')?.href.includes('#/jobs/')")
    page.fill("textarea[name=message]", "[[tokens=500 delay_ms=100]]")
    page.click("main form button[type=submit]")
    page.until(
        "document.querySelectorAll('.turn').length === 4"
        " && [...document.querySelectorAll('.turn.assistant .answer')].at(-1).textContent.length > 0")
    page.click('[data-key="stop"]')
    page.until("document.body.innerText.includes('Stopped.')")


def test_language_and_theme_are_chosen_and_kept(opened):
    page = opened(language="en", theme="light")
    page.until(BUSY)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.fill("#switches select:nth-of-type(2)", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.fill("#switches select", "zh")
    page.until("document.querySelector('h1').innerText === '概览'")
    page.reload()
    page.until("document.querySelector('h1')?.innerText === '概览'")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_reaches_everything(opened):
    page = opened()
    page.until(f"{BUSY} && document.querySelectorAll('nav a').length === 9")
    page.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.evaluate("document.querySelector('nav a[data-page=dead]').focus()")
    page.press("Enter")
    page.until("document.querySelector('h1').innerText === 'Dead letters' && document.activeElement.tagName === 'H1'")
    page.until("document.querySelector('[data-key^=\"drop:\"]') !== null")
    page.evaluate("document.querySelector('[data-key^=\"drop:\"]').focus()")
    page.press("Enter")
    page.until("document.querySelector('dialog[open]')?.contains(document.activeElement)")
    page.press("Escape")
    page.until("document.querySelector('dialog') === null")


def test_pages_go_on_and_say_so_while_postgresql_is_away(browser, watched):
    page = browser.open(watched.url)
    watched.postgres.stop()
    try:
        page.goto("/")
        page.until("document.getElementById('banner').innerText.includes('PostgreSQL')", seconds=40)
        page.until("document.querySelector('.tiles .value') !== null", "the figures of Redis are there")
        page.evaluate("location.hash = '#/playground'")
        page.until("document.querySelector('input[name=model]')?.value === 'sandbox'")
        page.fill("textarea[name=message]", "still here")
        page.click("main form button[type=submit]")
        page.until("document.querySelector('.turn.assistant .answer')?.textContent.includes('still here')")
    finally:
        watched.postgres.start()
    page.until("document.getElementById('banner').innerText === ''", "the banner is gone", seconds=40)
    assert page.evaluate("typeof window.hacked") == "undefined"
    page.close()
