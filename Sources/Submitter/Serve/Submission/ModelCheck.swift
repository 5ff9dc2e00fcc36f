import HTTPTypes
import Shared

/// Gives the shim the catalogue, to refuse early and to list.
protocol ModelLookup: Sendable {
    /// The catalogue of this moment, or `nil` before it was loaded.
    var catalog: CatalogSnapshot? { get }
}

/// Refuses requests that no model can serve, before anything is queued.
struct ModelCheck: Sendable {
    let models: any ModelLookup

    static let unavailable = APIError(
        .serviceUnavailable, .server, code: "catalog_unavailable", "The catalogue is not loaded yet.",
        retryAfter: .seconds(2))

    /// `field` is the caller's name for the model (`model` or `model_name`).
    func check(_ request: ModelRequest, provider: Provider?, field: String) throws(APIError) {
        guard let catalog = models.catalog else { throw Self.unavailable }
        let named: [Model]
        do { named = try catalog.activeModels(named: request.model, provider: provider) } catch {
            var refusal = APIError(error)
            refusal.param = field
            throw refusal
        }
        let serving = named.filter { $0.capabilities.serves(request.operation) }
        guard !serving.isEmpty else {
            var refusal = APIError(request.operation.refusal)
            refusal.param = field
            throw refusal
        }
        let needed = request.neededBy
        let fallbacks = named.flatMap(\.fallbackModels).compactMap { catalog.activeModel(id: $0) }
            .filter { $0.capabilities.serves(request.operation) }
        guard !(serving + fallbacks).contains(where: { model in needed.keys.allSatisfy { model.capabilities.has($0) } })
        else { return }
        let missing = ChatRequest.Capability.allCases.filter { need in
            needed[need] != nil && !serving.contains { $0.capabilities.has(need) }
        }
        let need = missing.first ?? needed.keys.sorted { $0.rawValue < $1.rawValue }.first
        throw APIError(
            .badRequest, .invalidRequest, code: "unsupported_parameter",
            "The model does not support this request: it lacks \(need?.rawValue ?? "a capability").",
            param: need.flatMap { needed[$0] })
    }
}
