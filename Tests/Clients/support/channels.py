"""The receivers of messages about alerts, on loopback: each platform's own answers, and its check of what it gets.

In: answers that a test wrote down, per platform, before the usual yes. Out: `Message`s with what was sent and whether it was
taken. Signatures are checked as the platforms do it, when a test asks.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass

from standardwebhooks import Webhook

from .http_server import ThreadedServer
from .service import KEY_MARK

SECRETS = {
    "generic": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "dingtalk": "SEC0123456789abcdef0123456789abcdef",
    "feishu": "feishu-secret-0123456789",
}
YES = {
    "generic": (204, b"", ()), "slack": (200, b"ok", ()), "dingtalk": (200, b'{"errcode":0,"errmsg":"ok"}', ()),
    "feishu": (200, b'{"code":0,"msg":"success","data":{}}', ()), "wecom": (200, b'{"errcode":0,"errmsg":"ok"}', ())}
PLATFORMS = list(YES)
CHATS = [platform for platform in PLATFORMS if platform != "generic"]


def signature(key, message):
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


@dataclass
class Message:
    platform: str
    at: float
    headers: dict
    query: dict
    raw: bytes
    is_taken: bool

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def text(self):
        return self.raw.decode()

    def check(self):
        """Form and signature, as the platform's own server checks them."""
        assert self.headers["content-type"].startswith("application/json")
        getattr(self, f"_check_{self.platform}")(self.json)

    def _check_generic(self, body):
        Webhook(SECRETS["generic"]).verify(self.raw, self.headers)
        assert self.headers["webhook-id"].startswith("msg_")
        assert body["version"] == 1 and body["state"] in ("firing", "resolved") and body["annotations"]["message"]
        assert body["severity"] in ("warning", "critical") and body["labels"].keys() == {"subject", "source"}
        assert (body["ends_at"] is None) == (body["state"] == "firing") and body["starts_at"].endswith("Z")

    def _check_slack(self, body):
        assert body["text"] and 2 <= len(body["blocks"]) <= 50
        assert body["blocks"][0]["type"] == "header" and len(body["blocks"][0]["text"]["text"]) <= 150
        assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"] if block["type"] == "section")

    def _check_dingtalk(self, body):
        secret, now = SECRETS["dingtalk"], int(self.query["timestamp"])
        assert abs(now / 1000 - time.time()) < 3600
        assert self.query["sign"] == signature(secret, f"{now}\n{secret}")
        assert body["msgtype"] == "markdown" and body["markdown"]["title"] and len(self.raw) < 20_000

    def _check_feishu(self, body):
        assert abs(int(body["timestamp"]) - time.time()) < 3600
        assert body["sign"] == signature(f"{body['timestamp']}\n{SECRETS['feishu']}", "")
        assert body["msg_type"] == "interactive" and body["card"]["header"]["title"]["content"]
        assert body["card"]["elements"][0]["text"]["content"] and len(self.raw) < 20_000

    def _check_wecom(self, body):
        assert body["msgtype"] == "markdown" and 0 < len(body["markdown"]["content"].encode()) <= 4096


class Channels:
    def __init__(self):
        self.messages, self.answers = [], {platform: [] for platform in PLATFORMS}
        self._server = ThreadedServer(self._answer, lambda text: print(text, file=sys.stderr))

    @property
    def settings(self):
        """Every address has a token that must not get into a log."""
        urls = [f"{platform}+{self._server.url}/{platform}/{KEY_MARK}-hook" for platform in PLATFORMS]
        return {"ALERT_WEBHOOKS": " ".join(urls),
                "ALERT_WEBHOOK_SECRETS": " ".join(f"{name}={secret}" for name, secret in SECRETS.items())}

    async def _answer(self, call):
        platform = call.path.split("/")[1]
        script = self.answers[platform]
        # The last one stays until the test takes it away.
        status, body, headers = (script.pop(0) if len(script) > 1 else script[0]) if script else YES[platform]
        taken = not script and (status, body, headers) == YES[platform]
        self.messages.append(Message(platform, time.monotonic(), call.headers, call.query, call.raw, taken))
        await call.send(body, status, "application/json", headers)

    def of(self, platform, taken=True):
        return [message for message in list(self.messages) if message.platform == platform and message.is_taken >= taken]

    def told(self, kind, state, subject=None):
        """Messages on the generic channel that were taken."""
        return [message for message in self.of("generic") if (body := message.json)["alert"] == kind
                and body["state"] == state and subject in (None, body["labels"]["subject"])]

    def stop(self):
        self._server.stop()
