import ArgumentParser
import Shared

/// The key by which a bill's rows and the ledger's are brought together.
enum ReconcileKey: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// The platform's id of the request.
    case request
    /// The day in the platform's zone.
    case day

    init?(argument: String) { self.init(anyCase: argument) }
}

/// How a bill and the ledger are compared.
struct BillQuestion: Sendable {
    var provider: Provider
    var account: String?
    var key: ReconcileKey
    var zone: StatisticsZone
    /// Of rows that name none.
    var currency: String
    /// Days in the zone, the second of which is not in it any more; `nil` for the first and the last of the bill.
    var since: CivilDate?
    var until: CivilDate?
    /// Share of an amount.
    var tolerance: Double
    /// An amount of money that may be lost by rounding, beside that share.
    var rounding: Double
    /// Rows that are told one by one.
    var limit: Int
    /// Rows that agree are told one by one, too.
    var tellsMatched: Bool
    /// The fields that the bill has.
    var fields: Set<BillField>

    /// The measures that both sides have, by their columns.
    var measures: [String] {
        var measures: [String] = []
        if fields.contains(.input) { measures.append("tokens_in") }
        if fields.contains(.output) { measures.append("tokens_out") }
        if fields.contains(.tokens) { measures.append("tokens") }
        return fields.contains(.cost) ? measures + ["cost"] : measures
    }

    /// Chosen: a bill of days rounds each item to a hundredth, one of requests to far less.
    static func rounding(by key: ReconcileKey) -> Double { key == .day ? 0.01 : 0.0001 }
}
