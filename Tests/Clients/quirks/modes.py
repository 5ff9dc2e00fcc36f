"""Every mode of every platform: how an account of it is written, and in which shape it answers."""

from dataclasses import dataclass

from support.raw_platform import events, whole

from .shapes import ClaudeShape, DashScopeShape, ErnieShape, HunyuanShape, OpenAIShape, Said


@dataclass(frozen=True)
class Mode:
    name: str
    provider: str
    mode: str
    model_id: str
    shape: object = OpenAIShape()
    key: str = "sk-quirk"
    prefix: str = ""  # of the paths, behind the place
    embedding_id: str | None = None
    thinks: bool = True
    words: tuple = ()  # what texts call the platform, any of these

    def whole(self, said=Said()):
        return whole(self.shape.whole(said))

    def stream(self, said=Said()):
        return events(self.shape.stream(said), done=self.shape.done)

    def beginning(self):
        """The pieces of a stream up to its first text."""
        pieces = self.stream().pieces
        first = next(number for number, piece in enumerate(pieces) if b"Hello, " in piece)
        return pieces[:first + 1]

    def as_asked(self, said=Said()):
        """A handler: whole or streamed, as the request wants it."""
        return lambda call: self.stream(said) if self.wants_stream(call) else self.whole(said)

    def wants_stream(self, call):
        if self.name == "alibaba/native":
            return call.headers.get("x-dashscope-sse") == "enable"
        return bool(call.json.get("stream") or call.json.get("Stream"))

    def account(self, id, url, models):
        return {"id": id, "provider": self.provider, "mode": self.mode, "base_url": url + self.prefix, "api_key": self.key,
                "models": models}


MODES = {mode.name: mode for mode in [
    Mode("openai/compatible", "openai", "compatible", "local-model", prefix="/v1", embedding_id="local-vectors",
         words=("openai", "compatible", "server", "platform")),
    Mode("openai/native", "openai", "native", "gpt-4o", prefix="/v1", embedding_id="text-embedding-3-small", words=("openai",)),
    Mode("anthropic", "anthropic", "native", "claude-haiku-4-5", ClaudeShape(), "sk-ant-quirk", words=("anthropic", "claude")),
    Mode("baidu/v2", "baidu", "native", "ernie-5.1", key="bce-v3/ALTAK-quirk/0123", prefix="/v2", embedding_id="bge-large-zh",
         words=("baidu", "qianfan", "ernie")),
    Mode("baidu/v1", "baidu", "legacy", "ERNIE-4.0-8K", ErnieShape(), "AKquirk:SKquirk", embedding_id="Embedding-V1",
        thinks=False,
         words=("baidu", "qianfan", "ernie")),
    Mode("alibaba/native", "alibaba", "native", "qwen-plus", DashScopeShape(), prefix="/api/v1", embedding_id="text-embedding-v4",
         words=("alibaba", "dashscope", "qwen")),
    Mode("alibaba/compatible", "alibaba", "compatible", "qwen-plus", prefix="/compatible-mode/v1",
         embedding_id="text-embedding-v4", words=("alibaba", "dashscope", "qwen")),
    Mode("tencent/tokenhub", "tencent", "compatible", "hy3", prefix="/v1", words=("tencent", "tokenhub", "hunyuan")),
    Mode("tencent/native", "tencent", "native", "hunyuan-turbos-latest", HunyuanShape(), "AKIDquirk:quirk",
         embedding_id="hunyuan-embedding", words=("tencent", "hunyuan")),
    Mode("tencent/compatible", "tencent", "legacy", "hunyuan-turbos-latest", prefix="/v1", embedding_id="hunyuan-embedding",
         words=("tencent", "hunyuan")),
    Mode("zhipu", "zhipu", "native", "glm-5.2", key="quirk.secret", prefix="/api/paas/v4", embedding_id="embedding-3",
         words=("zhipu", "glm")),
]}

ALL = list(MODES)
OPENAI_SHAPED = [name for name, mode in MODES.items() if isinstance(mode.shape, OpenAIShape)]
NATIVE = [name for name in ALL if name not in OPENAI_SHAPED]
WITH_VECTORS = [name for name, mode in MODES.items() if mode.embedding_id]
MANY_CALLS = [name for name in ALL if name != "baidu/v1"]  # ERNIE v1 calls one function at a time, without ids
