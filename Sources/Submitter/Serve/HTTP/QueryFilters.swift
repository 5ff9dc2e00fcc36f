import Hummingbird
import Shared

/// The query of a listing.
///
/// An unknown name or value is refused, because it would list something else than was asked.
struct QueryFilters {
    private let values: [String: String]

    init(_ request: Request, _ known: [String]) throws(APIError) {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            guard known.contains(String(name)) else {
                let shown = name.utf8.count <= 40 ? String(name) : "?"
                let expected = known.isEmpty ? "nothing" : "one of \(known.joined(separator: ", "))"
                throw .invalid(shown, "\(shown): expected \(expected) in the query.")
            }
            // PostgreSQL holds no text with one, so that nothing can match.
            guard !value.utf8.contains(0) else { throw .invalid(String(name), "\(name): expected a text without NUL.") }
            values[String(name)] = String(value)
        }
        self.values = values
    }

    /// Takes any name, for routes that have always let unknown ones through.
    init(lenient request: Request) {
        values = Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) },
            uniquingKeysWith: { first, _ in first })
    }

    subscript(name: String) -> String? { values[name] }

    /// In small or capital letters.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws(APIError) -> Choice? {
        guard let text = values[name] else { return nil }
        if let choice = Choice(anyCase: text) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid(name, "\(name): expected one of \(all).")
    }

    func flag(_ name: String) throws(APIError) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        default: throw .invalid(name, "\(name): expected true or false.")
        }
    }

    /// Rows of one page.
    func limit(default standard: Int = 100, most: Int = 1000) throws(APIError) -> Int {
        guard let text = values["limit"] else { return standard }
        guard let limit = Int(text), (1...most).contains(limit) else {
            throw .invalid("limit", "limit: expected a whole number from 1 to \(most).")
        }
        return limit
    }
}
