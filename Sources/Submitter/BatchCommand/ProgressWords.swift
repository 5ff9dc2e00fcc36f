import Shared

/// Numbers as people read them (pure).
enum ProgressWords {
    /// `950`, `12.3k`, `100k`, `4.5M`.
    static func short(_ number: Double) -> String {
        let units: [(Double, String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        guard let (size, unit) = units.first(where: { number >= $0.0 * 0.9995 }) else {
            return number < 10 && number != number.rounded() ? fixed(number, 1) : fixed(number, 0)
        }
        let value = number / size
        let text = fixed(value, value < 99.95 ? 1 : 0)
        return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + unit
    }

    static func short(_ number: Int) -> String { short(Double(number)) }

    /// `45,000`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
    }

    /// `7s`, `1m07s`, `2h05m`, `3d04h`.
    static func time(_ seconds: Int) -> String {
        func pair(_ high: Int, _ unit: String, _ low: Int, _ lowUnit: String) -> String {
            "\(high)\(unit)\(low < 10 ? "0" : "")\(low)\(lowUnit)"
        }
        switch seconds {
        case ..<60: return "\(max(0, seconds))s"
        case ..<3600: return pair(seconds / 60, "m", seconds % 60, "s")
        case ..<86_400: return pair(seconds / 3600, "h", seconds / 60 % 60, "m")
        default: return pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
        }
    }

    /// `310ms`, `1.2s`, `2m05s`.
    static func latency(_ milliseconds: Int) -> String {
        switch milliseconds {
        case ..<1000: "\(milliseconds)ms"
        case ..<100_000: fixed(Double(milliseconds) / 1000, 1) + "s"
        default: time(milliseconds / 1000)
        }
    }

    /// Cents where there are any, and more digits of less.
    static func amount(_ value: Double) -> String {
        switch value {
        case 1000...: grouped(Int(min(value, 1e15).rounded()))
        case 0.1..., 0: fixed(value, 2)
        case 0.001...: fixed(value, 4)
        default: fixed(value, 6)
        }
    }

    static func money(_ value: Double, _ currency: String) -> String {
        switch currency {
        case "USD": "$" + amount(value)
        case "CNY": "¥" + amount(value)
        default: amount(value) + " " + TerminalText.plain(currency)
        }
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int64((value * scale).rounded().clamped(to: -1e17...1e17))
        guard digits > 0 else { return "\(scaled)" }
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        let tail = "\(rest)"
        return "\(scaled < 0 ? "-" : "")\(whole)." + String(repeating: "0", count: digits - tail.count) + tail
    }
}
