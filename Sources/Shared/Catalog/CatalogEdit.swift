/// Applies an edit to a row: JSON in and JSON out, pure.
///
/// `DeclaredRow` reads the result.
struct CatalogEdit: Sendable {
    /// `replace` takes the fields that are not given back to their defaults, `patch` leaves them.
    enum Style: Sendable { case replace, patch }

    let kind: CatalogKind
    let style: Style
    let given: JSON

    /// Fields that answers hold and nobody sets.
    private static let readOnly = ["has_key", "status_reason", "created_at", "updated_at"]
    /// Fields that the service itself changes.
    ///
    /// A replacement, which may be old, does not touch them.
    private static let state = Account.stateFields.map(\.name)

    /// `current` is the row as people set it, with the values of its headers.
    func applied(to current: JSONObject) throws(CatalogFile.Mistakes) -> JSON {
        guard var given = given.objectValue else {
            throw CatalogFile.Mistakes(list: ["expected an object with named fields"])
        }
        let id = current["id"]
        if let other = given["id"], other != id {
            throw CatalogFile.Mistakes(list: ["id: expected the id of the path, which cannot be changed"])
        }
        for name in Self.readOnly { given.remove(name) }
        if given["api_key"]?.stringValue == Account.mask { given.remove("api_key") }
        keepHeaders(in: &given, current)
        guard style == .patch else {
            for name in Self.state { given.remove(name) }
            if let id { given.set("id", id) }
            return .object(given)
        }
        var merged = current
        if kind == .model { forgetPrices(in: &merged, given) }
        for member in given.members { merged.set(member.key, Self.merge(merged[member.key], member.value)) }
        return .object(merged)
    }

    /// Merges as RFC 7396 does: members of objects one by one, null takes away, everything else replaces.
    private static func merge(_ current: JSON?, _ change: JSON) -> JSON {
        guard let change = change.objectValue, var merged = current?.objectValue else { return change }
        for member in change.members {
            if member.value.isNull { merged.remove(member.key) } else { merged.set(member.key, member.value) }
        }
        return .object(merged)
    }

    /// Keeps the values of headers where an answer with masked headers is sent back.
    private func keepHeaders(in given: inout JSONObject, _ current: JSONObject) {
        guard var settings = given["settings"]?.objectValue, let shown = settings["headers"]?.stringValue,
            let headers = current["settings"]?["headers"]?.stringValue, shown == Account.masked(headers: headers)
        else { return }
        settings.set("headers", .string(headers))
        given.set("settings", .object(settings))
    }

    /// The prices of a platform's cache, each with its share of the input's price.
    private static let cachePrices: [(name: String, share: @Sendable (CacheShares) -> Double)] = [
        ("cached_input_price", { $0.read }), ("cache_write_price", { $0.write }),
        ("cache_write_1h_price", { $0.hourlyWrite }),
    ]

    /// Takes away prices that the edit makes meaningless.
    ///
    /// One price for both sides and prices by side exclude each other. Prices of the cache that are still their share
    /// of the input's price go with it.
    private func forgetPrices(in merged: inout JSONObject, _ given: JSONObject) {
        func isGiven(_ name: String) -> Bool { given[name].map { !$0.isNull } ?? false }
        func isTakenBack(_ name: String) -> Bool { given[name]?.isNull ?? false }
        let shares = Self.shares(of: merged)
        if isGiven("cost_per_1k_tokens")
            || isTakenBack("cost_per_1k_tokens") && merged["cost_per_1k_tokens"]?.isNull == false
        {
            for name in ["input_price", "output_price"] + Self.cachePrices.map(\.name) { merged.remove(name) }
        } else if isGiven("input_price") || isGiven("output_price") {
            merged.remove("cost_per_1k_tokens")
        }
        for (name, share) in Self.cachePrices {
            let follows =
                merged["input_price"]?.doubleValue.map { shares.price(share(shares), of: $0) }
                == merged[name]?.doubleValue
            if isTakenBack("input_price") || isGiven("input_price") && follows { merged.remove(name) }
        }
    }

    private static func shares(of model: JSONObject) -> CacheShares {
        guard let provider = model["provider"]?.stringValue.flatMap({ Provider(rawValue: $0) }) else {
            return CacheShares()
        }
        return CacheShares(provider, costPer1kTokens: model["cost_per_1k_tokens"]?.doubleValue)
    }
}
