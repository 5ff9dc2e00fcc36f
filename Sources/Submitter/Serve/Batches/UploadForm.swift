import Shared

/// The fields of an upload beside the file (pure), in any order.
///
/// Unknown ones are let through, as OpenAI does.
struct UploadForm {
    /// Bytes of a field.
    static let longestField = 4096

    private var fields: [String: String] = [:]

    /// Seconds that OpenAI allows for `expires_after` (developers.openai.com/api/reference, "Upload file", 2026-11).
    static let lives = 3600...2_592_000

    mutating func set(_ name: String, _ bytes: [UInt8]) throws(APIError) {
        let shown = name.clipped(toBytes: 64)
        guard fields[name] == nil else { throw .invalid(shown, "\(shown): it is given twice.") }
        guard let value = String(validating: bytes, as: UTF8.self) else {
            throw .invalid(shown, "\(shown): expected text in UTF-8.")
        }
        fields[name] = value
        if name == "purpose" { try check(purpose: value) }
    }

    /// The seconds that the file is kept, or `nil` where the form does not say.
    func checked() throws(APIError) -> Int? {
        try check(purpose: fields["purpose"])
        let (anchor, seconds) = (fields["expires_after[anchor]"], fields["expires_after[seconds]"])
        if anchor == nil, seconds == nil { return nil }
        guard anchor == "created_at" else {
            throw .invalid("expires_after", "expires_after: expected created_at as its anchor.")
        }
        guard let seconds = seconds.flatMap({ Int($0) }), Self.lives.contains(seconds) else {
            throw .invalid(
                "expires_after",
                "expires_after: expected seconds from \(Self.lives.lowerBound) to \(Self.lives.upperBound).")
        }
        return seconds
    }

    private func check(purpose: String?) throws(APIError) {
        guard let purpose else {
            throw .invalid("purpose", "purpose: expected batch.", code: "missing_required_parameter")
        }
        guard purpose == "batch" else { throw .invalid("purpose", "purpose: expected batch.") }
    }
}
