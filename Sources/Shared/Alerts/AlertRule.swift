/// Says from which value on a measured condition is an alert, and down to which one it stays one.
package struct AlertRule: Sendable, Equatable {
    /// Values from here on are bad.
    package let threshold: Double
    /// The same for an alert that is open, a little less, so that a value about the threshold makes one alert.
    package let clear: Double
    /// True where low values are bad ones.
    package let isFloor: Bool
    /// The time for which a value must be bad, look by look, before it is an alert.
    package let holds: Duration

    /// `hysteresis` is a share of the threshold.
    package init(from threshold: Double, hysteresis: Double = 0, holds: Duration = .zero) {
        (self.threshold, self.holds, isFloor) = (threshold, holds, false)
        clear = threshold * (1 - hysteresis)
    }

    package init(below threshold: Double, hysteresis: Double = 0, holds: Duration = .zero) {
        (self.threshold, self.holds, isFloor) = (threshold, holds, true)
        clear = threshold * (1 + hysteresis)
    }

    /// For a condition that is there or is not: every reading is bad.
    package static func whileFound(for holds: Duration = .zero) -> AlertRule {
        AlertRule(from: -.infinity, holds: holds)
    }

    package func isBad(_ value: Double, isOpen: Bool) -> Bool {
        let limit = isOpen ? clear : threshold
        return isFloor ? value < limit : value >= limit
    }
}

/// A condition as it was just measured.
package struct AlertReading: Sendable, Equatable {
    package var subject: String
    package var value: Double
    /// One sentence for people, without anything that a caller wrote.
    package var message: String
    package var details: JSON

    package init(_ subject: String, value: Double = 1, _ message: String, details: JSON = [:]) {
        (self.subject, self.value, self.message, self.details) = (subject, value, message, details)
    }
}
