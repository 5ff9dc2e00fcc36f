/// The budgets that are used up, as every process has them in memory (pure).
///
/// Workers and shims look here before each request, so it holds no more than that.
package struct SpentBudgets: Sendable, Equatable {
    /// One budget that is used up.
    package struct Refusal: Sendable, Equatable {
        package let budget: String
        /// Begin of its next period, in milliseconds since 1970, or `nil` where none comes.
        package let until: Int64?

        package init(budget: String, until: Int64?) { (self.budget, self.until) = (budget, until) }

        /// Tells a caller, who may be a user of the budget's tenant, neither amounts nor names but the budget's own.
        package var failure: JobFailure {
            let end = until.map { "it begins anew at \(UTCTime(millisecondsSince1970: $0).dateAndTime)" }
            return JobFailure(
                .budgetExhausted, "The budget \(budget) is used up; \(end ?? "it does not begin anew").",
                code: JobFailure.Kind.budgetExhausted.rawValue)
        }
    }

    /// Budgets that there are, used up or not.
    package let count: Int
    /// When PostgreSQL was asked, in milliseconds since 1970, by its clock.
    let asOf: Int64
    private let spent: [BudgetSubject: Refusal]

    /// Of several that one subject has used up, the one that ends last is told.
    package init(count: Int = 0, asOf: Int64 = 0, _ spent: [(subject: BudgetSubject, refusal: Refusal)] = []) {
        self.count = count
        self.asOf = asOf
        self.spent = Dictionary(spent.map { ($0.subject, $0.refusal) }) { first, second in
            first.until ?? .max >= second.until ?? .max ? first : second
        }
    }

    /// The budget for which a request is refused at `now`, or `nil`.
    ///
    /// A period that has ended by this process' clock refuses nothing, also while nobody can say what is spent of the
    /// next one.
    package func refusal(tenant: String, user: String?, at now: Int64) -> Refusal? {
        guard !spent.isEmpty else { return nil }
        return BudgetSubject.of(tenant: tenant, user: user).lazy.compactMap { spent[$0] }
            .first { $0.until ?? .max > now }
    }

    func says(the other: SpentBudgets) -> Bool { count == other.count && spent == other.spent }

    /// Messages may overtake each other.
    ///
    /// One that is older by a minute and more is no late one: it comes from a database with another clock.
    func isNewer(than other: SpentBudgets) -> Bool {
        asOf >= other.asOf || other.asOf.subtractingClamped(asOf) > 60_000
    }
}

/// As the copy in Redis and messages have it.
extension SpentBudgets {
    var encoded: [UInt8] {
        let list = spent.map { subject, refusal -> JSON in
            [
                "budget": .string(refusal.budget), "kind": .string(subject.kind.rawValue),
                "tenant": .string(subject.tenant), "name": .string(subject.name),
                "until": refusal.until.map { .number(JSONNumber($0)) } ?? .null,
            ]
        }
        let object: JSONObject = ["as_of": .number(JSONNumber(asOf)), "count": .int(count), "spent": .array(list)]
        return object.encoded
    }

    /// `nil` for anything that no build has written.
    ///
    /// A kind of subject that only a newer build knows is left out.
    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let asOf = json["as_of"]?.moment, let count = json["count"]?.count,
            let list = json["spent"]?.arrayValue
        else { return nil }
        self.init(
            count: count, asOf: asOf,
            list.compactMap { row in
                guard let budget = row["budget"]?.stringValue, let tenant = row["tenant"]?.stringValue,
                    let name = row["name"]?.stringValue,
                    let kind = row["kind"]?.stringValue.flatMap(BudgetSubject.Kind.init(rawValue:))
                else { return nil }
                return (
                    BudgetSubject(kind, tenant: tenant, name: name),
                    Refusal(budget: budget, until: row["until"]?.moment)
                )
            })
    }
}
