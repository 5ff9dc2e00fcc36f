import HTTPTypes
import Shared

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
            throw APIError(error).naming(field)
        }
        let needs = RequestNeeds(request)
        do throws(RequestNeeds.Shortfall) { _ = try needs.able(among: named) } catch {
            switch error {
            case .operation: throw APIError(request.operation.refusal).naming(field)
            case .capabilities(let missing):
                let fallbacks = named.flatMap(\.fallbackModels).compactMap { catalog.activeModel(id: $0) }
                guard !fallbacks.contains(where: needs.areMet) else { return }
                throw Self.incapable(missing, request.neededBy)
            }
        }
    }

    private static func incapable(
        _ missing: [ChatRequest.Capability], _ needed: [ChatRequest.Capability: String]
    ) -> APIError {
        let need = missing.first ?? needed.keys.sorted { $0.rawValue < $1.rawValue }.first
        return APIError(
            .badRequest, .invalidRequest, code: "unsupported_parameter",
            "The model does not support this request: it lacks \(need?.rawValue ?? "a capability").",
            param: need.flatMap { needed[$0] })
    }
}

extension APIError {
    /// The same error, about the caller's field of this name.
    fileprivate func naming(_ field: String) -> APIError {
        var error = self
        error.param = field
        return error
    }
}
