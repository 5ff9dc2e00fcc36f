import Shared

/// Compares a bill with the ledger inside PostgreSQL.
///
/// 1. `make`, 2. `add` the rows of the bill, 3. `compare`. The bill goes into a temporary table, so that neither side
/// is ever held here, and every amount stays the decimal that it is. The pool has one connection, whose end takes the
/// tables away.
struct BillTable {
    /// Rows sent at once.
    static let batch = 5000
    /// Longer than a join of some ten million rows takes.
    static let patience = Duration.seconds(3600)

    let pool: PostgresPool

    func make() async throws(PostgresError) {
        _ = try await pool.query(
            """
            CREATE TEMP TABLE reconcile_bill (
                id text, day date, tokens_in numeric, tokens_out numeric, tokens numeric, cost numeric, currency text)
            """)
        _ = try await pool.query(
            """
            CREATE TEMP TABLE reconcile_rows (
                status text, label text, day date, currency text, bill_lines bigint, attempts numeric, estimated numeric,
                bill_in numeric, ledger_in numeric, bill_out numeric, ledger_out numeric, bill_tokens numeric,
                ledger_tokens numeric, bill_cost numeric, ledger_cost numeric)
            """)
    }

    func add(_ rows: [BillRow], _ question: BillQuestion) async throws(PostgresError) {
        let days = rows.map { row -> String? in
            guard case .day(let day) = row.date else { return nil }
            return day.description
        }
        let moments = rows.map { row -> String? in
            guard case .moment(let moment) = row.date else { return nil }
            return PostgresParameter.timestamp(moment)
        }
        let numbers = ["tokens_in", "tokens_out", "tokens", "cost"].map(Self.number).joined(separator: ", ")
        _ = try await pool.query(
            """
            INSERT INTO reconcile_bill
            SELECT id, coalesce(day, (moment AT TIME ZONE $1::text)::date), \(numbers), coalesce(currency, $2)
            FROM unnest($3::text[], $4::date[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
                AS n(id, day, moment, tokens_in, tokens_out, tokens, cost, currency)
            """,
            [
                .text(question.zone.sql), .text(question.currency), .array(rows.map(\.id)), .array(days),
                .array(moments), .array(rows.map(\.input)), .array(rows.map(\.output)), .array(rows.map(\.tokens)),
                .array(rows.map(\.cost)), .array(rows.map(\.currency)),
            ])
    }

    /// A number, or a factor with the terms of a sum behind it.
    private static func number(_ column: String) -> String {
        """
        CASE WHEN \(column) LIKE '% %' THEN split_part(\(column), ' ', 1)::numeric
            * (SELECT sum(term::numeric) FROM unnest((string_to_array(\(column), ' '))[2:]) AS term)
        ELSE \(column)::numeric END
        """
    }

    // MARK: - Comparing

    /// The days of the comparison, as `2026-11-01`, the last of which is not in it any more.
    private struct Window {
        let since: String
        let until: String
    }

    /// Throws `BillMistake` where the bill has no rows, and no days are given either.
    func compare(_ question: BillQuestion) async throws -> Reconciliation {
        _ = try await pool.query("ANALYZE reconcile_bill")
        let window = try await window(question)
        _ = try await pool.query(Self.joined(question), Self.parameters(question, window))
        if question.key == .request {
            _ = try await pool.query(Self.billWithoutID, [.text(window.since), .text(window.until)])
            _ = try await pool.query(
                Self.ledgerWithoutID, Array(Self.parameters(question, window).prefix(Self.filters)))
        }
        let order = question.key == .day ? "" : "\(Self.order), "
        return try await Reconciliation(
            question: question, since: window.since, until: window.until,
            sums: rows(Self.sums, "GROUP BY status ORDER BY \(Self.order)", []),
            rows: rows(
                Self.columns,
                "WHERE $2::boolean OR status <> 'matched' ORDER BY \(order)day, label, currency LIMIT $1::integer",
                [.int(question.limit), .bool(question.tellsMatched)]),
            count: told(question))
    }

