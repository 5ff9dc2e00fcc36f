import HTTPTypes
import Shared

/// The entries of budgets.
extension APIOperation {
    static var listBudgets: APIOperation {
        APIOperation(
            "listBudgets", .budgets, "Budgets with what is spent, by id",
            parameters: [
                .query("tenant", .string, "Only those of this tenant and its users.", example: "team-a"),
                .query("after", .budgetID, "The last one of the page before, by its id.", example: "team-a-month"),
                .limit(),
            ],
            answers: [
                .ok(
                    "A page of them.", .page(of: .budget, [.must("has_more", .boolean)]),
                    example: ["object": "list", "data": [Self.budget], "has_more": false])
            ],
            refusals: [.values, .databaseAway])
    }

    static var showBudget: APIOperation {
        APIOperation(
            "showBudget", .budgets, "A budget with what is spent", parameters: [.budget],
            answers: [.ok("All of it.", .budget, example: Self.budget)],
            refusals: [.values, .notFound("such budget"), .databaseAway])
    }

    static var createBudget: APIOperation {
        APIOperation(
            "createBudget", .budgets, "Set a budget",
            details: "What was spent before in its period counts.", parameters: [.actor],
            body: .json(.newBudget, example: Self.given.and(["id": "team-a-month"])),
            answers: [
                APIAnswer(
                    status: 201, text: "It holds.", contents: [.json(.budget, example: Self.budget)],
                    headers: [.location])
            ],
            refusals: [
                .jsonBody, .databaseAway,
                [
                    APIRefusal(
                        .conflict, .invalidRequest, "already_exists", "There is a budget with this id already.",
                        param: "id")
                ],
            ])
    }

    static var replaceBudget: APIOperation {
        change(
            "replaceBudget", "Set a budget, or replace it",
            "Members that are not given get their defaults. An answer may be sent back as it came.", Self.given,
            mayBeMissing: true)
    }

    static var patchBudget: APIOperation {
        change(
            "patchBudget", "Change members of a budget",
            "A JSON merge patch (RFC 7396). Null takes a member back to its default.", ["hard": 200, "reason": "launch"],
            mayBeMissing: false)
    }

    static var deleteBudget: APIOperation {
        APIOperation(
            "deleteBudget", .budgets, "Remove a budget", details: "Its requests are refused no longer.",
            parameters: [.budget, .actor], answers: [APIAnswer(status: 204, text: "It is removed.")],
            refusals: [.values, .notFound("such budget"), .databaseAway])
    }

    private static func change(
        _ id: String, _ summary: String, _ details: String, _ given: JSON, mayBeMissing: Bool
    ) -> APIOperation {
        APIOperation(
            id, .budgets, summary, details: details, parameters: [.budget, .actor],
            body: .json(.budgetFields, example: given),
            answers: [.ok("All of it, as it is now.", .budget, example: Self.budget)],
            refusals: [.jsonBody, .databaseAway, mayBeMissing ? [] : .notFound("such budget")])
    }

    private static let given: JSON = [
        "tenant": "team-a", "unit": "USD", "period": "month", "soft": 80, "hard": 100,
    ]

    private static let budget: JSON = [
        "id": "team-a-month", "tenant": "team-a", "user": .null, "unit": "USD", "period": "month", "reset_hour": 0,
        "reset_day": 1, "soft": 80, "hard": 100, "kind": "tenant", "spent": 81.5, "remaining": 18.5, "level": "soft",
        "begins_at": 1_793_491_200_000, "ends_at": 1_796_083_200_000, "created_at": Samples.milliseconds,
        "updated_at": Samples.milliseconds,
    ]
}

extension APIParameter {
    fileprivate static var budget: APIParameter { .id("The budget's id.", .budgetID, example: "team-a-month") }
}

extension JSONSchema {
    fileprivate static var budgetID: JSONSchema { .text(matching: "^[A-Za-z0-9._-]{1,\(Bounds.id)}$") }

    static var budget: JSONSchema {
        .named("Budget") {
            .object([
                .must("id", .string), .must("kind", .words(BudgetSubject.Kind.self)), .must("tenant", .string),
                .must("user", .string.orNull), .must("unit", .string), .must("period", .words(Budget.Period.self)),
                .must("reset_hour", .integer), .must("reset_day", .integer), .must("soft", .number.orNull),
                .must("hard", .number.orNull), .must("spent", .number, "In the current period, booked so far."),
                .must("remaining", .number.orNull, "Below zero where requests under way have spent more."),
                .must(
                    "level", .words(BudgetState.Level.self),
                    "`soft` from `soft` on, and `spent` from `hard` on, when requests are refused."),
                .must("begins_at", .moment, "The current period's begin."),
                .must("ends_at", .moment.orNull, "Null for a budget that never begins anew."),
                .must("created_at", .moment), .must("updated_at", .moment),
            ])
        }
    }

    fileprivate static var newBudget: JSONSchema {
        .named("NewBudget") {
            .object([.must("id", .budgetID), .must("unit", unit)] + members + readOnly, isOpen: false)
        }
    }

    /// Of a change, in which everything may be left out.
    fileprivate static var budgetFields: JSONSchema {
        .named("BudgetFields") {
            .object([.may("id", .budgetID), .may("unit", unit)] + members + readOnly, isOpen: false)
        }
    }

    private static var unit: JSONSchema {
        .text(matching: "^[A-Za-z0-9._-]{1,\(Bounds.currency)}$")
            .described("`tokens`, or the currency of the prices that count, as in `USD`.")
    }

    private static var members: [Member] {
        [
            .may("tenant", .text(from: 1, upTo: Bounds.tenant).orNull, "`default` if not given."),
            .may("user", .text(from: 1, upTo: Bounds.user).orNull, "Only this user of the tenant; else all of it."),
            .may("period", .anyOf([.words(Budget.Period.self), .null]), "`month` if not given."),
            .may("reset_hour", .whole(0...23).orNull, "The hour in UTC at which a period begins."),
            .may("reset_day", .whole(1...28).orNull, "Its day of the week (1 is Monday, to 7) or of the month."),
            .may("soft", .number(from: 0).orNull, "From here on there is an alert."),
            .may("hard", .number(from: 0).orNull, "From here on requests are refused. One of both must be given."),
            .may("reason", .text(from: 1, upTo: 4096), "For the audit log."),
        ]
    }

    /// What an answer holds beside them, and a change leaves aside.
    private static var readOnly: [Member] { BudgetState.readOnly.map { .may($0, .any) } }
}
