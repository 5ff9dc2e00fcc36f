import Shared
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }
    private func roundTrip(_ text: String) throws -> String {
        String(decoding: try parse(text).encoded, as: UTF8.self)
    }

    @Test(arguments: [
        "1.0", "1e3", "-0", "-0.0", "12345678901234567890", "1E+2", "0.10", "123456789012345678901234567890.5e-7",
    ])
    func `number literals leave as they came`(_ literal: String) throws {
        #expect(try roundTrip(literal) == literal)
    }

    @Test(arguments: [
        #"{"z":1,"a":{"y":[],"b":{}},"m":null}"#, #"[true,false,null,"",0]"#, #""你好 🙂 é""#,
        #"{"":{"\\":"\"","\n":"\u0000\u001f"}}"#,
    ])
    func `compact documents survive byte for byte, in the order of their members`(_ text: String) throws {
        #expect(try roundTrip(text) == text)
    }

    @Test(arguments: [
        (#""\u00e9\/\b\f""#, #""é/\b\f""#), (#""\ud83d\ude42""#, #""🙂""#), (" [ 1 ,\r\n\t2 ] ", "[1,2]"),
        ("\"\u{7F}\u{2028}\"", "\"\u{7F}\u{2028}\""),
    ])
    func `only what must be escaped is escaped`(_ text: String, _ expected: String) throws {
        #expect(try roundTrip(text) == expected)
    }

    @Test(arguments: [
        ("", 0, "a value"), ("[1,]", 3, "a value"), ("[1 2]", 3, "',' or ']'"), ("{\"a\"1}", 4, "':'"),
        ("{a:1}", 1, "a member name"), ("{\"a\":1,}", 7, "a member name"), ("01", 1, "the end of the document"),
        ("1.", 2, "a digit"), ("-", 1, "a digit"), ("1e+", 3, "a digit"), (".5", 0, "a value"), ("+1", 0, "a value"),
        ("tru", 0, "a value"), ("nul1", 0, "a value"), ("NaN", 0, "a value"), ("\"a", 2, "the end of a string"),
        ("\"a\nb\"", 2, "control characters to be escaped"), (#""\x""#, 1, "an escape"),
        (#""\u12g4""#, 1, "four hex digits"), ("[1]]", 3, "the end of the document"), ("\u{FEFF}1", 0, "a value"),
        ("'a'", 0, "a value"), ("[1]//", 3, "the end of the document"),
    ])
    func `malformed text is refused where it goes wrong`(_ text: String, _ offset: Int, _ expected: String) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        #expect(error?.offset == offset)
        #expect(error?.expected == expected)
    }

    @Test(arguments: [#""\ud83d""#, #""\ud83dx""#, #""\ude42""#, #""\ud83d\ud83d""#, #""\ud83d\n""#])
    func `a lone surrogate is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE4, 0xBD], [0xF4, 0x90, 0x80, 0x80],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused, also beside escapes`(_ bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let plain = #expect(throws: JSONError.self) { try JSON(parsing: [quote, 0x61] + bytes + [quote]) }
        #expect(plain?.offset == 2)
        #expect(plain?.expected == "UTF-8")
        #expect(throws: JSONError.self) { try JSON(parsing: [quote] + Array("\\n".utf8) + bytes + [quote]) }
    }

    @Test func `nesting is allowed up to the limit and refused beyond`() throws {
        let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        let mixed = String(repeating: "{\"a\":[", count: 33) + String(repeating: "]}", count: 33)

        #expect(try roundTrip(allowed) == allowed)
        #expect(throws: JSONError.self) { try parse("[" + allowed + "]") }
        #expect(throws: JSONError.self) { try parse(mixed) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSON(parsing: Array("[[]]".utf8), maxDepth: 1) }
    }

    @Test func `a duplicate member is refused with its path`() {
        let error = #expect(throws: JSONError.self) {
            try parse(#"{"messages":[{"role":"user"},{"role":"user","role":"x"}]}"#)
        }
        #expect(error?.path == "messages[1].role")
        #expect(error?.expected == "each member once")
    }

    @Test func `a duplicate among thousands of members is found`() {
        let members = (0..<5000).map { "\"k\($0)\":1" } + ["\"k4711\":2"]
        let error = #expect(throws: JSONError.self) { try parse("{\(members.joined(separator: ","))}") }
        #expect(error?.path == "k4711")
    }

    @Test func `keys are compared by their bytes`() throws {
        let object = try parse("{\"\u{212A}\":1,\"K\":2,\"e\u{301}\":3,\"\u{E9}\":4}")
        #expect(object["K"]?.intValue == 2)
        #expect(object.objectValue?.count == 4)
    }

    @Test func `errors show no content`() {
        let secret = "sk-secret with spaces"
        let error = #expect(throws: JSONError.self) { try parse("{\"\(secret)\":{\"a\":\"\(secret)\" x}}") }
        #expect(error.map { "\($0)".contains("secret") } == false)
        #expect(error?.path == "?")
    }

    @Test func `accessors answer only for their own type`() throws {
        let value = try parse(#"{"s":"1","i":3,"whole":3.0,"d":0.5,"b":true,"n":null,"a":[1],"big":1e400}"#)
        #expect(value["s"]?.intValue == nil)
        #expect(value["i"]?.intValue == 3)
        #expect(value["whole"]?.intValue == 3)
        #expect(value["d"]?.intValue == nil)
        #expect(value["d"]?.doubleValue == 0.5)
        #expect(value["big"]?.doubleValue == nil)
        #expect(value["b"]?.boolValue == true)
        #expect(value["n"] == .null)
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["a"]?[1] == nil)
        #expect(value["missing"] == nil)
        #expect(value["s"]?["x"] == nil)
    }

    /// As strangers write numbers: beyond every range, with fractions, exponents and hundreds of digits.
    @Test(arguments: [
        "9223372036854775807", "9223372036854775808", "1e308", "1e400", "9007199254740993",
        String(repeating: "9", count: 5000),
    ])
    func `a number beyond a range is its upper bound`(_ text: String) throws {
        try checkNumber(text, Bounds.counts.upperBound, Bounds.moments.upperBound)
    }

    @Test(arguments: ["5", "5.9", "-1", "-0.0", "-9223372036854775809", "-1e400", "1e-400", "1073741824"])
    func `a number below a range is its lower bound, and fractions are cut off`(_ text: String) throws {
        let value = max(0, Int(text.prefix { $0 != "." && $0 != "e" }) ?? 0)
        try checkNumber(text, text.hasSuffix("e-400") ? 0 : value, text.hasSuffix("e-400") ? 0 : Int64(value))
    }

    private func checkNumber(_ text: String, _ count: Int, _ moment: Int64) throws {
        let value = try parse(text)
        #expect(value.count == count)
        #expect(value.moment == moment)
        let all = try #require(value.whole(in: Int.min...Int.max))
        #expect(all == Int(text) ?? all)
    }

    @Test func `what is no number has no count`() throws {
        for text in [#""9e99""#, "null", "[]", "true", "{}"] { #expect(try parse(text).count == nil) }
    }

    @Test func `members can be replaced in place, appended and removed`() throws {
        var object: JSONObject = ["a": 1, "b": 2, "c": .null]

        object.set("b", "two")
        object.set("d", [1.5, true])
        object.remove("a")

        #expect(String(decoding: object.encoded, as: UTF8.self) == #"{"b":"two","c":null,"d":[1.5,true]}"#)
    }

    @Test func `mutated documents never crash and what parses survives a round trip`() throws {
        let seed = Array(
            #"{"model":"m","messages":[{"role":"user","content":"你好 \ud83d\ude42 \"q\" \n"}],"n":[1,-2.5e3,0],"t":true}"#
                .utf8)
        var generator = SeededGenerator(seed: 7)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            guard let value = try? JSON(parsing: bytes) else { continue }
            accepted += 1
            #expect(try JSON(parsing: value.encoded) == value)
        }
        #expect(accepted > 500)
    }

    @Test func `members are taken away, renamed and changed in one pass`() {
        var object: JSONObject = ["a": 1, "b": .null, "c": 2, "d": .null]
        let rest: JSONObject = ["a": 1, "c": 2]
        let kept = object.filter { $0.value != .null }
        #expect(kept == rest)
        let isIdle = object.removeAll { $0.key == "x" }
        let isChanged = object.removeAll { $0.value == .null }
        #expect(!isIdle && isChanged && object == rest)

        let renamed = object.mapMembers(name: { $0 + "!" }, value: { _ in true })
        #expect(JSON.object(renamed) == ["a!": true, "c!": true])
        let merged = object.mapMembers(name: { _ in "x" }, value: { $0 })
        #expect(JSON.object(merged) == ["x": 2])
        object.change("a") { $0 = .array([$0]) }
        object.change("e") { $0 = .array([$0]) }
        #expect(JSON.object(object) == ["a": [1], "c": 2, "e": [.null]])
    }
}

/// SplitMix64: the same fuzz input in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
