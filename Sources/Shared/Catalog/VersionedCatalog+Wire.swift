/// The rows as JSON in Redis, with the keys of accounts in sealed form only.
///
///     {"as_of":1700000000000,"version":"…","rows":[{"id":…},…]}
///
/// Members are named like the columns. Missing ones have their defaults and unknown ones are ignored, so that builds of
/// different ages can share a copy. Rows of platforms that only a newer build knows are left out, as from PostgreSQL.
extension VersionedCatalog {
    var encodedModels: [UInt8] { stamp.encoded(snapshot.models.map(\.json)) }
    var encodedAccounts: [UInt8] { stamp.encoded(snapshot.accounts.map(\.json)) }

    /// `nil` for anything that no version of this service has written.
    ///
    /// The stamp is the older of the two.
    init?(models: [UInt8], accounts: [UInt8]) {
        guard let models = Self.rows(models), let accounts = Self.rows(accounts) else { return nil }
        self.init(
            snapshot: CatalogSnapshot(
                models: models.rows.compactMap(Model.init(json:)),
                accounts: accounts.rows.compactMap(Account.init(json:))),
            stamp: models.stamp.asOf < accounts.stamp.asOf ? models.stamp : accounts.stamp)
    }

    private static func rows(_ bytes: [UInt8]) -> (stamp: Stamp, rows: [JSON])? {
        guard let json = try? JSON(parsing: bytes), let rows = json["rows"]?.arrayValue,
            let version = json["version"]?.stringValue, let asOf = json["as_of"]?.moment
        else { return nil }
        return (Stamp(version: version, asOf: asOf), rows)
    }
}

extension VersionedCatalog.Stamp {
    /// Longer than the longest head of a copy.
    static let headLength = 160

    /// As it stands before the rows.
    ///
    /// A version holds no quotes.
    private var head: String { #"{"as_of":\#(asOf),"version":"\#(version)","rows":"# }

    func encoded(_ rows: [JSON]) -> [UInt8] {
        Array(head.utf8) + JSON.array(rows).encoded + [UInt8(ascii: "}")]
    }

    /// From the first `headLength` bytes of a copy, which may be megabytes.
    init?(head: String) {
        let parts = head.split(separator: "\"", maxSplits: 6, omittingEmptySubsequences: false)
        guard parts.count > 6, parts[1] == "as_of", parts[3] == "version",
            let asOf = Int64(parts[2].dropFirst().dropLast())
        else { return nil }
        self.init(version: String(parts[5]), asOf: asOf.clamped(to: Bounds.moments))
    }
}

extension Model {
    /// Prices are two lists beside the other fields, as they travel with ledger rows.
    var json: JSON {
        var row = Self.fields.copy(of: self)
        row.set("prices", prices.json)
        row.set("cache_write_prices", prices.cacheWriteJSON)
        return .object(row)
    }

    init?(json: JSON) {
        guard let id = json["id"]?.stringValue,
            let provider = json["provider"]?.stringValue.flatMap(Provider.init(rawValue:))
        else { return nil }
        self.init(id: id, provider: provider)
        for field in Self.fields { field.decode(json, &self) }
    }
}

extension Account {
    var json: JSON { .object(Self.fields.copy(of: self)) }

    init?(json: JSON) {
        guard let id = json["id"]?.stringValue,
            let provider = json["provider"]?.stringValue.flatMap(Provider.init(rawValue:))
        else { return nil }
        self.init(id: id, provider: provider)
        for field in Self.fields { field.decode(json, &self) }
    }
}

extension Array {
    /// Without the fields that the row does not have.
    fileprivate func copy<Row>(of row: Row) -> JSONObject where Element == CatalogField<Row> {
        reduce(into: JSONObject()) { copy, field in
            let value = field.value(row)
            if field.isCopied, !value.isNull { copy.set(field.name, value) }
        }
    }
}
