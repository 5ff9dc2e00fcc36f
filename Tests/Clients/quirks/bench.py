"""The bench of a case: models and accounts of its own, so that no case changes the health of another's.

In: the marker `place` of a test. Out: a `Place`, which tells its platform what to answer and asks the service.
"""

import psycopg
from support.processes import eventually
from support.raw_platform import Raw
from support.service import prompt

from .modes import MODES
from .reading import Streamed

DEFAULT = "openai/compatible"
TOOL = {"type": "function", "function": {
    "name": "look_up", "description": "finds", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}


class Place:
    """One model of one mode, with `accounts` accounts."""

    def __init__(self, name, mode=DEFAULT, accounts=1, vectors=False, **model):
        self.model, self.mode, self.accounts, self._vectors, self._fields = name, MODES[mode], accounts, vectors, model
        self.stack = None

    # MARK: the catalogue

    def catalogue(self, platform):
        id = self.mode.embedding_id if self._vectors else self.mode.model_id
        entry = {"id": self.model, "provider": self.mode.provider, "model_id": id, "input_price": 1, "output_price": 2}
        if self._vectors:
            entry["capabilities"] = {"embeddings": True}
        accounts = [
            # The first is asked first.
            {**self.mode.account(f"{self.model.replace('/', '-')}-{number}", platform.url(self._at(number)), [self.model]),
             "weight": 1000 if number == 1 else 1}
            for number in range(1, self.accounts + 1)]
        return {**entry, **self._fields}, accounts

    def _at(self, account):
        return f"{self.model.replace('/', '-')}.{account}"

    # MARK: the platform

    def answers(self, *answers, account=None):
        """One answer a call, the last for all further ones: a `Raw`, or a function of the call. None: all accounts."""
        remaining = list(answers)

        def handler(call):
            answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            return answer if isinstance(answer, Raw) else answer(call)

        for number in [account] if account else range(1, self.accounts + 1):
            self.stack.platform.handlers[self._at(number)] = handler

    def says(self, said, **more):
        self.answers(self.mode.as_asked(said), **more)

    def calls(self, account=None):
        numbers = [account] if account else range(1, self.accounts + 1)
        return [call for number in numbers for call in self.stack.platform.calls(self._at(number))]

    def forget_calls(self):
        for number in range(1, self.accounts + 1):
            self.stack.platform.calls(self._at(number)).clear()

    @property
    def sent(self):
        """The body of the last call, as JSON."""
        return self.calls()[-1].json

    # MARK: the caller

    def body(self, **fields):
        return {"model": self.model, "messages": prompt(), **fields}

    def post(self, path="/v1/chat/completions", headers=None, **fields):
        return self.stack.http.post(path, json=self.body(**fields), headers=headers)

    def stream(self, path="/v1/chat/completions", headers=None, **fields):
        fields = {"stream_options": {"include_usage": True}, **fields, "stream": True}
        return Streamed(self.stack.http.post(path, json=self.body(**fields), headers=headers))

    def ask(self, **fields):
        """The message of a whole answer, which must be one."""
        response = self.post(**fields)
        assert response.status_code == 200, response.text
        return response.json()["choices"][0]["message"]

    def embed(self, **fields):
        return self.stack.http.post("/v1/embeddings", json={"model": self.model, "input": "x", **fields})

    @property
    def openai(self):
        return self.stack.openai

    # MARK: the books

    def row(self, count=1):
        """The newest row of this model's attempts, once there are `count`."""
        found = eventually(lambda: rows if len(rows := self.rows()) >= count else None, 10, f"{count} usage rows")
        return found[-1]

    def rows(self):
        cursor = self.stack.books.execute(
            "SELECT * FROM usage_attempts WHERE model = %s ORDER BY started_at, attempt", (self.model,))
        return [dict(zip([column.name for column in cursor.description], row)) for row in cursor.fetchall()]


class Stack:
    """The service under all cases, with the one platform that plays every server."""

    def __init__(self, platform, service):
        self.platform, self.service = platform, service
        self.http, self.openai = service.http, service.openai(timeout=40)
        # One for all cases: to connect takes longer than to ask.
        self.books = psycopg.connect(service.postgres.url, autocommit=True)

    @property
    def port(self):
        return self.service.port


def after_prompt(*messages):
    return [*prompt(), *messages]
