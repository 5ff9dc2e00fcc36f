import Shared

/// Measures the budgets of which the soft or the hard amount was reached.
///
/// Each has an alert of its own, since both are told: that money goes, and that requests are refused.
struct BudgetWatch: Sendable {
    let store: BudgetStore

    /// Chosen: people look at far fewer, and every one that is open is looked at each time.
    private static let most = 1000

    var check: AlertCheck { AlertCheck(.budget, .whileFound()) { _ in await readings() } }

    private func readings() async -> [AlertReading]? {
        do throws(PostgresError) {
            return try await store.reached(limit: Self.most).flatMap(Self.readings(of:))
        } catch { return nil }
    }

    static func readings(of state: BudgetState) -> [AlertReading] {
        let (budget, spent) = (state.budget, state.spent.literal)
        var readings: [AlertReading] = []
        if state.isSoftReached, let soft = budget.soft {
            readings.append(
                reading(
                    state, "soft", soft,
                    "of the budget \(budget.id) \(spent) \(budget.unit) are spent; its soft limit is \(soft.literal)"))
        }
        if state.isSpent, let hard = budget.hard {
            let end = state.endsAt.map { "until \(UTCTime(millisecondsSince1970: $0).dateAndTime)" }
            readings.append(
                reading(
                    state, "hard", hard,
                    "the budget \(budget.id) of \(hard.literal) \(budget.unit) is used up: requests are refused \(end ?? "from now on")"
                ))
        }
        return readings
    }

    private static func reading(
        _ state: BudgetState, _ limit: String, _ amount: JSONNumber, _ message: String
    ) -> AlertReading {
        AlertReading(
            "\(state.budget.id)/\(limit)", message,
            details: [
                "value": .number(state.spent), "limit": .number(amount), "unit": .string(state.budget.unit),
                "kind": .string(state.budget.subject.kind.rawValue),
                "ends_at": state.endsAt.map { .number(JSONNumber($0)) } ?? .null,
            ])
    }
}
