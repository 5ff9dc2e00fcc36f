/// The difference that an edit makes to one row, field by field, for people.
///
/// It never holds a key or the value of a header.
package struct CatalogChange: Sendable, Equatable {
    package enum Action: String, Sendable { case create, update, keep }

    package struct Field: Sendable, Equatable {
        package let name: String
        /// `nil` in a new row.
        package let before: JSON?
        package let after: JSON
    }

    package let kind: CatalogKind
    package let id: String
    package let action: Action
    package let fields: [Field]

    /// A new row, with the fields that its file names.
    init(creating kind: CatalogKind, _ id: String, _ given: JSONObject) {
        (self.kind, self.id, action) = (kind, id, .create)
        fields = given.members.filter { $0.key != "id" }.map { member in
            Field(name: member.key, before: nil, after: Self.masked(member.key, member.value))
        }
    }

    init(_ row: CatalogRow, _ proposal: CatalogProposal) {
        (kind, id) = (row.kind, row.id)
        var changed = Self.difference(row.comparable, proposal.declared.comparable(over: row))
        if proposal.key != nil {
            let before: JSON = row.account?.apiKeyEncrypted == nil ? .null : Self.mask
            changed.append(Field(name: "api_key", before: before, after: "changed"))
        }
        fields = changed
        action = changed.isEmpty ? .keep : .update
    }

    private static let mask = JSON.string(Account.mask)

    private static func difference(_ before: JSONObject, _ after: JSONObject) -> [Field] {
        after.members.flatMap { member -> [Field] in
            let old = before[member.key] ?? .null
            guard old != member.value else { return [] }
            guard let settings = member.value.objectValue, let known = old.objectValue else {
                return [
                    Field(name: member.key, before: masked(member.key, old), after: masked(member.key, member.value))
                ]
            }
            return members(member.key, known, settings)
        }
    }

    /// Compares settings and capabilities one by one.
    private static func members(_ name: String, _ before: JSONObject, _ after: JSONObject) -> [Field] {
        let keys = before.members.map(\.key) + after.members.map(\.key).filter { before[$0] == nil }
        return keys.filter { before[$0] != after[$0] }.map { key in
            let (old, new) = (masked(key, before[key] ?? .null), masked(key, after[key] ?? .null))
            return Field(name: "\(name).\(key)", before: old, after: old == new ? "changed" : new)
        }
    }

    private static func masked(_ name: String, _ value: JSON) -> JSON {
        if name == "api_key" || name == "api_key_encrypted" { return mask }
        if name == "headers", let text = value.stringValue { return .string(Account.masked(headers: text)) }
        guard name == "settings", var settings = value.objectValue, let headers = settings["headers"] else {
            return value
        }
        settings.set("headers", masked("headers", headers))
        return .object(settings)
    }
}

extension CatalogRow {
    /// Everything that a file can name, as it stands in the row.
    var comparable: JSONObject {
        guard let account else { return fields }
        return account.comparable
    }
}

extension DeclaredRow {
    /// As the row will be.
    ///
    /// State that the declaration does not give stays as it is in the row.
    func comparable(over row: CatalogRow) -> JSONObject {
        switch self {
        case .model(let model): return model.view.objectValue ?? [:]
        case .account(let declared):
            var fields = declared.account.comparable
            guard let before = row.account else { return fields }
            for field in Account.stateFields where !declared.givenState.contains(field.name) {
                fields.set(field.name, field.value(before))
            }
            return fields
        }
    }
}
