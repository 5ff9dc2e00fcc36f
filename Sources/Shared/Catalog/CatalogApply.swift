/// Brings the catalogue to what a file says, and changes nothing else.
///
///     1 one transaction, one apply at a time       → rows that the file names are locked
///     2 every row is judged as it would be          → all mistakes together, nothing written
///     3 differences, field by field                 → returned, and written with audit rows unless it is a dry run
///     4 after the commit                            → `changed`, so that running processes have it within a second
///
/// Only fields that the file names are touched. Rows and fields that it does not name stay as people left them. Null
/// takes a field back to its default.
package struct CatalogApply: Sendable {
    package enum Mode: Sendable {
        case write, dryRun
        /// Writes into an empty catalogue only: no model, no account, and none that was ever made or deleted by people.
        case ifEmpty
    }

    package enum Outcome: Sendable, Equatable {
        /// Models first, then accounts, in the file's order, with the rows that stay as they are.
        case changes([CatalogChange])
        /// `ifEmpty` was asked for, and there is a catalogue.
        case notEmpty
    }

    private enum Judgement {
        case judged([Step])
        case wrong([String])
    }

    private struct Step {
        let change: CatalogChange
        let proposal: CatalogProposal
        let row: CatalogRow?
    }

    private let pool: PostgresPool
    private let box: SecretBox?
    private let changed: @Sendable () async -> Void

    /// Any number that nobody else locks in this database.
    private static let lock = "7305812344187214"

    package init(pool: PostgresPool, box: SecretBox?, changed: @escaping @Sendable () async -> Void) {
        self.pool = pool
        self.box = box
        self.changed = changed
    }

    /// Throws `CatalogFile.Mistakes` with everything that is wrong, or `PostgresError`.
    package func run(_ draft: CatalogDraft, _ mode: Mode, by author: CatalogAdmin.Author) async throws -> Outcome {
        let result = try await pool.transaction {
            connection throws(PostgresError) -> Result<Outcome, CatalogFile.Mistakes> in
            try connection.query("SELECT pg_advisory_xact_lock(\(Self.lock))")
            if mode == .ifEmpty, try !Self.isEmpty(connection) { return .success(.notEmpty) }
            switch try judge(draft, connection) {
            case .wrong(let mistakes): return .failure(CatalogFile.Mistakes(list: mistakes, source: draft.source))
            case .judged(let steps):
                if mode != .dryRun { for step in steps { try Self.write(step, author, connection) } }
                return .success(.changes(steps.map(\.change)))
            }
        }
        let outcome = try result.get()
        if mode != .dryRun, case .changes(let changes) = outcome, changes.contains(where: { $0.action != .keep }) {
            await changed()
        }
        return outcome
    }

    package static func isEmpty(_ connection: isolated PostgresConnection) throws(PostgresError) -> Bool {
        try connection.query(
            """
            SELECT 1 WHERE EXISTS (SELECT FROM models) OR EXISTS (SELECT FROM accounts)
                OR EXISTS (SELECT FROM audit_log WHERE kind IN ('model', 'account'))
            """
        ).count == 0
    }

    private func judge(
        _ draft: CatalogDraft, _ connection: isolated PostgresConnection
    ) throws(PostgresError) -> Judgement {
        var (steps, mistakes) = ([Step](), draft.mistakes)
        let surroundings = CatalogProposal.Surroundings(
            references: CatalogReferences(models: try models(draft, connection)), box: box, allowsReferences: true,
            isTyped: false)
        for item in draft.items {
            var row: CatalogRow?
            if let id = item.id { row = try CatalogRow.find(item.kind, id, connection, isLocked: true) }
            let judged = Self.judge(item, row, surroundings)
            mistakes += judged.mistakes.map(item.located)
            if let step = judged.step { steps.append(step) }
        }
        return mistakes.isEmpty ? .judged(steps) : .wrong(mistakes)
    }

    /// The file's own models count too, since an account may come with its models.
    private func models(
        _ draft: CatalogDraft, _ connection: isolated PostgresConnection
    ) throws(PostgresError) -> [String: String] {
        var models = try CatalogRow.providers(connection)
        for item in draft.items where item.kind == .model {
            guard let id = item.id, let provider = item.given["provider"]?.stringValue else { continue }
            models[id] = provider.lowercased()
        }
        return models
    }

    private static func judge(
        _ item: CatalogDraft.Item, _ row: CatalogRow?, _ surroundings: CatalogProposal.Surroundings
    ) -> (step: Step?, mistakes: [String]) {
        let edit = CatalogEdit(kind: item.kind, style: .patch, given: .object(item.given))
        var proposal: CatalogProposal
        do throws(CatalogFile.Mistakes) {
            proposal = try CatalogProposal(edit, over: row, surroundings)
        } catch { return (nil, error.list) }
        if proposal.needsMasterKey {
            return (nil, proposal.mistakes + ["api_key: expected MASTER_KEY to be set, to seal the key"])
        }
        guard proposal.mistakes.isEmpty else { return (nil, proposal.mistakes) }
        guard let row else {
            let change = CatalogChange(creating: item.kind, proposal.declared.id, item.given)
            return (Step(change: change, proposal: proposal, row: nil), [])
        }
        proposal.keepEqual(to: row, surroundings.box)
        return (Step(change: CatalogChange(row, proposal), proposal: proposal, row: row), [])
    }

    private static func write(
        _ step: Step, _ author: CatalogAdmin.Author, _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        let (declared, key) = (step.proposal.declared, step.proposal.key)
        guard let row = step.row else {
            try declared.insert(key, connection)
            let made = try CatalogRow.find(step.change.kind, declared.id, connection, isLocked: true)
            return try author.log(
                "create", step.change.kind, declared.id, nil, made?.audited(key: key != nil), connection)
        }
        guard step.change.action == .update else { return }
        try declared.update(key, reason: author.reason, connection)
        _ = try author.finish("update", row, step.change.kind, hasNewKey: key != nil, connection)
    }
}
