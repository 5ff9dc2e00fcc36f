"""The servers and callers that cases are about. A case names them by these names, so that a mistyped one fails at import."""

# Name -> where its account points to. None: the platform has a mode of its own.
SERVERS = {
    "vLLM": "`http://HOST:8000/v1`; a key where `--api-key` asks for one",
    "SGLang": "`http://HOST:30000/v1`",
    "llama.cpp": "`http://HOST:8080/v1`",
    "Ollama": "`http://HOST:11434/v1`; no key",
    "LM Studio": "`http://HOST:1234/v1`; no key",
    "LMDeploy": "`http://HOST:23333/v1`",
    "NVIDIA NIM": "`https://integrate.api.nvidia.com/v1`",
    "DeepSeek": "`https://api.deepseek.com/v1`",
    "Moonshot (Kimi)": "`https://api.moonshot.cn/v1`",
    "StepFun": "`https://api.stepfun.com/v1`",
    "Groq": "`https://api.groq.com/openai/v1`",
    "xAI (Grok)": "`https://api.x.ai/v1`",
    "OpenRouter": "`https://openrouter.ai/api/v1`",
    "Gemini": "`https://generativelanguage.googleapis.com/v1beta/openai`",
    "Mistral": "`https://api.mistral.ai/v1`",
    "Azure OpenAI (v1)": "`https://RESOURCE.openai.azure.com/openai/v1`; the model's id is the deployment's name",
    "Together": "`https://api.together.xyz/v1`",
    "Fireworks": "`https://api.fireworks.ai/inference/v1`",
    "one-api / new-api": "`https://HOST/v1`, or [import](importing.md) its channels",
    "OpenAI": None, "Claude": None, "DashScope": None, "Hunyuan": None, "Zhipu GLM": None,
    "Other servers": "what `POST …/chat/completions` is behind",
}
CALLERS = ("SDKs and their loops", "Agents", "Older clients", "HTTP clients and proxies")
