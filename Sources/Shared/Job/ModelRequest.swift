extension Job.Operation {
    /// The refusal where no model of a name serves the operation.
    package var refusal: JobFailure {
        let why =
            self == .embeddings
            ? "The model does not make embeddings." : "The model makes embeddings and does not chat."
        return JobFailure(.unsupportedParameter, why, param: "model", code: "unsupported_parameter")
    }
}

/// The body of a job: the neutral request of one of the operations.
package enum ModelRequest: Sendable, Equatable {
    case chat(ChatRequest)
    case embeddings(EmbeddingsRequest)

    /// Reads the body of a queue entry.
    ///
    /// Errors are those of the operation's request.
    package init(decoding bytes: [UInt8], as operation: Job.Operation) throws(RequestError) {
        switch operation {
        case .chat: self = .chat(try ChatRequest(decoding: bytes))
        case .embeddings: self = .embeddings(try EmbeddingsRequest(decoding: bytes))
        }
    }

    package var operation: Job.Operation {
        switch self {
        case .chat: .chat
        case .embeddings: .embeddings
        }
    }

    /// As the caller names it.
    package var model: String {
        switch self {
        case .chat(let chat): chat.model
        case .embeddings(let embeddings): embeddings.model
        }
    }

    package var isStream: Bool {
        guard case .chat(let chat) = self else { return false }
        return chat.isStream
    }

    package var user: String? {
        switch self {
        case .chat(let chat): chat.user
        case .embeddings(let embeddings): embeddings.user
        }
    }

    /// Each capability needed, with the field that needs it.
    package var neededBy: [ChatRequest.Capability: String] {
        guard case .chat(let chat) = self else { return [:] }
        return chat.neededBy
    }
}
