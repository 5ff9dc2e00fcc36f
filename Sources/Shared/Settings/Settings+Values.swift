/// The types of settings.
///
/// Each function declares, reads and checks one setting. It notes a wrong value as a mistake and returns the default,
/// so that one start shows all mistakes.
extension Settings {
    package mutating func int(
        _ name: String, default standard: Int, in range: ClosedRange<Int>, _ effect: String
    ) -> Int {
        describe(name, "whole number", "\(standard)", value: "\(standard)", Self.text(range), effect)
        return read(name, standard, expected: "a whole number \(Self.text(range))") {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    package mutating func number(
        _ name: String, default standard: Double, in range: ClosedRange<Double>, _ effect: String
    ) -> Double {
        describe(name, "number", Self.text(standard), value: Self.text(standard), Self.text(range), effect)
        return read(name, standard, expected: "a number \(Self.text(range))") {
            Double($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A time in seconds, with decimals.
    package mutating func seconds(
        _ name: String, default standard: Double, in range: ClosedRange<Double>, _ effect: String
    ) -> Duration {
        describe(name, "seconds", Self.text(standard), value: Self.text(standard), Self.text(range), effect)
        let value = read(name, standard, expected: "seconds \(Self.text(range))") {
            Double($0).flatMap { range.contains($0) ? $0 : nil }
        }
        return .microseconds(Int64((value * 1_000_000).rounded()))
    }

    package mutating func bool(_ name: String, default standard: Bool, _ effect: String) -> Bool {
        describe(name, "true or false", "\(standard)", value: "\(standard)", nil, effect)
        return read(name, standard, expected: "true or false") {
            switch $0.lowercased() {
            case "true", "1", "yes", "on": true
            case "false", "0", "no", "off": false
            default: nil
            }
        }
    }

    /// One of a few words, in small or capital letters.
    package mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, default standard: Value, _ effect: String
    ) -> Value {
        let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
        describe(name, "one of", standard.rawValue, value: standard.rawValue, all, effect)
        return read(name, standard, expected: "one of \(all)") { Value(anyCase: $0) }
    }

    /// `accepts` tests a given value, and `expected` describes the right ones in the mistake.
    package mutating func text(
        _ name: String, default standard: String, expected: String = "text", _ effect: String,
        accepts: (String) -> Bool = { _ in true }
    ) -> String {
        let value = standard.isEmpty ? nil : MaskedValue.plain(standard)
        describe(name, "text", standard.isEmpty ? "empty" : standard, value: value, nil, effect)
        return read(name, standard, expected: expected) { accepts($0) ? $0 : nil }
    }

    package mutating func path(_ name: String, _ effect: String) -> String? {
        describe(name, "path", "none", value: nil, nil, effect)
        guard let given = given(name) else { return nil }
        note(given.text, from: given.source)
        return given.text
    }

    /// A comma-separated list.
    package mutating func list(_ name: String, _ effect: String) -> [String] {
        describe(name, "list, separated by commas", "empty", value: nil, nil, effect)
        guard let given = given(name) else { return [] }
        let elements = given.text.split(separator: ",").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty }
        note(elements.map(MaskedValue.plain).joined(separator: ","), from: given.source)
        return elements
    }

    /// A value that is never printed.
    ///
    /// `NAME_FILE` may name a file that holds it instead.
    package mutating func secret(_ name: String, default standard: String? = nil, _ effect: String) -> Secret? {
        describe(
            name, "secret", standard ?? "none", value: standard.map(MaskedValue.secret),
            "or `\(name)_FILE`: a file with it", effect)
        let direct = given(name, isSecret: true)
        guard let path = given(name + "_FILE") else {
            if let direct { note(MaskedValue.secret(direct.text), from: direct.source) }
            return (direct?.text ?? standard).map { Secret($0) }
        }
        if direct != nil { mistake(name, expected: "either \(name) or \(name)_FILE, not both") }
        guard let value = SettingsFile.text(at: path.text)?.trimmingSpaces, !value.isEmpty else {
            mistake(name + "_FILE", expected: "the path of a readable file that is not empty")
            return nil
        }
        note(MaskedValue.secret(String(value)), from: .secretFile)
        return Secret(String(value))
    }

    private mutating func read<Value>(
        _ name: String, _ standard: Value, expected: String, _ parse: (String) -> Value?
    ) -> Value {
        guard let given = given(name) else { return standard }
        let text = String(given.text.trimmingSpaces)
        if let value = parse(text) {
            note(MaskedValue.plain(text), from: given.source)
            return value
        }
        mistake(name, expected: expected)
        return standard
    }

    private static func text(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        "from \(text(range.lowerBound)) to \(text(range.upperBound))"
    }

    /// 15 rather than 15.0.
    private static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}

extension StringProtocol {
    /// Without blanks and line ends at both ends.
    package var trimmingSpaces: SubSequence {
        let isSpace = { (character: Character) in character.isWhitespace }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return self[startIndex..<startIndex]
        }
        return self[first...last]
    }
}
