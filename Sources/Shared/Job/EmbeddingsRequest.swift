/// The neutral request for vectors: OpenAI's `embeddings` JSON, checked for faults that need no platform to find.
///
/// In: any JSON value. Out: a request whose known fields have the right type, with unknown ones kept. May fail with
/// `RequestError`, which names the first field at fault.
package struct EmbeddingsRequest: Sendable, Equatable {
    package struct Limits: Sendable {
        /// OpenAI's number.
        ///
        /// Adapters refuse at their platform's own.
        package var maxInputs = 2048
        /// Chosen: sixteen times the longest vectors seen.
        package var maxDimensions = 65_536

        package init() {}
    }

    /// The request as the caller sent it.
    package let body: JSONObject

    package init(validating value: JSON, limits: Limits = Limits()) throws(RequestError) {
        guard case .object(let body) = value else {
            throw RequestError(.invalidType, nil, "The request body must be a JSON object.")
        }
        self.body = body
        try ChatRequestCheck(limits: .init()).model(body)
        try checkInput(limits)
        if let format = present("encoding_format"), !["float", "base64"].contains(format.stringValue ?? "") {
            throw .value("encoding_format", "float or base64")
        }
        if let value = present("dimensions") {
            guard let number = value.intValue else { throw .type("dimensions", "an integer") }
            guard (1...limits.maxDimensions).contains(number) else {
                throw .value("dimensions", "an integer from 1 to \(limits.maxDimensions)")
            }
        }
        try ChatRequestCheck(limits: .init()).user(body)
    }

    package init(decoding bytes: [UInt8], limits: Limits = Limits()) throws(RequestError) {
        try self.init(validating: JSON(requestBody: bytes), limits: limits)
    }

    package var model: String { body["model"]?.stringValue ?? "" }
    package var user: String? { body["user"]?.stringValue }
    package var dimensions: Int? { body["dimensions"]?.intValue }
    /// The caller wants base64 of little-endian float32 in place of numbers.
    package var wantsBase64: Bool { body["encoding_format"]?.stringValue == "base64" }

    /// The texts, or `nil` where they were given as token numbers, which only OpenAI understands.
    package var texts: [String]? {
        switch body["input"] {
        case .string(let text): [text]
        case .array(let inputs):
            inputs.contains { $0.stringValue == nil } ? nil : inputs.compactMap(\.stringValue)
        default: nil
        }
    }

    /// The tokens, where the input was given as their numbers.
    package var tokenCount: Int {
        (body["input"]?.arrayValue ?? []).reduce(0) { $0 + ($1.arrayValue?.count ?? 1) }
    }

    /// The number of vectors that are asked for.
    package var inputCount: Int {
        guard let inputs = body["input"]?.arrayValue, inputs.first?.intValue == nil else { return 1 }
        return inputs.count
    }

    private func present(_ name: String) -> JSON? {
        body[name].flatMap { $0 == .null ? nil : $0 }
    }

    private func checkInput(_ limits: Limits) throws(RequestError) {
        let expected = "a string, an array of strings, or arrays of token numbers"
        switch present("input") {
        case nil: throw .missing("input")
        case .string(let text):
            guard !text.isEmpty else { throw .value("input", "a text that is not empty") }
        case .array(let inputs):
            guard !inputs.isEmpty else { throw .value("input", "at least one text") }
            let isTokens = inputs.allSatisfy { $0.intValue != nil }
            guard isTokens || inputs.count <= limits.maxInputs else {
                throw .value("input", "at most \(limits.maxInputs) texts")
            }
            if isTokens { return }
            for (index, input) in inputs.enumerated() {
                switch input {
                case .string(let text) where !text.isEmpty: continue
                case .string: throw .value("input[\(index)]", "a text that is not empty")
                case .array(let tokens) where !tokens.isEmpty && tokens.allSatisfy({ $0.intValue != nil }): continue
                default: throw .type("input[\(index)]", expected)
                }
            }
        default: throw .type("input", expected)
        }
    }
}
