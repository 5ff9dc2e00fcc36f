/// The news of one alert for channels: that it fires, or that it is over.
package struct AlertNotice: Sendable, Equatable {
    package enum State: String, Sendable { case firing, resolved }

    /// The same for every attempt to deliver it, so that receivers can drop what comes twice.
    package var messageID: String
    package var state: State
    package var alert: Alert

    package init(messageID: String, state: State, alert: Alert) {
        (self.messageID, self.state, self.alert) = (messageID, state, alert)
    }

    /// The number behind the alert, where it has one.
    var value: JSON { alert.details["value"] ?? .null }

    var isCritical: Bool { alert.severity == AlertSeverity.critical.rawValue }
}

/// One message's alerts, with what all messages of this installation say.
package struct AlertDigest: Sendable {
    package var notices: [AlertNotice]
    package var source: String
    package var link: String?

    package init(_ notices: [AlertNotice], source: String, link: String? = nil) {
        (self.notices, self.source, self.link) = (notices, source, link)
    }

    /// Bytes of a line after it was escaped.
    ///
    /// Chosen: a whole message of one alert, or seven alerts and a title, fit into WeCom's 4,096 bytes.
    var longestLine: Int { notices.count == 1 ? 3000 : 450 }

    var isOver: Bool { notices.allSatisfy { $0.state == .resolved } }
    var isCritical: Bool { notices.contains { $0.state == .firing && $0.isCritical } }

    /// `[FIRING] queue_age: normal`, or for several `[2 FIRING, 1 RESOLVED] ai-model-service`.
    var title: String {
        if notices.count == 1, let notice = notices.first {
            return "[\(notice.state.rawValue.uppercased())] \(notice.alert.kind): \(notice.alert.subject)"
        }
        let counts = [AlertNotice.State.firing, .resolved].compactMap { state -> String? in
            let count = notices.count { $0.state == state }
            return count > 0 ? "\(count) \(state.rawValue.uppercased())" : nil
        }
        return "[\(counts.joined(separator: ", "))] \(source)"
    }

    /// The message below its title, as words and texts that are not escaped yet.
    var lines: [AlertLine] {
        guard notices.count == 1, let notice = notices.first else { return notices.map(Self.line) }
        let alert = notice.alert
        var lines = [
            AlertLine(nil, alert.message), AlertLine("severity", alert.severity),
            AlertLine("since", UTCTime(millisecondsSince1970: alert.raisedAt).dateAndTime),
        ]
        if notice.state == .resolved, let end = alert.clearedAt {
            lines.append(AlertLine("until", UTCTime(millisecondsSince1970: end).dateAndTime))
        }
        return lines + [AlertLine("source", source)]
    }

    private static func line(_ notice: AlertNotice) -> AlertLine {
        let time = UTCTime(millisecondsSince1970: notice.alert.clearedAt ?? notice.alert.raisedAt).dateAndTime
        return AlertLine(
            notice.state.rawValue.uppercased(),
            "\(notice.alert.kind): \(notice.alert.message) (\(notice.alert.severity), \(time))")
    }
}

/// One line of a message: a word of ours, and a text that may hold names that people chose.
struct AlertLine: Sendable, Equatable {
    let label: String?
    let text: String

    init(_ label: String?, _ text: String) { (self.label, self.text) = (label, text) }
}
