"""`/openapi.json`, the pages over it and `/debug/config`, of a running service."""

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from support.service import KEYS, MASTER_KEY

SUPPORT = Path(__file__).parent / "support"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# They would change the catalogue, the budgets and the dead letters of all other tests.
DISTURBING = "^(create|replace|patch|delete|enable|disable)(Model|Account|Budget)$|^rotateAccountKey$|^(drop|retry)DeadLetter"
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance",
]


@pytest.fixture(scope="module")
def document(service):
    return service.http.get("/openapi.json").raise_for_status().json()


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_openapi(document):
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_example_is_valid(document):
    def check(value, schema, where):
        # References begin at the root.
        validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
        assert [error.message for error in validator.iter_errors(value)] == [], where

    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                check(parameter["example"], parameter["schema"], f"{name} {parameter['name']}")
        for answer in [operation.get("requestBody", {}), *operation["responses"].values()]:
            for content in answer.get("content", {}).values():
                for key, example in content.get("examples", {}).items():
                    named = document["components"]["examples"].get(key, {})
                    check(example.get("value", named.get("value")), content["schema"], f"{name} {key}")


def schemathesis(service, *options):
    done = subprocess.run(
        [SCHEMATHESIS, "--config-file", SUPPORT / "schemathesis.toml", "run", f"{service.url}/openapi.json",
         "--checks", ",".join(CHECKS), *options, "--phases", "examples,fuzzing",
         "--max-examples", "8", "--generation-deterministic", "--no-shrink", "--workers", "2", "--request-timeout", "20"],
        capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr


def test_schemathesis_finds_nothing(service):
    schemathesis(service, "--exclude-operation-id-regex", DISTURBING)


def test_schemathesis_finds_nothing_about_budgets(own_service):
    schemathesis(own_service(workers=0), "--include-operation-id-regex", "Budget")


def test_the_pages_refer_to_no_other_host(service):
    for path, script in [("/docs", "swagger-ui-bundle.js"), ("/redoc", "redoc.standalone.js")]:
        page = service.http.get(path)
        assert page.status_code == 200, page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        links = re.findall(r'(?:src|href|spec-url)="([^"]*)"', page.text)
        assert f"/docs/{script}" in links
        for link in links:
            assert link.startswith("/") and not link.startswith("//")
            assert service.http.get(link).status_code == 200, link
        assert "cdn.redoc.ly" not in service.http.get(f"/docs/{script}").text


def test_the_settings_are_shown_with_their_sources_and_without_secrets(service):
    answer = service.http.get("/debug/config")
    shown = {row["name"]: row for row in answer.json()["data"]}
    printed = service.run("config", "--json").stdout

    assert (shown["SERVICE_PORT"]["value"], shown["SERVICE_PORT"]["source"]) == (str(service.port), "environment")
    assert (shown["JOB_DEADLINE"]["value"], shown["JOB_DEADLINE"]["source"]) == ("600", "default")
    assert (shown["MASTER_KEY"]["value"], shown["MASTER_KEY"]["source"]) == ("•••", "environment")
    assert shown["REDIS_URL"]["value"].startswith("redis://")
    for secret in [MASTER_KEY, *KEYS]:
        assert secret not in answer.text and secret not in printed
    assert set(shown) == set(re.findall(r'"name":"(\w+)"', printed))
