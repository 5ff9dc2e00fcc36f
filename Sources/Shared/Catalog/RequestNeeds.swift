/// Judges which models can do what a request needs.
///
/// Pure. The shim refuses early by it and the worker routes by it, so that both decide alike.
package struct RequestNeeds: Sendable {
    /// The reason why no model of a name can serve the request.
    package enum Shortfall: Error, Sendable, Equatable {
        /// None serves the operation, such as embeddings.
        case operation
        /// None has all capabilities. These are in no model at all.
        case capabilities([ChatRequest.Capability])
    }

    private let operation: Job.Operation
    private let capabilities: [ChatRequest.Capability]

    package init(_ request: ModelRequest) {
        operation = request.operation
        let needed = request.neededBy
        capabilities = ChatRequest.Capability.allCases.filter { needed[$0] != nil }
    }

    package func areMet(by model: Model) -> Bool {
        model.capabilities.serves(operation) && capabilities.allSatisfy { model.capabilities.has($0) }
    }

    /// Those of `models` that can do all of it, at least one.
    package func able(among models: [Model]) throws(Shortfall) -> [Model] {
        let serving = models.filter { $0.capabilities.serves(operation) }
        guard !serving.isEmpty else { throw .operation }
        let able = serving.filter(areMet)
        guard able.isEmpty else { return able }
        throw .capabilities(capabilities.filter { need in !serving.contains { $0.capabilities.has(need) } })
    }
}
