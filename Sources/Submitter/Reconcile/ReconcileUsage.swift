import ArgumentParser
import Shared

/// `submitter usage reconcile`: a platform's bill beside the ledger.
struct ReconcileUsage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compares a platform's exported bill with the ledger, by request or by day.",
        discussion: """
            Reads a CSV of any size in UTF-8, gzip too, or '-' for standard input. Columns are found by their names; which \
            were read is told on standard error. Name others by --columns: field=column, where a field is id, date, input, \
            output, tokens, cost or currency. A column may be a sum (a+b) or a multiple (quantity*1000). Days are those of \
            the platform's zone. docs/statistics.md says more.

            Examples:
              submitter usage reconcile cost.csv --provider openai
              submitter usage reconcile bill.csv --provider alibaba --where 产品=大模型服务平台百炼
              submitter usage reconcile log.csv --provider zhipu --by request --columns id=request,date=time,cost=fee

            Exit codes: 0 both agree, 1 the bill cannot be read or PostgreSQL cannot be reached, 2 they do not agree, \
            3 wrong settings, 64 wrong arguments.
            """)

    @Argument(help: "The bill.", completion: .file())
    var file: String

    @Option(help: "Whose bill it is.")
    var provider: Provider

    @Option(help: "Compare by request or by day (default: by request where the bill has ids).")
    var by: ReconcileKey?

    @Option(help: "Where fields stand, as in date=Day,cost=Amount.")
    var columns: String?

    @Option(
        name: .customLong("where"), help: "Only rows with this text in a column, as column=text; may be repeated.",
        transform: ReconcileUsage.condition)
    var conditions: [BillRows.Condition] = []

    @Option(help: "Only attempts on this account, by its id, where the bill is that of one account.")
    var account: String?

    @Option(help: "The zone of the bill's days, as in Asia/Shanghai or +08:00 (default: the platform's).")
    var zone: String?

    @Option(help: "The currency of rows that name none (default: the platform's).")
    var currency: String?

    @Option(help: "The first day that is compared (default: the bill's first).", transform: ReconcileUsage.day)
    var since: CivilDate?

    @Option(help: "The day before which it ends (default: behind the bill's last).", transform: ReconcileUsage.day)
    var until: CivilDate?

    @Option(help: "Share by which amounts may be apart, 0 to 1.")
    var tolerance = 0.001

    @Option(help: "Amount of money that may be lost by rounding, too (default: 0.01 by day, 0.0001 by request).")
    var rounding: Double?

    @Option(help: "Rows at most, 1 to 100000; sums count all.")
    var limit = 100

    @Flag(help: "Tell of requests that agree, too, one by one.")
    var all = false

    @Option(help: "Print table, json or csv.")
    var format = ReportFormat.table

    func validate() throws {
        guard provider != .sandbox else { throw ValidationError("--provider: expected one that sends bills") }
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit: expected 1 to 100000") }
        guard (0...1).contains(tolerance) else { throw ValidationError("--tolerance: expected 0 to 1") }
        guard (0...1_000_000).contains(rounding ?? 0) else {
            throw ValidationError("--rounding: expected 0 to 1000000")
        }
        if let since, let until, since.daysSince1970 >= until.daysSince1970 {
            throw ValidationError("--since: expected a day before --until")
        }
        guard (1...Bounds.currency).contains(currency?.utf8.count ?? 3) else {
            throw ValidationError("--currency: expected a currency as in USD")
        }
        if let zone, StatisticsZone(zone) == nil {
            throw ValidationError("--zone: expected \(StatisticsZone.expected)")
        }
        _ = try layout
    }

    /// Of requests no dates are needed where their days are given.
    private var needed: Set<BillField> {
        let dates: Set<BillField> = by == .day || since == nil || until == nil ? [.date] : []
        return by == .request ? dates.union([.id]) : dates
    }

    private var layout: BillLayout {
        get throws { try columns.map(provider.billLayout.with) ?? provider.billLayout }
    }

    func run() async throws {
        try await AdminSession.run { session in
            do {
                let bytes = try InputBytes(file)
                var rows = try BillRows(bytes.unpacked(), try layout, conditions: conditions, needs: needed)
                let question = try await question(rows.found, session)
                let answer = try await compare(&rows, question, session)
                tell(answer, rows)
                if !answer.agrees { throw Exit.differs }
            } catch let mistake as CSVReader.Mistake {
                throw BillMistake("\(file): \(mistake)")
            } catch let mistake as BillMistake {
                throw BillMistake("\(file): \(mistake)")
            }
        }
    }

    private func question(
        _ found: [BillField: String], _ session: AdminSession
    ) async throws -> BillQuestion {
        let key = by ?? (found[.id] == nil ? .day : .request)
        guard found[.date] != nil || (key == .request && since != nil && until != nil) else {
            let other = key == .request ? "; or --since and --until" : ""
            throw BillMistake("the bill's dates are not known: say where they stand by --columns date=…\(other)")
        }
        let wanted = zone.flatMap { StatisticsZone($0) } ?? provider.billZone
        let days: StatisticsZone
        do { days = try await TimeZones(session.pool).known(wanted, field: "zone") } catch let error as StatisticsError {
            throw ValidationError("--\(error.message)")
        }
        if key == .day, case .offset(let minutes) = days, !minutes.isMultiple(of: 60) {
            throw ValidationError("--zone: expected whole hours, since the ledger's sums are by hour")
        }
        return BillQuestion(
            provider: provider, account: account, key: key, zone: days,
            currency: currency?.uppercased() ?? provider.billCurrency, since: since, until: until,
            tolerance: tolerance, rounding: rounding ?? BillQuestion.rounding(by: key), limit: limit,
            tellsMatched: all || key == .day, fields: Set(found.keys))
    }

    /// Over a connection of its own, which may take its time.
    private func compare(
        _ rows: inout BillRows, _ question: BillQuestion, _ session: AdminSession
    ) async throws -> Reconciliation {
        var configuration = session.startup.postgres()
        (configuration.poolSize, configuration.statementTimeout) = (1, BillTable.patience)
        let pool = PostgresPool(configuration)
        do {
            let table = BillTable(pool: pool)
            try await table.make()
            var batch: [BillRow] = []
            while let row = try rows.next() {
                batch.append(row)
                guard batch.count == BillTable.batch else { continue }
                try await table.add(batch, question)
                batch.removeAll(keepingCapacity: true)
            }
            if !batch.isEmpty { try await table.add(batch, question) }
            let answer = try await table.compare(question)
            await pool.close()
            return answer
        } catch {
            await pool.close()
            throw error
        }
    }

    private func tell(_ answer: Reconciliation, _ rows: BillRows) {
        switch format {
        case .json: AdminOutput.row(answer.json(columns: rows.found, undated: rows.undated.count), asJSON: true)
        case .csv: StandardStreams.out(Array(answer.csv.utf8))
        case .table: StandardStreams.out(Array(answer.table(width: TerminalSize.of()?.columns).utf8))
        }
        if format != .json { StandardStreams.error(answer.note(columns: rows.found, undated: rows.undated)) }
    }

    // MARK: - Arguments

    @Sendable static func condition(_ text: String) throws -> BillRows.Condition {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, !pair[0].isEmpty else { throw ValidationError("expected column=text") }
        return BillRows.Condition(column: String(pair[0]), text: String(pair[1].trimmingSpaces))
    }

    @Sendable static func day(_ text: String) throws -> CivilDate {
        guard case .day(let day) = BillDate(text) else { throw ValidationError("expected a day as in 2026-11-29") }
        return day
    }
}