    private func window(_ question: BillQuestion) async throws -> Window {
        let row = try await pool.query("SELECT min(day)::text AS since, (max(day) + 1)::text AS until FROM reconcile_bill").first
        guard let since = try question.since?.description ?? row?.text("since"),
            let until = try question.until?.description ?? row?.text("until"), since < until
        else { throw BillMistake("the bill has no rows to compare, or none in these days") }
        return Window(since: since, until: until)
    }

    /// Rows that are to be told, more than the limit perhaps.
    private func told(_ question: BillQuestion) async throws -> Int {
        try await pool.query(
            "SELECT count(*) AS n FROM reconcile_rows WHERE $1::boolean OR status <> 'matched'",
            [.bool(question.tellsMatched)]
        ).first?.required("n") ?? 0
    }

    private func rows(
        _ columns: String, _ rest: String, _ parameters: [PostgresParameter]
    ) async throws -> [Reconciliation.Row] {
        try await pool.query("SELECT \(columns) FROM reconcile_rows \(rest)", parameters).rows.map { row in
            try Reconciliation.Row(row)
        }
    }

    // MARK: - Statements

    /// `$1` zone, `$2` and `$3` the window, `$4` platform, `$5` account, `$6` tolerance, `$7` rounding.
    private static func parameters(_ question: BillQuestion, _ window: Window) -> [PostgresParameter] {
        [
            .text(question.zone.sql), .text(window.since), .text(window.until), .text(question.provider.rawValue),
            .text(question.account), .double(question.tolerance), .double(question.rounding),
        ]
    }

    /// Parameters of a look at the ledger, without those of a comparison.
    private static let filters = 5

    private static let columns = """
        status, 1 AS rows, label, currency, bill_lines, trim_scale(attempts) AS attempts, trim_scale(estimated) AS estimated,
        \(amounts.map { "trim_scale(\($0)) AS \($0)" }.joined(separator: ", "))
        """
    private static let sums = """
        status, count(*) AS rows, NULL AS label, NULL AS currency, sum(bill_lines) AS bill_lines, trim_scale(sum(attempts)) AS attempts,
        trim_scale(sum(estimated)) AS estimated,
        \(amounts.map { "trim_scale(sum(\($0))) AS \($0)" }.joined(separator: ", "))
        """
    private static let amounts = Reconciliation.amounts
    private static let order =
        "array_position(ARRAY[\(Reconciliation.Status.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))], status)"

    /// Both sides by their key, and every pair with its status.
    ///
    /// Of requests, the ledger is looked at for a day more on both sides, since platforms may count one to another day.
    private static func joined(_ question: BillQuestion) -> String {
        let (bill, ledger) =
            question.key == .day
            ? (billDays(question), ledgerDays(question)) : (billRequests, ledgerRequests)
        let isRequest = question.key == .request
        return """
            INSERT INTO reconcile_rows
            WITH bill AS (\(bill)), ledger AS (\(ledger))
            SELECT CASE WHEN b.key IS NULL THEN 'only_ledger' WHEN l.key IS NULL THEN 'only_bill'
                    WHEN \(differs(question)) THEN 'differs' ELSE 'matched' END,
                coalesce(b.label, l.label), coalesce(b.day, l.day), coalesce(b.currency, l.currency),
                b.lines, l.attempts, l.estimated, b.tokens_in, l.tokens_in, b.tokens_out, l.tokens_out,
                b.tokens, l.tokens, b.cost, l.cost
            FROM bill b FULL JOIN ledger l ON b.key = l.key
            WHERE (b.key IS NULL OR l.key IS NOT NULL OR b.tokens <> 0 OR b.tokens_in <> 0 OR b.tokens_out <> 0 OR b.cost <> 0)
                \(isRequest ? "AND (b.key IS NOT NULL OR (l.day >= $2::date AND l.day < $3::date))" : "")
            """
    }

    /// Of measures that the bill does not have nothing is said.
    private static func differs(_ question: BillQuestion) -> String {
        let apart = question.measures.map { measure in
            let more = measure == "cost" ? " + $7::numeric" : " + 0 * $7::numeric"
            return
                "coalesce(abs(b.\(measure) - l.\(measure)) > $6::numeric * greatest(abs(b.\(measure)), abs(l.\(measure)))\(more), false)"
        }
        let money = question.key == .request && question.fields.contains(.cost) ? ["b.currency <> l.currency"] : []
        return "(" + (apart + money).joined(separator: " OR ") + ")"
    }

