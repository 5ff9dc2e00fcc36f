/// Counts the tokens of a request ourselves, for attempts whose platform reports none.
extension TokenEstimate {
    package static func prompt(of request: ModelRequest) -> Int {
        switch request {
        case .chat(let chat): prompt(of: chat)
        case .embeddings(let embeddings):
            embeddings.texts.map { texts in
                var estimate = TokenEstimate()
                for text in texts { estimate.add(text) }
                return estimate.tokens
            } ?? embeddings.tokenCount
        }
    }

    package static func longestText(of embeddings: EmbeddingsRequest) -> Int {
        if let texts = embeddings.texts { return texts.map { TokenEstimate(of: $0).tokens }.max() ?? 0 }
        let inputs = embeddings.body["input"]?.arrayValue ?? []
        // One text as token numbers, or a list of such.
        return inputs.map { $0.arrayValue?.count ?? inputs.count }.max() ?? 0
    }
}
