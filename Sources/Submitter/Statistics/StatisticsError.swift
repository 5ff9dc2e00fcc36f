/// A wrong parameter of a question: its name, and a sentence that says what is expected.
struct StatisticsError: Error, Equatable {
    let field: String
    let message: String

    init(_ field: String, expected: String) {
        self.field = field
        message = "\(field): expected \(expected)."
    }
}
