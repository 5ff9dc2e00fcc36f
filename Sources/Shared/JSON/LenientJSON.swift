/// Reads a platform's JSON for its meaning: an answer that was paid for is not lost over a slip of its server.
///
/// Valid JSON gives the same value as `JSON(parsing:)`, as fast. Beyond that, since real servers send it:
/// - of several members of one name the last counts, in the place of the first
/// - a byte order mark in front is skipped, and so is what follows the document, unless it begins another one
/// - control characters in strings are kept as they are, and so is an escape that JSON does not have, but `\'`
/// - bytes that are no UTF-8, and halves of surrogate pairs, become U+FFFD (or parts: see `CharacterPart`), and
///   pairs that were written as two characters of three bytes are joined
/// - `NaN`, `Infinity`, `None`, `undefined` and the like are null, `True` and `False` are booleans, in
///   any case of letters
/// - a plus sign and zeros in front of a number, `1.` and `.5` are mended
/// - a comma may follow the last element or member
///
/// May fail with `JSONError` for anything else: text that breaks off, single quotes, names without quotes, comments, a
/// second document (which of the two would be the answer?), more than `maxDepth` nested arrays and objects.
package struct LenientJSON: Sendable {
    package let value: JSON
    /// The bytes are not what a strict reader would take.
    ///
    /// They must be written anew before they are passed on.
    package let isMended: Bool
    /// The texts hold `CharacterPart`s.
    package let hasParts: Bool

    package init(_ bytes: [UInt8], maxDepth: Int = JSON.defaultMaxDepth) throws(JSONError) {
        self = try LenientJSON(.lenient, bytes, maxDepth)
    }

    /// One of several pieces of an answer, which may cut a character in two: its parts stay in the text, to be joined.
    package init(piece bytes: [UInt8], maxDepth: Int = JSON.defaultMaxDepth) throws(JSONError) {
        let piece = try LenientJSON(.keepingParts, bytes, maxDepth)
        // Characters that the document has of its own are never taken for parts.
        self = piece.hasParts && CharacterPart.mayStand(in: bytes) ? try LenientJSON(bytes, maxDepth: maxDepth) : piece
    }

    private init(_ mode: JSONParser.Mode, _ bytes: [UInt8], _ maxDepth: Int) throws(JSONError) {
        var parser = JSONParser(mode, depthLeft: maxDepth)
        let span = bytes.span
        parser.skipByteOrderMark(span)
        value = try parser.value(span)
        try parser.skipRest(span)
        isMended = parser.isMended
        hasParts = parser.hasParts
    }
}

extension JSON {
    /// Reads a platform's JSON (`LenientJSON`).
    package init(reading bytes: [UInt8], maxDepth: Int = defaultMaxDepth) throws(JSONError) {
        self = try LenientJSON(bytes, maxDepth: maxDepth).value
    }
}
