/// What a body is, whatever its platform calls it: shown by the first byte that says something.
enum AnswerForm: Sendable {
    case document
    case events
    /// Of some proxy, or behind a wrong base URL: no platform answers so.
    case page

    init(_ first: UInt8) {
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): self = .document
        case UInt8(ascii: "<"): self = .page
        default: self = .events
        }
    }

    /// `nil` where nothing says anything.
    init?(_ body: [UInt8]) {
        var body = body
        guard AnswerForm.strip(&body), let first = body.first else { return nil }
        self.init(first)
    }

    /// Takes byte order marks and white space from the start of a body; `false` where more of it must come first.
    static func strip(_ body: inout [UInt8]) -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var start = 0
        while start < body.count {
            if [0x20, 0x09, 0x0A, 0x0D].contains(body[start]) {
                start += 1
            } else if body[start...].starts(with: mark) {
                start += mark.count
            } else {
                break
            }
        }
        body.removeFirst(start)
        return !mark.starts(with: body)
    }
}
