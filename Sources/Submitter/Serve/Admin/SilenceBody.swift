import Shared

/// The body of `POST /api/v1/alerts/silences`.
///
/// It has `kind` or `subject` or both, `until` or `seconds`, and perhaps a `reason`.
struct SilenceBody {
    let draft: AlertSilence.Draft

    private static let members = ["kind", "subject", "until", "seconds", "reason"]

    /// `now` in milliseconds since 1970.
    init(_ body: JSONObject, now: Int64) throws(APIError) {
        if let member = body.members.first(where: { !Self.members.contains($0.key) }) {
            let name = member.key.utf8.count <= 40 ? member.key : "?"
            throw .invalid(name, "\(name): expected one of \(Self.members.joined(separator: ", ")).")
        }
        let (kind, subject) = (try Self.text(body, "kind"), try Self.text(body, "subject"))
        guard kind != nil || subject != nil else {
            throw .invalid(
                "kind", "kind: expected it, or a subject, or both; * is everything.", code: "missing_required_parameter"
            )
        }
        let (until, reason) = (try Self.until(body, now: now), try Self.text(body, "reason"))
        do throws(AlertSilence.Mistake) {
            draft = try AlertSilence.Draft(kind: kind, subject: subject, until: until, reason: reason, now: now)
        } catch { throw .invalid(error.field, "\(error).") }
    }

    private static func until(_ body: JSONObject, now: Int64) throws(APIError) -> Int64 {
        guard (body["until"] == nil) != (body["seconds"] == nil) else {
            throw .invalid("until", "until: expected milliseconds since 1970, or seconds from now in its place.")
        }
        if let seconds = body["seconds"] {
            let most = Int(AlertSilence.Draft.longest.components.seconds)
            guard let count = seconds.whole(in: 1...most) else {
                throw .invalid("seconds", "seconds: expected a whole number from 1 to \(most).")
            }
            return now + Int64(count) * 1000
        }
        guard let moment = body["until"]?.moment else {
            throw .invalid("until", "until: expected milliseconds since 1970.")
        }
        return moment
    }

    private static func text(_ body: JSONObject, _ name: String) throws(APIError) -> String? {
        guard let value = body[name], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw .invalid(name, "\(name): expected a text.") }
        return text
    }
}
