import Hummingbird
import Shared

/// The query of a listing: a name or a value that it does not know is refused, as it would list something else than was asked.
struct QueryFilters {
    private let values: [String: String]

    init(_ request: Request, _ known: [String]) throws(APIError) {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            guard known.contains(String(name)) else {
                let shown = name.utf8.count <= 40 ? String(name) : "?"
                throw .invalid(shown, "\(shown): expected one of \(known.joined(separator: ", ")) in the query.")
            }
            values[String(name)] = String(value)
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// In small or capital letters.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws(APIError) -> Choice? {
        guard let text = values[name] else { return nil }
        if let choice = Choice(anyCase: text) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid(name, "\(name): expected one of \(all).")
    }
}
