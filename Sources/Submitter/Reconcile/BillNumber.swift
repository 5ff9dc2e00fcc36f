import Shared

/// A number as bills write one (pure).
enum BillNumber {
    /// Bytes of a number at most; no bill has one of half the length.
    private static let longest = 40
    private static let currencies = ["US$", "$", "￥", "¥", "元", "USD", "CNY", "RMB"]

    /// The number as PostgreSQL reads it, or `nil` for anything else.
    ///
    /// Commas are those of thousands only where groups of three digits say so: a comma that might be a decimal one is
    /// refused. An empty cell and `-` are 0.
    static func text(_ cell: String) -> String? {
        var text = String(cell.trimmingSpaces)
        for mark in currencies where text.uppercased().hasPrefix(mark) { text = String(text.dropFirst(mark.count)) }
        for mark in currencies where text.uppercased().hasSuffix(mark) { text = String(text.dropLast(mark.count)) }
        text = String(text.trimmingSpaces)
        if text.isEmpty || text == "-" || text == "--" { return "0" }
        guard text.utf8.count <= longest else { return nil }
        var digits = text[...]
        let sign = digits.first == "-" ? "-" : ""
        if let first = digits.first, "+-".contains(first) { digits = digits.dropFirst() }
        return plain(digits).map { sign + $0 }
    }

    private static func plain(_ text: Substring) -> String? {
        let halves = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        guard halves.count == 1 || isExponent(halves[1]) else { return nil }
        let parts = halves[0].split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Self.whole(parts[0]) else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.allSatisfy(\.isASCIIDigit), !whole.isEmpty || !fraction.isEmpty else { return nil }
        let exponent = halves.count == 2 ? "e\(halves[1])" : ""
        return (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : ".\(fraction)") + exponent
    }

    /// Digits without their commas.
    private static func whole(_ text: Substring) -> String? {
        let groups = text.split(separator: ",", omittingEmptySubsequences: false)
        guard groups.allSatisfy({ $0.utf8.allSatisfy(\.isASCIIDigit) }) else { return nil }
        if groups.count > 1 {
            guard (1...3).contains(groups[0].utf8.count), groups.dropFirst().allSatisfy({ $0.utf8.count == 3 }) else {
                return nil
            }
        }
        return groups.joined()
    }

    /// Within what a `numeric` takes without becoming megabytes long.
    private static func isExponent(_ text: Substring) -> Bool {
        guard let number = Int(text), text.utf8.count <= 4 else { return false }
        return (-30...18).contains(number)
    }
}
