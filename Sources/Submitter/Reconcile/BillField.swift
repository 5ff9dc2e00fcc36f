import ArgumentParser
import Shared

/// The fields of a bill that are compared with the ledger.
///
/// Raw values are the names of `--columns`.
enum BillField: String, CaseIterable, Sendable {
    /// The platform's id of the request, the ledger's `upstream_request_id`.
    case id
    case date
    case input, output
    /// Of both together, where the bill does not tell them apart.
    case tokens
    case cost, currency
}

/// The column or columns in which a field stands: `name`, `name+name`, `name*1000`.
///
/// Numbers of several columns are added. A factor is for bills that count in thousands.
struct BillSource: Sendable, Equatable {
    let columns: [String]
    /// A decimal number, as PostgreSQL reads one.
    let factor: String

    init(_ columns: [String], factor: String = "1") { (self.columns, self.factor) = (columns, factor) }

    init(_ text: String) {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        if parts.count == 2, let factor = BillNumber.text(String(parts[1])), !parts[0].isEmpty {
            self.init(Self.columns(parts[0]), factor: factor)
        } else {
            self.init(Self.columns(text[...]))
        }
    }

    private static func columns(_ text: Substring) -> [String] {
        text.split(separator: "+").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty }
    }

    /// As a person would write it.
    var text: String { columns.joined(separator: "+") + (factor == "1" ? "" : "*\(factor)") }
}

/// Where the fields of a bill may stand: by field the sources to look for, the first that is there counts.
struct BillLayout: Sendable, Equatable {
    var sources: [BillField: [BillSource]]

    init(_ names: [BillField: [String]]) { sources = names.mapValues { $0.map { BillSource($0) } } }

    /// The same with what a person says in the place of what is known: `field=column,field=column`.
    func with(_ text: String) throws -> BillLayout {
        var layout = self
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { String($0.trimmingSpaces) }
            guard pair.count == 2, let field = BillField(anyCase: pair[0]) else {
                let all = BillField.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--columns: expected field=column, where a field is one of \(all)")
            }
            layout.sources[field] = [BillSource(pair[1])]
        }
        return layout
    }
}
