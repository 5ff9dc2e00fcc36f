import Shared

/// Our own count of what a request puts in, for attempts whose platform reports none.
extension TokenEstimate {
    static func prompt(of request: ModelRequest) -> Int {
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
}
