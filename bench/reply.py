"""One reply to a chat completion, read as it comes and checked: status, all tokens once and in order, its proper end."""

import json

WIDTH = 7  # characters of a token, " w00000"


class Reply:
    """`feed` bytes until it returns true; then `fault` is None, or says what was wrong."""

    def __init__(self, is_stream, expected):
        self.is_stream, self.expected = is_stream, expected
        self.received, self.body = bytearray(), bytearray()
        self.status = self.left = None
        self.is_chunked = self.closes = self.is_done = False
        self.text, self.finish = "", None
        self.times = []  # of each token of a stream

    def feed(self, data, now):
        """Whether the reply is complete."""
        self.received += data
        if self.status is None and not self.read_head():
            return False
        is_complete = self.read_chunks() if self.is_chunked else self.read_length()
        if self.is_stream and self.status == 200:
            self.read_events(now)
        return is_complete

    def read_head(self):
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = self.received[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.status = int(lines[0].split(" ")[1])
        self.closes = headers.get("connection", "").lower() == "close"
        self.is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.left = int(headers.get("content-length", 0))
        del self.received[:end + 4]
        return True

    def read_length(self):
        self.left -= len(self.received)
        self.body += self.received
        self.received.clear()
        return self.left <= 0

    def read_chunks(self):
        while (end := self.received.find(b"\r\n")) >= 0:
            size = int(self.received[:end].split(b";")[0], 16)
            if len(self.received) < end + 2 + size + 2:
                return False
            self.body += self.received[end + 2:end + 2 + size]
            del self.received[:end + 2 + size + 2]
            if size == 0:
                return True
        return False

    def read_events(self, now):
        while (end := self.body.find(b"\n\n")) >= 0:
            for line in bytes(self.body[:end]).split(b"\n"):
                if line.startswith(b"data:"):
                    self.read_data(line[5:].strip())
            del self.body[:end + 2]
        # One event may bring many tokens, or none.
        self.times += [now] * (len(self.text) // WIDTH - len(self.times))

    def read_data(self, data):
        if data == b"[DONE]":
            self.is_done = True
            return
        for choice in json.loads(data).get("choices", ()):
            self.text += choice["delta"].get("content") or ""
            self.finish = choice.get("finish_reason") or self.finish

    def fault(self):
        if self.status != 200:
            return f"status {self.status}"
        if self.is_stream and not self.is_done:
            return "no [DONE]"
        if not self.is_stream:
            choice = json.loads(self.body)["choices"][0]
            self.text, self.finish = choice["message"]["content"], choice["finish_reason"]
        if self.text != self.expected:
            return "tokens"
        return None if self.finish == "stop" else "finish_reason"
