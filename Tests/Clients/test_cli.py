"""`submitter` on the command line."""

import os
import pwd
import signal
import subprocess
import time

import pytest

from support.ledger import settled_rows
from support.processes import eventually
from support.service import BIN, PROMPT_MARK
from support.terminal import on_terminal


def test_chat_prints_the_answer(service):
    done = service.run("chat", f"hi {PROMPT_MARK}")
    assert done.returncode == 0 and done.stdout == f"You said: hi {PROMPT_MARK}\n"


def test_chat_streams_piece_by_piece(service):
    began = time.time()
    child = subprocess.Popen(
        [BIN / "submitter", "chat", f"[[tokens=200 delay_ms=20]] {PROMPT_MARK}"], env=service.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert os.read(child.stdout.fileno(), 8) and child.poll() is None, "the first piece came with the last"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        assert child.returncode == 130
    finally:
        child.kill()
    cancelled = "SELECT request_id FROM usage_attempts WHERE status = 'cancelled' AND started_at > to_timestamp(%s)"
    [(id,)] = eventually(lambda: service.postgres.query(cancelled, began), what="the cancelled row")
    assert len(settled_rows(service, id)) == 1


@pytest.mark.parametrize("options", [["--no-stream"], ["--json"], ["--system", "be brief"]])
def test_chat_has_its_options(service, options):
    done = service.run("chat", f"hi {PROMPT_MARK}", *options)
    assert done.returncode == 0 and f"You said: hi {PROMPT_MARK}" in done.stdout


def test_chat_reads_standard_input(service):
    done = service.run("chat", "-", stdin=f"from a pipe {PROMPT_MARK}")
    assert done.returncode == 0 and "from a pipe" in done.stdout


def test_chat_tells_why_it_failed(service):
    done = service.run("chat", "hi", "--model", "no-such-model")
    assert done.returncode == 1 and done.stdout == "" and done.stderr.startswith("model_not_found: ")


@pytest.mark.parametrize("arguments", [[], ["serve"], ["chat"], ["migrate"]])
def test_help_explains_itself(service, arguments):
    done = service.run(*arguments, "--help")
    assert done.returncode == 0 and "USAGE:" in done.stdout and "OVERVIEW:" in done.stdout
    assert service.run("--version").stdout.strip()


def test_the_worker_has_help_too(service):
    done = subprocess.run([BIN / "worker", "--help"], env=service.environment, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "USAGE:" in done.stdout


@pytest.mark.parametrize("command", [[BIN / "submitter", "serve"], [BIN / "worker"]])
def test_all_wrong_settings_are_listed_at_once_and_no_secret_is_shown(service, command):
    wrong = {"LEASE": "soon", "LOG_LEVEL": "loud", "CACHE_PREFIX": "a b", "MASTER_KEY": "sk-zanzibar-key-not-base64",
             "REDIS_URL": "http://user:sk-zanzibar-key-pass@host", "DATABASE_URL": "sk-zanzibar-key-nonsense"}
    done = subprocess.run(command, env=service.environment | wrong, capture_output=True, text=True, timeout=20)
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert [name for name in wrong if name not in said] == []
    assert "zanzibar" not in said


@pytest.mark.parametrize("command", [
    [BIN / "submitter", "serve"], [BIN / "worker"], [BIN / "submitter", "migrate"], [BIN / "submitter", "models", "list"]])
@pytest.mark.parametrize("url", ["nonsense", "mysql://h/db", "postgresql://h:port/db"])
def test_a_database_url_that_is_none_is_a_wrong_setting(service, command, url):
    began = time.monotonic()
    done = subprocess.run(
        command, env=service.environment | {"DATABASE_URL": url}, capture_output=True, text=True, timeout=20)
    assert done.returncode == 3 and "DATABASE_URL: expected postgresql://" in done.stderr, done.stderr
    assert url not in done.stderr and time.monotonic() - began < 5


@pytest.mark.parametrize("command, name, taken", [
    ([BIN / "submitter", "serve"], "SERVICE_PORT", "shim"), ([BIN / "worker"], "WORKER_PORT", "worker")])
def test_a_port_in_use_is_told_with_the_setting_to_change(service, command, name, taken):
    port = service.shim.port if taken == "shim" else service.workers[0].port
    done = subprocess.run(
        command, env=service.environment | {name: str(port)}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1, done.stderr
    assert f"127.0.0.1:{port} is in use" in done.stderr and f"set {name} " in done.stderr, done.stderr


@pytest.mark.parametrize("arguments, usage", [
    (["models", "edit", "sandbox"], "submitter models edit"),
    (["accounts", "disable", "a", "--reason", " "], "submitter accounts disable"),
    (["accounts", "add", "--set", "rpm"], "submitter accounts add"),
    (["models", "list", "--provider", "foo"], "submitter models list"),
    (["accounts", "rotate-key", "stub-1"], "submitter accounts rotate-key"), (["audit", "--kind", "foo"], "submitter audit"),
])
def test_a_mistake_is_told_with_the_usage_of_its_own_command(service, arguments, usage):
    done = service.run(*arguments)
    assert done.returncode == 64 and f"Usage: {usage}" in done.stderr and "<subcommand>" not in done.stderr, done.stderr


@pytest.mark.parametrize("value", ["foo"])
def test_unknown_words_are_refused_with_the_known_ones(service, value):
    kind = service.run("audit", "--kind", value).stderr
    assert value in kind and "model" in kind and "account" in kind
    assert "openai" in service.run("accounts", "list", "--provider", value).stderr


def test_only_a_terminal_gets_escape_codes(service):
    command = [BIN / "submitter", "chat", f"[[reasoning=3]] {PROMPT_MARK}", "--model", "sandbox"]
    piped = subprocess.run(command, env=service.environment, capture_output=True, text=True, timeout=30)
    assert piped.returncode == 0 and "\x1b" not in piped.stdout + piped.stderr
    shown = on_terminal(command, service.environment | {"TERM": "xterm"})[0]
    plain = on_terminal(command, service.environment | {"TERM": "xterm", "NO_COLOR": "1"})[0]
    assert "\x1b[2m" in shown and "\x1b" not in plain and len(plain) > 10


def test_the_audit_log_knows_who_it_was_without_the_variable(service):
    """Service managers and containers set no USER."""
    assert service.run("models", "edit", "sandbox", "--set", "weight=2", USER="", LOGNAME="", SUDO_USER="").returncode == 0
    service.run("models", "edit", "sandbox", "--set", "weight=null")
    actors = {row[0] for row in service.postgres.query("SELECT actor FROM audit_log WHERE subject = 'sandbox' AND"
                                                       " action = 'update'")}
    assert f"cli:{pwd.getpwuid(os.geteuid()).pw_name}" in actors and "cli:?" not in actors


def test_migrate_twice_changes_nothing(service):
    def content():
        return service.postgres.query(
            "SELECT (SELECT json_agg(to_jsonb(m) - 'updated_at' ORDER BY id) FROM models m),"
            " (SELECT json_agg(to_jsonb(a) - '{updated_at,quota_used,api_key_encrypted}'::text[] ORDER BY id) FROM accounts a),"
            " (SELECT json_agg(s) FROM schema_migrations s)")

    before = content()
    again = service.run("migrate")
    assert again.returncode == 0 and "up to date" in again.stdout
    # Not even what people changed: CATALOG_FILE names the stub's model, too.
    service.run("models", "edit", "stub", "--set", "priority=3", "--set", "aliases=[by-hand]")
    changed = content()
    assert changed != before
    assert service.run("migrate").returncode == 0 and content() == changed
    service.run("models", "edit", "stub", "--set", "priority=null", "--set", "aliases=null")
    assert content() == before


def test_keys_are_sealed_in_the_database(service):
    sealed = service.postgres.query("SELECT api_key_encrypted FROM accounts WHERE api_key_encrypted IS NOT NULL")
    assert len(sealed) == 2 and all("zanzibar" not in key for (key,) in sealed)


def test_a_wrong_catalogue_is_told_field_by_field_and_changes_nothing(service):
    path = service.folder / "wrong.yaml"
    path.write_text("models:\n  - {id: x, provider: nobody, max_tokens: -1}\naccounts:\n"
                    "  - {id: y, provider: openai, api_key: sk-zanzibar-key-3, rpm: many}\n")
    before = service.postgres.query("SELECT count(*) FROM models")
    done = service.run("catalog", "apply", str(path))
    assert done.returncode == 3 and service.postgres.query("SELECT count(*) FROM models") == before
    assert str(path) in done.stderr
    for field in ("models[0].provider (x)", "models[0].max_tokens (x)", "accounts[0].rpm (y)"):
        assert field in done.stderr
    assert "zanzibar" not in done.stderr


def test_the_sandbox_streams_word_by_word_unless_told_otherwise(service):
    def deltas(text):
        chunks = service.openai().chat.completions.create(
            model="sandbox", stream=True, messages=[{"role": "user", "content": f"{text}{PROMPT_MARK} one two three four"}])
        return [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]

    slow, quick = deltas(""), deltas("[[delay_ms=0]] ")

    assert "".join(slow) == "".join(quick) == f"You said: {PROMPT_MARK} one two three four"
    assert len(slow) >= 4
