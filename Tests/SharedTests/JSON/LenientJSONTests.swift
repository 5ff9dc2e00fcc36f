import Shared
import Testing

@Suite struct LenientJSONTests {
    private func read(_ bytes: [UInt8]) throws -> String {
        String(decoding: try JSON(reading: bytes).encoded, as: UTF8.self)
    }

    @Test(arguments: [
        // Members
        (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#), (#"{"a":{"x":1},"a":{"y":2,"y":3}}"#, #"{"a":{"y":3}}"#),
        (#"{"a":1,}"#, #"{"a":1}"#), (#"[1,[2,],]"#, "[1,[2]]"),
        // Around
        ("\u{FEFF}[1]", "[1]"), ("\u{FEFF} \n{}", "{}"), ("[1]\0\0", "[1]"), ("{} data: [DONE]\n\n", "{}"),
        ("{}\n0\r\n\r\n", "{}"), ("[1]]", "[1]"),
        // Numbers
        ("[01,-007,+5,1.,.5,-.5,1.e3,00.10]", "[1,-7,5,1,0.5,-0.5,1e3,0.10]"), ("[0,00,-00]", "[0,0,-0]"),
        // Words
        ("[NaN,-Infinity,+inf,nan,INF,None,undefined,Null]", "[null,null,null,null,null,null,null,null]"),
        ("[True,FALSE,TRUE,False]", "[true,false,true,false]"),
        // Strings
        ("\"a\nb\tc\u{0}d\"", #""a\nb\tc\u0000d""#), (#""C:\dir\(x\)""#, #""C:\\dir\\(x\\)""#),
        (#""it\'s""#, #""it's""#), (#""\u12g4 \x41 \u12""#, #""\\u12g4 \\x41 \\u12""#),
        // Halves
        (#""A\ud83dB\ude00C""#, "\"A\u{FFFD}B\u{FFFD}C\""), (#""\ud83d\ud83d\ude42""#, "\"\u{FFFD}🙂\""),
        (#""\ud83d\n""#, "\"\u{FFFD}\\n\""),
    ])
    func `what is meant is read`(_ text: String, _ expected: String) throws {
        #expect(try read(Array(text.utf8)) == expected)
        #expect(try LenientJSON(Array(text.utf8)).isMended)
        #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8)) }
    }

    @Test(
        arguments: [
            ([0xFF], "\u{FFFD}"), ([0xE4, 0xBD], "\u{FFFD}"), ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
            ([0x80, 0x80], "\u{FFFD}\u{FFFD}"),
            // A pair of surrogates as six bytes, and one half.
            ([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], "😀"), ([0xED, 0xA0, 0xBD], "\u{FFFD}"),
        ] as [([UInt8], String)])
    func `bytes that are no UTF-8 cost nothing of what is around them`(_ bytes: [UInt8], _ expected: String) throws {
        let quote = [UInt8(ascii: "\"")]
        #expect(try read(quote + Array("你".utf8) + bytes + Array("好".utf8) + quote) == "\"你\(expected)好\"")
        #expect(try read(quote + Array(#"\n"#.utf8) + bytes + quote) == "\"\\n\(expected)\"")
        #expect(try read([UInt8(ascii: "{")] + quote + bytes + quote + Array(":1}".utf8)) == "{\"\(expected)\":1}")
    }

    @Test(arguments: [
        "", " ", "{", "[1", #"{"a""#, #"{"a":"#, #"{"a":1"#, "\"a", "'a'", "{a:1}", "[1 2]", "[,1]", "[1,,2]", "{,}",
        "// x\n1",
        #"{"a":1}{"b":2}"#, "[1]\n[2]", "-", "+", ".", "1e", "--1", "[0x1F]", "nil", "Nanny", "[truely]", "[tru]",
        "\"\\",
    ])
    func `what nobody can read is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(reading: Array(text.utf8)) }
    }

    @Test func `nesting is bounded`() {
        #expect(throws: JSONError.self) { try JSON(reading: [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) }
        #expect(throws: JSONError.self) {
            try JSON(reading: Array(String(repeating: #"{"a":"#, count: 1_000_000).utf8))
        }
    }

    @Test func `a member that comes a hundred thousand times costs no more than as many members`() throws {
        let same = (0..<100_000).map { #""a\#($0 % 30)":\#($0)"# }.joined(separator: ",")
        let object = try JSON(reading: Array("{\(same)}".utf8)).objectValue
        #expect(object?.count == 30)
        #expect(object?["a9"]?.intValue == 99_999)
    }

    @Test func `valid JSON is read as strictly as ever, and is not called mended`() throws {
        var random = JSONDice(seed: 7)
        for _ in 0..<20_000 {
            let bytes = random.value(depth: 4).encoded
            let strict = try JSON(parsing: bytes)
            for lenient in [try LenientJSON(bytes), try LenientJSON(piece: bytes)] {
                #expect(lenient.value == strict)
                #expect(!lenient.isMended && !lenient.hasParts)
            }
        }
    }

    @Test func `what was mended is valid when it goes out again`() throws {
        var random = JSONDice(seed: 8)
        var mended = 0
        for _ in 0..<50_000 {
            var bytes = random.value(depth: 3).encoded
            for _ in 0...random.below(3) { random.damage(&bytes) }
            guard let read = try? LenientJSON(bytes), read.isMended else { continue }
            mended += 1
            #expect(try JSON(parsing: read.value.encoded) == read.value)
        }
        #expect(mended > 1000)
    }

    // MARK: - Parts of characters

    /// A text that ends within a character is joined with the next one.
    private func joined(_ pieces: [[UInt8]]) throws -> String {
        try pieces.reduce("") { text, piece in
            let quoted = [UInt8(ascii: "\"")] + piece + [UInt8(ascii: "\"")]
            return text + (try LenientJSON(piece: quoted).value.stringValue ?? "")
        }.joiningParts
    }

    @Test(arguments: ["é", "你", "🙂", "a🙂b你c"])
    func `a character that is cut anywhere is whole again`(_ text: String) throws {
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                #expect(try joined(pieces) == text)
            }
        }
    }

    @Test func `parts that do not belong together stay apart`() throws {
        #expect(try joined([Array(#"\ud83d"#.utf8), Array(#"\ude00"#.utf8)]) == "😀")
        #expect(try joined([Array(#"\ud83d"#.utf8), Array(#"x\ude00"#.utf8)]) == "\u{FFFD}x\u{FFFD}")
        #expect(try joined([Array(#"\ude00"#.utf8), Array(#"\ud83d"#.utf8)]) == "\u{FFFD}\u{FFFD}")
        #expect(try joined([[0xF0, 0x9F], Array(#"\ude00"#.utf8)]) == "\u{FFFD}\u{FFFD}")
        #expect(try joined([[0xE4], [0xE4, 0xBD, 0xA0]]) == "\u{FFFD}你")
    }

    @Test func `characters for private use are nobody's parts`() throws {
        let own = "\u{10F7FF}\u{10F83D}\u{10FFFF}"
        for text in [own, #"\udbfd\udfff\udbfe\udc3d\udbff\udfff"#] {
            let piece = try LenientJSON(piece: Array(#""\#(text)\ud83d""#.utf8))
            #expect(!piece.hasParts)
            #expect(piece.value == .string(own + "\u{FFFD}"))
            #expect(try LenientJSON(piece: Array("\"\(text)\"".utf8)).value == .string(own))
        }
    }
}

/// Values and damage, the same in every run (SplitMix64).
private struct JSONDice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func value(depth: Int) -> JSON {
        switch below(depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(below(2) == 0)
        case 2: return .int(below(2000) - 1000)
        case 3: return JSONNumber(Double(below(100_000)) / 64 * (below(2) == 0 ? 1 : 1e20)).map(JSON.number) ?? .null
        case 4: return .string(text())
        case 5: return .array((0..<below(5)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<below(20) { object.set(text(), value(depth: depth - 1)) }
            return .object(object)
        }
    }

    private mutating func text() -> String {
        let alphabet = Array("ab\"\\/\n\t\u{0}\u{7F}é你🙂\u{2028}\u{FFFD}\u{10FFFF}e\u{301}".unicodeScalars)
        var text = ""
        for _ in 0..<below(6) { text.unicodeScalars.append(alphabet[below(alphabet.count)]) }
        return text
    }

    mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let at = below(bytes.count)
        let marks = [
            "\\ud83d", "\\ude00", "\n", ",", "+", "0", ".", "NaN", "True", "\\q", "\u{FEFF}", "\"a\":1,", "]", "}",
        ]
        switch below(4) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: next())
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(UInt8(truncatingIfNeeded: next()), at: at)
        default: bytes.insert(contentsOf: Array(marks[below(marks.count)].utf8), at: at)
        }
    }
}
