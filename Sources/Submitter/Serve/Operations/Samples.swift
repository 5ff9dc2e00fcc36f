import Shared

/// Values that stand in several examples.
enum Samples {
    static let job = "0-01KBDQ4Z9T5W8Y2H6N3V7RJ4XM"
    static let file = "file-6c1d9b0e52f74a83c0b6a1d94e7f2a58"
    static let batch = "batch_3e8a51c7d90b4f26a7c2e6108d5b9f34"
    static let deadLetter = "0:1795402823123-0"
    static let milliseconds: JSON = 1_795_402_823_123
    static let seconds: JSON = 1_795_402_823

    static let messages: JSON = [["role": "user", "content": "Hello"]]
    static let usage = TokenUsage(input: 1, output: 3).openAI

    /// A completion of the sandbox, which needs no key.
    static let completion: JSON = [
        "id": .string("chatcmpl-\(job)"), "object": "chat.completion", "created": seconds, "model": "sandbox",
        "choices": [
            [
                "index": 0, "message": ["role": "assistant", "content": "You said: Hello", "refusal": .null],
                "logprobs": .null, "finish_reason": "stop",
            ]
        ],
        "usage": usage,
    ]

    static let routeMembers: JSON = [
        "provider": "sandbox", "account": "sandbox-1", "cost": 0, "currency": "USD",
        "attempts": [
            [
                "attempt": 1, "model": "sandbox", "provider": "sandbox", "account": "sandbox-1", "error": .null,
                "ms": 95, "cost": 0,
            ]
        ],
    ]

    static let jobLinks: JSON = [
        "self": .string("/api/v1/jobs/\(job)"), "stream": .string("/api/v1/jobs/\(job)/stream"),
    ]
}

extension JSON {
    /// The object with the members of another behind its own.
    func and(_ other: JSON) -> JSON {
        var object = objectValue ?? [:]
        for member in other.objectValue?.members ?? [] { object.set(member.key, member.value) }
        return .object(object)
    }
}