    /// Without money in the bill, days of all currencies are one.
    private static func currency(_ question: BillQuestion) -> String {
        question.fields.contains(.cost) ? "currency" : "''::text"
    }

    private static let billSums = """
        count(*) AS lines, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out,
        sum(coalesce(tokens, tokens_in + tokens_out)) AS tokens, sum(cost) AS cost
        """
    private static let ledgerSums = """
        sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, sum(tokens_in::numeric + tokens_out) AS tokens,
        sum(cost) AS cost
        """
    private static let counts = "HAVING sum(tokens_in::numeric + tokens_out) <> 0 OR sum(cost) <> 0"

    private static func billDays(_ question: BillQuestion) -> String {
        """
        SELECT day::text || ' ' || \(currency(question)) AS key, day::text AS label, day, \(currency(question)) AS currency,
            \(billSums)
        FROM reconcile_bill WHERE day >= $2::date AND day < $3::date GROUP BY day, \(currency(question))
        """
    }

    private static func ledgerDays(_ question: BillQuestion) -> String {
        """
        SELECT day::text || ' ' || \(currency(question)) AS key, day::text AS label, day, \(currency(question)) AS currency,
            sum(attempts) AS attempts, sum(estimated_attempts) AS estimated, \(ledgerSums)
        FROM (
            SELECT (hour AT TIME ZONE $1::text)::date AS day, * FROM usage_routes_hourly
            WHERE provider = $4 AND ($5::text IS NULL OR account = $5)
                AND hour >= $2::date::timestamp AT TIME ZONE $1::text AND hour < $3::date::timestamp AT TIME ZONE $1::text) AS hours
        GROUP BY day, \(currency(question)) \(counts)
        """
    }

    private static let billRequests = """
        SELECT id AS key, id AS label, min(day) AS day, min(currency) AS currency, \(billSums)
        FROM reconcile_bill WHERE id IS NOT NULL AND (day IS NULL OR (day >= $2::date AND day < $3::date)) GROUP BY id
        """

    private static let ledgerRequests = """
        SELECT upstream_request_id AS key, upstream_request_id AS label, min((started_at AT TIME ZONE $1::text)::date) AS day,
            min(currency) AS currency, count(*) AS attempts, count(*) FILTER (WHERE estimated) AS estimated, \(ledgerSums)
        FROM usage_attempts
        WHERE provider = $4 AND ($5::text IS NULL OR account = $5) AND upstream_request_id IS NOT NULL
            AND started_at >= $2::date::timestamp AT TIME ZONE $1::text - interval '1 day'
            AND started_at < $3::date::timestamp AT TIME ZONE $1::text + interval '1 day'
        GROUP BY upstream_request_id \(counts)
        """

    /// What cannot be brought together with anything, in one row.
    ///
    /// `$1` and `$2` the window.
    private static let billWithoutID = """
        INSERT INTO reconcile_rows (status, currency, bill_lines, bill_in, bill_out, bill_tokens, bill_cost)
        SELECT 'bill_without_id', currency, lines, tokens_in, tokens_out, tokens, cost FROM (
            SELECT currency, \(billSums) FROM reconcile_bill
            WHERE id IS NULL AND (day IS NULL OR (day >= $1::date AND day < $2::date)) GROUP BY currency) AS sums
        """

    private static let ledgerWithoutID = """
        INSERT INTO reconcile_rows
            (status, currency, attempts, estimated, ledger_in, ledger_out, ledger_tokens, ledger_cost)
        SELECT 'ledger_without_id', currency, attempts, estimated, tokens_in, tokens_out, tokens, cost FROM (
            SELECT currency, count(*) AS attempts, count(*) FILTER (WHERE estimated) AS estimated, \(ledgerSums)
            FROM usage_attempts
            WHERE provider = $4 AND ($5::text IS NULL OR account = $5) AND upstream_request_id IS NULL
                AND started_at >= $2::date::timestamp AT TIME ZONE $1::text
                AND started_at < $3::date::timestamp AT TIME ZONE $1::text
            GROUP BY currency \(counts)) AS sums
        """
}
