import Shared

/// Tells people and programs the changes that a catalogue file made, or would make.
struct CatalogReport: Sendable {
    let outcome: CatalogApply.Outcome
    let isDryRun: Bool

    private var changes: [CatalogChange] {
        guard case .changes(let changes) = outcome else { return [] }
        return changes
    }

    /// `+` a new row, `~` a changed one with its fields.
    ///
    /// Rows that stay are only counted.
    var text: String {
        guard outcome != .notEmpty else { return "There is a catalogue already: nothing was changed." }
        let lines = changes.filter { $0.action != .keep }.flatMap(Self.lines)
        return (lines + [summary]).joined(separator: "\n")
    }

    private var summary: String {
        let (made, changed) = (count(.create), count(.update))
        let kept = Words.count(count(.keep), "entry", plural: "entries")
        guard made + changed > 0 else { return "Nothing to change: \(kept) as the file says." }
        let done = "\(made) new, \(changed) changed, \(count(.keep)) as they are"
        return isDryRun ? "Dry run, nothing was changed: \(done)." : "Applied: \(done)."
    }

    private func count(_ action: CatalogChange.Action) -> Int { changes.filter { $0.action == action }.count }

    private static func lines(_ change: CatalogChange) -> [String] {
        let head = "\(change.action == .create ? "+" : "~") \(change.kind.rawValue) \(change.id)"
        return [head]
            + change.fields.map { field in
                let before = field.before.map { "\(AdminTable.cell($0)) -> " } ?? ""
                return "    \(field.name): \(before)\(AdminTable.cell(field.after))"
            }
    }

    var json: JSON {
        [
            "applied": .bool(!isDryRun && outcome != .notEmpty),
            "changes": .array(changes.filter { $0.action != .keep }.map(Self.json)),
            "unchanged": .int(count(.keep)),
        ]
    }

    private static func json(_ change: CatalogChange) -> JSON {
        let fields = change.fields.map { field -> JSON in
            ["field": .string(field.name), "before": field.before ?? .null, "after": field.after]
        }
        return [
            "kind": .string(change.kind.rawValue), "id": .string(change.id), "action": .string(change.action.rawValue),
            "fields": .array(fields),
        ]
    }
}
