extension AlertDigest {
    /// Our own form, one alert a message.
    ///
    /// `nil` without an alert.
    var generic: JSON? {
        guard let notice = notices.first else { return nil }
        let alert = notice.alert
        return [
            "id": alert.id == Alert.unstored ? .null : .number(JSONNumber(alert.id)), "version": 1,
            "alert": .string(alert.kind),
            "state": .string(notice.state.rawValue), "severity": .string(alert.severity),
            "labels": ["subject": .string(alert.subject), "source": .string(source)],
            "annotations": ["message": .string(alert.message), "details": alert.details], "value": notice.value,
            "starts_at": Self.time(alert.raisedAt), "ends_at": alert.clearedAt.map(Self.time) ?? .null,
            "url": link.map { .string($0) } ?? .null,
        ]
    }

    private static func time(_ milliseconds: Int64) -> JSON {
        .string(UTCTime(millisecondsSince1970: milliseconds).dateAndTimeWithMilliseconds)
    }
}
