import HTTPTypes
import Hummingbird
import Shared

/// Lists models: `/v1/models` as OpenAI does, `/api/v1/models` with prices and capabilities.
struct ModelRoutes: Sendable {
    let models: any ModelLookup

    func list(_ request: Request, _ context: ShimContext) async throws -> Response {
        .list(try active().map(Self.openAI))
    }

    func show(_ request: Request, _ context: ShimContext) async throws -> Response {
        .json(Self.openAI(try named(context)))
    }

    /// `?provider=`.
    func listNative(_ request: Request, _ context: ShimContext) async throws -> Response {
        .list(try models(of: request.uri.queryParameters["provider"].map(String.init)))
    }

    func listOfProvider(_ request: Request, _ context: ShimContext) async throws -> Response {
        .list(try models(of: context.parameters.get("id")))
    }

    private func active() throws(APIError) -> [Model] {
        guard let catalog = models.catalog else { throw ModelCheck.unavailable }
        return catalog.models.filter(\.isActive)
    }

    private func named(_ context: ShimContext) throws(APIError) -> Model {
        let name = try context.pathID()
        guard let catalog = models.catalog else { throw ModelCheck.unavailable }
        guard let model = catalog.models(matching: name).first(where: \.isActive) else {
            throw APIError(
                .notFound, .invalidRequest, code: "model_not_found",
                CatalogSnapshot.unknown(name), param: "model")
        }
        return model
    }

    private func models(of provider: String?) throws(APIError) -> [JSON] {
        var found = try active()
        if let provider {
            guard let provider = Provider(anyCase: provider) else {
                let all = Provider.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("provider", "Invalid value for 'provider': expected one of \(all).")
            }
            found = found.filter { $0.provider == provider }
        }
        return found.map(Self.native)
    }

    private static func openAI(_ model: Model) -> JSON {
        ["id": .string(model.id), "object": "model", "created": 0, "owned_by": .string(model.provider.rawValue)]
    }

    private static func native(_ model: Model) -> JSON {
        let capabilities = model.capabilities.named.sorted { $0.key < $1.key }
        var named = JSONObject()
        for (name, value) in capabilities { named.set(name, .bool(value)) }
        return [
            "id": .string(model.id), "name": .string(model.name), "provider": .string(model.provider.rawValue),
            "model_id": .string(model.modelID), "max_tokens": model.maxTokens.map { .int($0) } ?? .null,
            "context_tokens": model.contextTokens.map { .int($0) } ?? .null, "priority": .int(model.priority),
            "weight": .int(model.weight), "input_price": price(model.prices.input),
            "cached_input_price": price(model.prices.cachedInput), "output_price": price(model.prices.output),
            "cache_write_price": price(model.prices.cacheWrite),
            "cache_write_1h_price": price(model.prices.hourlyCacheWrite),
            "cost_per_1k_tokens": model.costPer1kTokens.map(price) ?? .null,
            "currency": .string(model.prices.currency), "is_active": .bool(model.isActive),
            "capabilities": .object(named),
            "aliases": .array(model.aliases.map { .string($0) }),
        ]
    }

    /// Per million tokens.
    private static func price(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .null }
}
