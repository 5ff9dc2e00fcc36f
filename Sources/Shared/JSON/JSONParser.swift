/// Parses bytes strictly by RFC 8259: for the JSON of callers, and our own.
///
/// In: UTF-8 bytes, with or without white space around one value (a byte order mark is refused). Out: the value. May
/// fail with `JSONError`: malformed text, invalid UTF-8, a lone surrogate escape, a duplicate key, more than `maxDepth`
/// nested arrays and objects (which also bounds the recursion here). `\u0000` is legal and kept. `LenientJSON` has the
/// same parser mend the JSON of platforms.
extension JSON {
    /// Chosen: the deepest tool schemas seen are below 20.
    ///
    /// A level costs some 200 bytes of stack.
    package static let defaultMaxDepth = 64

    package init(parsing bytes: [UInt8], maxDepth: Int = defaultMaxDepth) throws(JSONError) {
        self = try JSON.parse(bytes.span, maxDepth)
    }

    package init(parsing bytes: ArraySlice<UInt8>, maxDepth: Int = defaultMaxDepth) throws(JSONError) {
        self = try JSON.parse(bytes.span, maxDepth)
    }

    private static func parse(_ bytes: Span<UInt8>, _ maxDepth: Int) throws(JSONError) -> JSON {
        var parser = JSONParser(.strict, depthLeft: maxDepth)
        let value = try parser.value(bytes)
        guard parser.nextToken(bytes) == nil else { throw parser.expected("the end of the document") }
        return value
    }
}

struct JSONParser {
    enum Mode {
        case strict
        /// Mends what can be mended.
        case lenient
        /// The same, but parts of characters stay in the text as `CharacterPart`s.
        case keepingParts
    }

    let mode: Mode
    let isLenient: Bool
    /// The document is not what a strict reader would have taken.
    var isMended = false
    /// The text holds `CharacterPart`s.
    var hasParts = false
    var position = 0
    /// Bytes of a string with escapes, kept for its capacity.
    var unescaped: [UInt8] = []
    private var depthLeft: Int
    /// Objects that got room for their members ahead.
    private var roomyObjects = 0

    init(_ mode: Mode, depthLeft: Int) {
        self.mode = mode
        isLenient = mode != .strict
        self.depthLeft = depthLeft
    }

    func expected(_ what: String) -> JSONError {
        JSONError(offset: position, expected: what)
    }

    /// The first byte that is not white space, without taking it, or `nil` at the end.
    mutating func nextToken(_ bytes: Span<UInt8>) -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    mutating func value(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        guard let token = nextToken(bytes) else { throw expected("a value") }
        switch token {
        case UInt8(ascii: "\""): return .string(try string(bytes))
        case UInt8(ascii: "{"): return .object(try nested(bytes, JSONParser.object))
        case UInt8(ascii: "["): return .array(try nested(bytes, JSONParser.array))
        case UInt8(ascii: "t"): return try keyword(bytes, "true", .bool(true))
        case UInt8(ascii: "f"): return try keyword(bytes, "false", .bool(false))
        case UInt8(ascii: "n"): return try keyword(bytes, "null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return isLenient ? try lenientNumber(bytes) : .number(try number(bytes))
        default: return try mendedScalar(bytes)
        }
    }

    private mutating func nested<Value>(
        _ bytes: Span<UInt8>, _ parse: (inout JSONParser, Span<UInt8>) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard depthLeft > 0 else { throw expected("no deeper nesting") }
        depthLeft -= 1
        position += 1
        let value = try parse(&self, bytes)
        depthLeft += 1
        return value
    }

    private static func array(_ parser: inout JSONParser, _ bytes: Span<UInt8>) throws(JSONError) -> [JSON] {
        var elements: [JSON] = []
        if parser.take(UInt8(ascii: "]"), bytes) { return elements }
        while true {
            do {
                elements.append(try parser.value(bytes))
            } catch {
                throw error.inside(index: elements.count)
            }
            if parser.take(UInt8(ascii: "]"), bytes) { return elements }
            guard parser.take(UInt8(ascii: ","), bytes) else { throw parser.expected("',' or ']'") }
            if parser.isLenient, parser.take(UInt8(ascii: "]"), bytes) { return parser.mended(elements) }
        }
    }

    private static func object(_ parser: inout JSONParser, _ bytes: Span<UInt8>) throws(JSONError) -> JSONObject {
        var members: [JSONObject.Member] = []
        var keys = JSONKeys()
        if parser.take(UInt8(ascii: "}"), bytes) { return JSONObject() }
        parser.makeRoom(for: &members, in: bytes)
        while true {
            let key = try parser.key(bytes)
            let place = keys.place(of: key, after: members)
            guard place == members.count || parser.isLenient else {
                throw parser.expected("each member once").inside(key: key)
            }
            do {
                let value = try parser.value(bytes)
                if place == members.count {
                    members.append(JSONObject.Member(key: key, value: value))
                } else {
                    members[place].value = parser.mended(value)
                }
            } catch {
                throw error.inside(key: key)
            }
            if parser.take(UInt8(ascii: "}"), bytes) { return JSONObject(unique: members) }
            guard parser.take(UInt8(ascii: ","), bytes) else { throw parser.expected("',' or '}'") }
            if parser.isLenient, parser.take(UInt8(ascii: "}"), bytes) {
                return parser.mended(JSONObject(unique: members))
            }
        }
    }

    /// Saves most objects from growing member by member.
    ///
    /// One object per 64 bytes at most, so that a document of many tiny ones does not take more memory for it.
    private mutating func makeRoom(for members: inout [JSONObject.Member], in bytes: Span<UInt8>) {
        guard roomyObjects <= bytes.count / 64 else { return }
        roomyObjects += 1
        members.reserveCapacity(4)
    }

    private mutating func key(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        guard nextToken(bytes) == UInt8(ascii: "\"") else { throw expected("a member name") }
        let key = try string(bytes)
        guard take(UInt8(ascii: ":"), bytes) else { throw expected("':'") }
        return key
    }

    /// Takes `byte` if it is the next token.
    private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard nextToken(bytes) == byte else { return false }
        position += 1
        return true
    }

    private mutating func keyword(_ bytes: Span<UInt8>, _ word: String, _ value: JSON) throws(JSONError) -> JSON {
        var end = position
        for byte in word.utf8 {
            guard end < bytes.count, bytes[end] == byte else { return try mendedScalar(bytes) }
            end += 1
        }
        position = end
        return value
    }
}

/// Finds the first member of a name, in constant time per member for objects of any size.
private struct JSONKeys {
    /// Up to here a scan is cheaper than hashing.
    ///
    /// Beyond, a scan would make huge objects quadratic. A ledger row of all members has 22.
    private static let scanned = 32
    private var places: [[UInt8]: Int] = [:]

    /// The end of the list for a new key.
    mutating func place(of key: String, after members: [JSONObject.Member]) -> Int {
        if members.count < JSONKeys.scanned {
            return members.firstIndex { $0.key.hasSameBytes(as: key) } ?? members.count
        }
        if places.isEmpty {
            for (place, member) in members.enumerated() { places[Array(member.key.utf8)] = place }
        }
        return places.insertIfNew(Array(key.utf8), members.count)
    }
}

extension [[UInt8]: Int] {
    /// The value that the key has from now on.
    fileprivate mutating func insertIfNew(_ key: [UInt8], _ value: Int) -> Int {
        if let known = self[key] { return known }
        self[key] = value
        return value
    }
}
