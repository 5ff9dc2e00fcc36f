/// Numbers and nouns in sentences for people.
package enum Words {
    /// `1 account`, `2 accounts`.
    ///
    /// The plural is the noun with an s unless given.
    package static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
    /// The value of this name in any mix of small and capital letters.
    ///
    /// Settings, the catalogue and the command line read all their enumerations with it.
    package init?(anyCase name: String) {
        let name = name.lowercased()
        guard let found = Self.allCases.first(where: { $0.rawValue.lowercased() == name }) else { return nil }
        self = found
    }
}
