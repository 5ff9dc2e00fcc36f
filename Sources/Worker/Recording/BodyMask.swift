import Shared

/// Masks a body of JSON, of server-sent events, or of a proxy's page.
///
/// The masked body has the same length, the same structure byte for byte, and the same faults.
struct BodyMask {
    private let identity: IdentityMask

    init(salt: [UInt8]) { identity = IdentityMask(salt: salt) }

    func masked(_ body: [UInt8]) -> [UInt8] {
        var bytes = body
        let start = body.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var json = JSONMask(identity)
        if Self.opensJSON(bytes[start...]) {
            json.mask(&bytes, start..<bytes.count)
            return bytes
        }
        var line = start
        while line < bytes.count {
            let end = bytes[line...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
            mask(line: line..<end, &bytes, &json)
            line = end + 1
        }
        return bytes
    }

    private static func opensJSON(_ bytes: ArraySlice<UInt8>) -> Bool {
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// Masks one line of an event stream or of any other text.
    ///
    /// `json` stays open from line to line of an event.
    private func mask(line: Range<Int>, _ bytes: inout [UInt8], _ json: inout JSONMask) {
        // An empty line ends the event. The line feed of a CRLF looks like one and does not.
        guard !line.isEmpty else {
            let isInsideCRLF = line.lowerBound > 0 && bytes[line.lowerBound - 1] == 0x0D
            if !isInsideCRLF || line.lowerBound > 2 && bytes[line.lowerBound - 3] == 0x0D { json = JSONMask(identity) }
            return
        }
        guard let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")) else { return TextMask().mask(&bytes, line) }
        let value = colon + 1..<line.upperBound
        let blanks = bytes[value].prefix { $0 == 0x20 || $0 == 0x09 }.count
        let text = value.lowerBound + blanks..<value.upperBound
        switch String(decoding: bytes[line.lowerBound..<colon], as: UTF8.self) {
        case "data": mask(data: text, &bytes, &json)
        case "event" where MaskVocabulary.isName(bytes[text]), "retry" where bytes[text].allSatisfy(\.isASCIIDigit):
            return
        case "id": TextMask(digest: identity.digest(bytes[text])).mask(&bytes, text)
        case "" where Self.isKnown(comment: bytes[text]): return
        default: TextMask().mask(&bytes, line)
        }
    }

    private func mask(data: Range<Int>, _ bytes: inout [UInt8], _ json: inout JSONMask) {
        let isEnd = bytes[data].filter { $0 != 0x20 && $0 != 0x09 } == Array("[DONE]".utf8)
        if isEnd { return }
        guard !json.isIdle || Self.opensJSON(bytes[data]) else { return TextMask().mask(&bytes, data) }
        json.mask(&bytes, data)
    }

    /// True for DashScope's status comment and for the known keep-alive comments.
    private static func isKnown(comment: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: comment.prefix(64), as: UTF8.self).lowercased()
        guard text.hasPrefix("http_status/") else { return MaskVocabulary.comments.contains(text) }
        return text.utf8.dropFirst("http_status/".utf8.count).allSatisfy(\.isASCIIDigit)
    }
}
