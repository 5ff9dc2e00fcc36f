/// The form of a body, shown by its first significant byte and not by its content type.
enum AnswerForm: Sendable {
    case document
    case events
    /// A proxy's page, or the page behind a wrong base URL. No platform answers so.
    case page

    private init(_ first: UInt8) {
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): self = .document
        case UInt8(ascii: "<"): self = .page
        default: self = .events
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The form and the body from its start: behind byte order marks, white space and, for documents, comments, which
    /// only keep a connection alive.
    ///
    /// `nil` until enough bytes have come.
    static func opening(_ body: [UInt8]) -> (form: AnswerForm, body: [UInt8])? {
        var opening = Opening()
        return opening.find(in: body)
    }

    /// Searches the start of a growing body and looks at each byte once.
    struct Opening: Sendable {
        /// The start of the first comment.
        private var comment: Int?
        /// The body was read up to here.
        private var place = 0
        private var isInComment = false

        /// `body` begins with all the bytes of the last call.
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
            // Comments of event streams may carry information: DashScope's do.
            let start = form == .events ? comment ?? place : place
            return (form, start == 0 ? body : Array(body[start...]))
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
