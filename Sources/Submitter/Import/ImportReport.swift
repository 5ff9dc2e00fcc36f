import Shared

/// Tells people and programs a plan, with masked keys.
struct ImportReport: Sendable {
    let plan: ImportPlan
    let isApplied: Bool

    var text: String {
        var lines: [String] = []
        func section(_ title: String, _ entries: [String]) {
            guard !entries.isEmpty else { return }
            lines += [title] + entries.map { "  " + $0 } + [""]
        }
        section("Accounts", plan.accounts.map(Self.line))
        section("Models", plan.models.map(Self.line))
        section("Left out", plan.skipped.map { "- \($0.about): \($0.text)" })
        section("Look at these", plan.warnings.map { "! \($0.about): \($0.text)" })
        let fresh = plan.models.filter { !$0.isKept }.count
        let count = [
            Words.count(plan.accounts.count, "account"), Words.count(fresh, "new model"),
            "\(plan.skipped.count) left out",
        ].joined(separator: ", ")
        lines.append(isApplied ? "Imported: \(count)." : "Dry run, nothing was changed: \(count). --apply writes them.")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ planned: ImportPlan.PlannedAccount) -> String {
        let account = planned.declared.account
        let place = [account.provider.rawValue, account.mode, account.baseURL].compactMap(\.self).joined(separator: " ")
        return
            "\(planned.isKnown ? "~" : "+") \(account.id) \"\(account.accountName)\": \(place), key \(planned.maskedKey),"
            + " \(state(planned)), weight \(account.weight), models \(account.models.joined(separator: " "))"
    }

    private static func state(_ planned: ImportPlan.PlannedAccount) -> String {
        planned.declared.givesStatus ? planned.declared.account.status.rawValue : "status kept"
    }

    private static func line(_ planned: ImportPlan.PlannedModel) -> String {
        let model = planned.model
        guard !planned.isKept else { return "= \(model.id): \(model.provider.rawValue), as it is" }
        let other = model.modelID == model.id ? "" : ", \(model.modelID) there"
        let alias = model.aliases.isEmpty ? "" : ", also called \(model.aliases.joined(separator: " "))"
        return "+ \(model.id): \(model.provider.rawValue)\(other)\(alias), priority \(model.priority)"
    }

    var json: JSON {
        [
            "applied": .bool(isApplied),
            "accounts": .array(plan.accounts.map(Self.json)),
            "models": .array(plan.models.map(Self.json)),
            "skipped": .array(plan.skipped.map(Self.json)),
            "warnings": .array(plan.warnings.map(Self.json)),
        ]
    }

    private static func json(_ planned: ImportPlan.PlannedAccount) -> JSON {
        let account = planned.declared.account
        return [
            "id": .string(account.id), "account_name": .string(account.accountName),
            "provider": .string(account.provider.rawValue), "mode": account.mode.map { .string($0) } ?? .null,
            "base_url": account.baseURL.map { .string($0) } ?? .null, "key": .string(planned.maskedKey),
            "status": planned.declared.givesStatus ? .string(account.status.rawValue) : .null,
            "weight": .int(account.weight), "models": .array(account.models.map { .string($0) }),
            "settings": .array(account.settings.keys.sorted().map { .string($0) }), "known": .bool(planned.isKnown),
        ]
    }

    private static func json(_ planned: ImportPlan.PlannedModel) -> JSON {
        let model = planned.model
        return [
            "id": .string(model.id), "provider": .string(model.provider.rawValue), "model_id": .string(model.modelID),
            "aliases": .array(model.aliases.map { .string($0) }), "priority": .int(model.priority),
            "kept": .bool(planned.isKept),
        ]
    }

    private static func json(_ remark: ImportPlan.Remark) -> JSON {
        ["about": .string(remark.about), "text": .string(remark.text)]
    }
}
