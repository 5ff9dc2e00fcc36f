import Shared

/// The entries of the front doors that ask models.
extension APIOperation {
    static var createChatCompletion: APIOperation {
        APIOperation(
            "createChatCompletion", .models, "Chat, as OpenAI has it",
            details: """
                Every OpenAI SDK works by changing its base URL to `/v1`. A request waits in the queue until an account \
                has room, up to its deadline. Members that are not listed go to the platform, which may refuse them. Null \
                and empty members count as absent.
                """,
            parameters: .call,
            body: .json(
                .chatRequest,
                [
                    ("A question", ["model": "sandbox", "messages": Samples.messages]),
                    ("A stream", ["model": "sandbox", "messages": Samples.messages, "stream": true]),
                    ("A call of a function", Self.chatWithTool),
                ]),
            answers: [
                .answer(.completion, Samples.completion, stream: .completionChunk, Self.stream)
            ],
            refusals: [.jsonBody, .submission, .answer])
    }

    static var createNativeChatCompletion: APIOperation {
        APIOperation(
            "createNativeChatCompletion", .models, "Chat by the native body, whole",
            details: "The answer has route, cost and attempts beside OpenAI's members. With `stream` it is a stream.",
            parameters: .call,
            body: .json(.nativeRequest, example: Self.nativeBody),
            answers: [
                .answer(
                    .nativeCompletion, Samples.routeMembers.and(Samples.completion), stream: .completionChunk,
                    Self.stream)
            ],
            refusals: [.jsonBody, .submission, .answer])
    }

    static var streamNativeChatCompletion: APIOperation {
        APIOperation(
            "streamNativeChatCompletion", .models, "Chat by the native body, as a stream",
            details: """
                Streams whatever the body says. The last chunk has usage, route and cost. A caller whose connection breaks \
                has RESUME_GRACE to come back by `/api/v1/jobs/{id}/stream`.
                """,
            parameters: .call,
            body: .json(.nativeRequest, example: Self.nativeBody),
            answers: [.stream(of: .completionChunk, Self.stream)],
            refusals: [.jsonBody, .submission, .answer])
    }

    static var createCompletion: APIOperation {
        APIOperation(
            "createCompletion", .models, "Text in, text out, as OpenAI's older API has it",
            details: """
                The prompt is sent as a chat, so that every chat model can answer. All other members go along as in a chat. \
                `suffix`, `echo`, `logprobs`, tools and prompts of tokens are refused by name.
                """,
            parameters: .call,
            body: .json(.textRequest, example: ["model": "sandbox", "prompt": "Hello", "max_tokens": 50]),
            answers: [
                .answer(
                    .textCompletion, Self.text, stream: .textCompletion,
                    """
                    id: 1-1
                    data: {"id":"cmpl-\(Samples.job)","object":"text_completion","created":1795402823,"model":"sandbox",\
                    "choices":[{"text":"You ","index":0,"logprobs":null,"finish_reason":null}]}

                    data: [DONE]


                    """)
            ],
            refusals: [.jsonBody, .submission, .answer])
    }

    static var createEmbedding: APIOperation {
        APIOperation(
            "createEmbedding", .models, "Vectors of texts, as OpenAI has them", parameters: .call,
            body: .json(.embeddingsRequest, example: ["model": "sandbox-embedding", "input": ["Hello"]]),
            answers: [
                .ok(
                    "The vectors, in the order of the texts.", .vectors, example: Self.vectors,
                    headers: [.jobID, .cache, .droppedParams])
            ],
            refusals: [.jsonBody, .submission, .answer])
    }

    // MARK: - Examples

    private static let stream = """
        id: 1-1
        data: {"id":"chatcmpl-\(Samples.job)","object":"chat.completion.chunk","created":1795402823,"model":"sandbox",\
        "choices":[{"index":0,"delta":{"role":"assistant","content":"You "},"finish_reason":null}]}

        id: 1-2
        data: {"id":"chatcmpl-\(Samples.job)","object":"chat.completion.chunk","created":1795402823,"model":"sandbox",\
        "choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: [DONE]


        """

    private static let nativeBody: JSON = [
        "model_name": "sandbox", "messages": Samples.messages, "parameters": ["temperature": 0.7], "user_id": "u-1",
    ]

    private static let chatWithTool: JSON = [
        "model": "sandbox", "messages": [["role": "user", "content": "How warm is it in Rome?"]],
        "tools": [
            [
                "type": "function",
                "function": [
                    "name": "temperature",
                    "parameters": ["type": "object", "properties": ["city": ["type": "string"]], "required": ["city"]],
                ],
            ]
        ],
    ]

    private static let text: JSON = [
        "id": .string("chatcmpl-\(Samples.job)"), "object": "text_completion", "created": Samples.seconds,
        "model": "sandbox",
        "choices": [["text": "You said: Hello", "index": 0, "logprobs": .null, "finish_reason": "stop"]],
        "usage": Samples.usage,
    ]

    private static let vectors: JSON = [
        "object": "list", "data": [["object": "embedding", "index": 0, "embedding": [0.6, -0.8]]],
        "model": "sandbox-embedding", "usage": ["prompt_tokens": 1, "total_tokens": 1],
    ]
}

extension APIAnswer {
    /// Whole, or as a stream where the request asks for one.
    fileprivate static func answer(
        _ whole: JSONSchema, _ example: JSON, stream chunk: JSONSchema, _ stream: String
    ) -> APIAnswer {
        APIAnswer(
            status: 200, text: "The answer, whole, or as a stream where the request asks for one.",
            contents: [.json(whole, example: example)] + APIAnswer.stream(of: chunk, stream).contents,
            headers: [.jobID, .cache, .droppedParams])
    }

    static func stream(of chunk: JSONSchema, _ example: String) -> APIAnswer {
        APIAnswer(
            status: 200, text: "The answer as it comes.",
            contents: [
                APIContent(
                    type: "text/event-stream", schema: .events(of: chunk), examples: [("A stream", .string(example))])
            ], headers: [.jobID])
    }
}
