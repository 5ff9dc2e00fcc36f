import Shared
import Testing

@testable import Worker

@Suite struct SafeTextTests {
    @Test(arguments: [
        "claude-3-5-sonnet-20241022-v2-extended-thinking", "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", "accounts/fireworks/models/deepseek-v3p1-terminus",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
        "moonshot-v1-128k-vision-preview-20241022", "ft:gpt-4o-mini-2024-07-18:my-team::9abcDEfg",
        "tokens-per-minute/requests-per-minute/tokens-per-day", "task-force", "risk-averse", "disk-bound",
        "benchmark-results", "framework-level", "org-wide", "user-defined", "TC3-HMAC-SHA256",
        "ChatCompletionRequestSystemMessageContentPart", "FailedOperation.UserUnAuthError",
        "messages[0].content[1].image_url.url", "max_completion_tokens_or_max_tokens_or_thinking_budget",
        "https://platform.openai.com/account/rate-limits", "https://docs.claude.com/en/api/errors#", "1795399200000",
        "internationalization-and-localization-settings", "2026-11-23T18:00:00Z", "'response_format.json_schema.name'",
        "input_tokens+max_new_tokens", "and/or", "image/png,image/jpeg,image/webp,image/gif", "128000", "…",
    ])
    func `words, names, versions and documentation stay`(_ word: String) {
        let shown = word.hasSuffix("#") ? "https://docs.claude.com/…" : word
        #expect(SafeText.message("Bad \(word) here") == "Bad \(shown) here")
        #expect(SafeText.message("(\(word)).").contains("redacted") == false)
    }

    @Test func `what stands behind the name of an authentication scheme is hidden, whatever it looks like`() {
        let shown = SafeText.message("Invalid value: Bearer abcdefghijklmnopqrstuvwxyz for top_k, use basic auth")
        #expect(shown == "Invalid value: Bearer [redacted] for top_k, use basic auth")
    }

    @Test(arguments: [
        "sk-abc", "sk-proj-abc***wxyz", "sk-ant-api03-secret", "sk-or-v1-0123456789abcdef",
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3",
        "LTAI5tAbCdEfGh", "bce-v3/ALTAK-abc/def", "org-Abc123", "proj_AbC9", "gsk_abcdefghij", "xai-abcdefghij",
        "hf_abcdefghijkl", "AIzaSyA1234567890abcdef", "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl",
        "d41d8cd98f00b204e9800998ecf8427e", "0123456789abcdef", "123e4567-e89b-12d3-a456-426614174000",
        "abcDEF0123456789abcDEF0123456789abc", "a1B2c3D4e5F6g7H8", "req_011CSHoEeqs5C35K2UUqR7Fy", "1234567890123456",
        "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dGhpc2lzYXNlY3JldGtleXRoYXRpc2xvbmc", "abc/D3f+gH1jKlM9nOpQrS7tUvW=",
        "zhipu0123456789abcdef.AbCdEfGhIjKl12", "xa***Zz9", "1db2a1c84fbd4c9f8a3c.Kz8wq9PmXnvB2LrT",
        "aB3_x9-Zk2_Qw7-Lm4_Tt8-Yy1_Rr6", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ])
    func `keys, tokens and ids never pass, wherever they stand`(_ secret: String) {
        let texts = [
            "Incorrect API key provided: \(secret).", "key=\(secret)", "您的密钥\(secret)无效", "(\(secret))", "'\(secret)'",
            "Authorization:Bearer \(secret)", "at https://host.example/v1?key=\(secret)",
            "at https://host.example/\(secret)/v1", "{\"key\":\"\(secret)\"}", "\(secret),\(secret)",
        ]
        for text in texts {
            let shown = SafeText.message(text)
            #expect(!shown.contains(secret.prefix(12)), "\(shown)")
            #expect(!shown.contains(secret.suffix(8)), "\(shown)")
        }
        #expect(SafeText.code(secret) == nil)
    }

    @Test func `the words around a secret stay`() {
        #expect(
            SafeText.message(
                "Request too large for gpt-4o in organization org-AbC123 on tokens per min (TPM): Limit 30000, Requested "
                    + "50000. Visit https://platform.openai.com/account/rate-limits to learn more.")
                == "Request too large for gpt-4o in organization [redacted] on tokens per min (TPM): Limit 30000, "
                + "Requested 50000. Visit https://platform.openai.com/account/rate-limits to learn more.")
    }

    @Test(arguments: [
        ("mykey-plain-words", "mykey-plain-words"), ("first-half:second-half", "first-half"),
        ("first-half|second-half", "second-half"), ("redacted", "redacted"), ("[redacted]", "[redacted]"),
    ])
    func `the account's own key is hidden, whatever it looks like`(_ key: String, _ shown: String) {
        let failure = JobFailure(.invalidRequest, "odd \(shown) here", param: shown, code: shown)
        let hidden = failure.hiding(Credential(key))
        #expect(hidden.message == "odd [redacted] here" && hidden.param == "[redacted]" && hidden.code == nil)
        #expect(failure.hiding(Credential("none")) == failure)
    }

    @Test(arguments: [
        ("redacted", "[redacted], [[redacted]]!"), ("[redacted]", "redacted, [redacted]!"),
        ("other-key-of-it", "redacted, [redacted]!"),
    ])
    func `a key that reads like what stands in its place is replaced once`(_ key: String, _ shown: String) {
        let failure = JobFailure(.invalidRequest, "redacted, [redacted]!")
        #expect(failure.hiding(Credential(key)).message == shown)
    }

    @Test(arguments: [
        (
            "Rate limit reached for gpt-4o in organization org-AbC123 on tokens per min (TPM): Limit 30,000, Used 29000, "
                + "Requested 2000. Please try again in 1.2s.",
            "The account's limit of tokens per minute at the platform is reached (limit 30000, used 29000, requested "
                + "2000): it may be asked again in 2 s."
        ),
        (
            "This request would exceed your organization's rate limit of 50 requests per minute (org-AbC123)",
            "The account's limit of requests per minute at the platform is reached (limit 50)."
        ),
        ("rpm_rate_limit_exceeded", "The account's limit of requests per minute at the platform is reached."),
        ("您的并发数已达上限", "The account's limit of requests at once at the platform is reached."),
        ("slow down", "The account's rate limit at the platform is reached."),
    ])
    func `a limit is told by its kind, its numbers and its end`(_ words: String, _ text: String) {
        let body = JSON.object(["error": ["message": .string(words), "code": 429]]).encoded
        #expect(OpenAIOwnDialect.adapter.failure(inside: body)?.message == text)
    }
}
