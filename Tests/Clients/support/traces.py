"""A receiver of traces by OTLP over HTTP, on loopback, which reads each body with OpenTelemetry's own message types.

In: spans, and how the receiver is to answer (`answers`). Out: `Span`s, each with the name of its process. A body that the
types do not take, to the last field, fails the test that looks at spans.
"""

import asyncio
import base64
import gzip
import json
import os
import sys
from dataclasses import dataclass

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .http_server import ThreadedServer
from .processes import eventually

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


@dataclass
class Span:
    process: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    failed: bool
    state: str
    is_remote: bool
    attributes: dict


class Traces:
    def __init__(self):
        # Statuses before the usual 200; the last one stays. `None` hangs.
        self.answers, self.bodies, self.headers = [], [], []
        self._requests, self._mistakes = [], []
        self._server = ThreadedServer(self._answer, lambda text: print(text, file=sys.stderr))

    @property
    def url(self):
        return self._server.url

    @property
    def settings(self):
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    async def _answer(self, call):
        status = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]) if self.answers else 200
        if status is None:
            await asyncio.Event().wait()
        if status == 200:
            self._read(call)
        await call.send({}, status)

    def _read(self, call):
        try:
            assert (call.method, call.path) == ("POST", "/v1/traces") and call.headers["content-type"] == "application/json"
            is_packed = call.headers.get("content-encoding") == "gzip"
            body = gzip.decompress(call.raw) if is_packed else call.raw
            request = json_format.ParseDict(_with_bytes(json.loads(body)), ExportTraceServiceRequest())
            self.bodies.append(body.decode())
            self.headers.append(call.headers)
            self._requests.append(request)
        except Exception as error:  # noqa: BLE001  told where a test looks
            self._mistakes.append(repr(error))

    @property
    def spans(self):
        assert not self._mistakes, self._mistakes
        return [span for request in list(self._requests) for span in _spans(request)]

    def of(self, trace, *names, seconds=15):
        """The spans of a trace by their names, in the order of their beginnings, once all of `names` have come."""

        def found():
            spans = sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.start)
            missing = list(names)
            for span in spans:
                if span.name in missing:
                    missing.remove(span.name)
            return None if missing else spans

        return eventually(found, seconds, f"{names} of {trace}")

    def stop(self):
        self._server.stop()


def _with_bytes(value):
    """OTLP's hexadecimal ids as base64, which is the form of bytes in all other JSON of protocol buffers."""
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
    for name in ids.keys() & value.keys():
        assert len(value[name]) == ids[name] and value[name] == value[name].lower(), value[name]
    return {
        name: base64.b64encode(bytes.fromhex(each)).decode() if name in ids else _with_bytes(each)
        for name, each in value.items()}


def _spans(request):
    for resource in request.resource_spans:
        process = _attributes(resource.resource.attributes)
        assert {"service.name", "service.version", "service.instance.id"} <= process.keys()
        for scope in resource.scope_spans:
            assert scope.scope.name == "aims" and scope.schema_url
            for span in scope.spans:
                yield Span(
                    process["service.name"], span.name, KINDS[span.kind], span.trace_id.hex(), span.span_id.hex(),
                    span.parent_span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano,
                    span.status.code == 2, span.trace_state, bool(span.flags & 0x200), _attributes(span.attributes))


def _attributes(pairs):
    found = {}
    for pair in pairs:
        assert pair.key not in found, f"{pair.key} stands twice"
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind)
        found[pair.key] = [each.string_value for each in value.values] if kind == "array_value" else value
    return found


def new_trace(is_sampled=True):
    """A caller's trace: its id, its span's id, and the header."""
    trace, span = os.urandom(16).hex(), os.urandom(8).hex()
    return trace, span, f"00-{trace}-{span}-{'01' if is_sampled else '00'}"
