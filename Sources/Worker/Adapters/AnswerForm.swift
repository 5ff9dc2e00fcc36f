/// What a body is, whatever its platform calls it: shown by the first byte that says something.
enum AnswerForm: Sendable {
    case document
    case events
    /// Of some proxy, or behind a wrong base URL: no platform answers so.
    case page

    private init(_ first: UInt8) {
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): self = .document
        case UInt8(ascii: "<"): self = .page
        default: self = .events
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The form, and the body from where it begins: behind byte order marks, white space, and, for documents, comments, all
    /// of which keep a connection alive and say nothing.
    ///
    /// `nil` where more must come before that can be told.
    static func opening(_ body: [UInt8]) -> (form: AnswerForm, body: [UInt8])? {
        var rest = skipFrame(body[...])
        let start = rest.startIndex
        while rest.first == UInt8(ascii: ":") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            rest = skipFrame(rest[(end + 1)...])
        }
        guard let first = rest.first, !byteOrderMark.starts(with: rest) else { return nil }
        let form = AnswerForm(first)
        // Comments of events may say something: DashScope's do.
        return (form, Array(body[(form == .events ? start : rest.startIndex)...]))
    }

    private static func skipFrame(_ body: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = body
        while let first = rest.first {
            if [0x20, 0x09, 0x0A, 0x0D].contains(first) {
                rest = rest.dropFirst()
            } else if rest.starts(with: byteOrderMark) {
                rest = rest.dropFirst(byteOrderMark.count)
            } else {
                break
            }
        }
        return rest
    }
}
