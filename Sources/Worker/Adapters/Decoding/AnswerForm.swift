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
        var opening = Opening()
        return opening.find(in: body)
    }

    /// The search for the opening of a body that grows: each byte is looked at once.
    struct Opening: Sendable {
        /// Where the first comment begins.
        private var comment: Int?
        /// Up to here the body was read.
        private var place = 0
        private var isInComment = false

        /// `body` begins with all that was there the last time.
        mutating func find(in body: [UInt8]) -> (form: AnswerForm, body: [UInt8])? {
            while true {
                if isInComment, !skipComment(body) { return nil }
                place = AnswerForm.skipFrame(body[place...]).startIndex
                guard place < body.count, !AnswerForm.byteOrderMark.starts(with: body[place...]) else { return nil }
                guard body[place] == UInt8(ascii: ":") else { break }
                comment = comment ?? place
                isInComment = true
            }
            let form = AnswerForm(body[place])
            // Comments of events may say something: DashScope's do.
            let start = form == .events ? comment ?? place : place
            return (form, Array(body[start...]))
        }

        private mutating func skipComment(_ body: [UInt8]) -> Bool {
            let end = body[place...].firstIndex(of: UInt8(ascii: "\n"))
            place = end.map { $0 + 1 } ?? body.count
            isInComment = end == nil
            return !isInComment
        }
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
