import Testing

@testable import Shared

@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test func `a context is read and written as W3C says`() throws {
        let text = "00-\(Self.trace)-\(Self.span)-01"
        let context = try #require(TraceContext(parent: text, state: "a=1"))

        #expect(context.trace.high == 0x0AF7_6519_16CD_43DD && context.trace.low == 0x8448_EB21_1C80_319C)
        #expect(context.span == 0xB7AD_6B71_6920_3331)
        #expect(context.isSampled && context.state == "a=1")
        #expect(context.parent == text)
        #expect(context.trace.text == Self.trace && context.spanText == Self.span)
    }

    @Test(arguments: [
        ("00", false, "00"), ("01", true, "01"), ("02", false, "02"), ("03", true, "03"), ("ff", true, "03"),
    ])
    func `flags that nobody knows are not passed on`(_ given: String, _ isSampled: Bool, _ passedOn: String) throws {
        let context = try #require(TraceContext(parent: "00-\(Self.trace)-\(Self.span)-\(given)"))

        #expect(context.isSampled == isSampled)
        #expect(context.parent.hasSuffix("-\(passedOn)"))
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
        "00-\(trace)-\(span)-01-more", "00-\(trace)-\(span)-0g", "ff-\(trace)-\(span)-01", "0x-\(trace)-\(span)-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01",
        "00-\(String(repeating: "0", count: 32))-\(span)-01", "00-\(trace)-\(String(repeating: "0", count: 16))-01",
        "00_\(trace)_\(span)_01", " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01, 00-\(trace)-\(span)-01",
        "01-\(trace)-\(span)-01more", "00-\(trace)\u{0}-\(span)-01", "\u{1F600}\(String(repeating: "-", count: 60))",
    ])
    func `anything else is no context`(_ text: String) {
        #expect(TraceContext(parent: text) == nil)
    }

    @Test func `bytes that are no text are no context`() {
        #expect(TraceContext(parent: Array(repeating: 0xFF, count: 55)) == nil)
        #expect(TraceContext(parent: []) == nil)
    }

    @Test(arguments: ["01-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-what comes later"])
    func `of a version that nobody knows the known part is read`(_ text: String) {
        #expect(TraceContext(parent: text)?.parent == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test(arguments: [
        ("a=1", "a=1"), (" a=1 ,\tb=2", "a=1,b=2"), ("a=1,,b=2,", "a=1,b=2"),
        ("tenant@system=x y", "tenant@system=x y"), ("0a=1", "0a=1"), ("", nil), (",", nil), ("a", nil), ("=1", nil),
        ("a=", nil), ("A=1", nil), ("a=1=2", nil), ("a=1,B=2", nil), ("a=ü", nil), ("a=\n", nil), ("-a=1", nil),
        ("\(String(repeating: "k", count: 257))=1", nil), ("k=\(String(repeating: "v", count: 257))", nil),
    ] as [(String, String?)])
    func `members of tracestate are passed on as they are, or none is`(_ given: String, _ passedOn: String?) {
        #expect(TraceContext.state(Array(given.utf8)) == passedOn)
    }

    @Test func `a wrong tracestate leaves the rest of the context`() {
        let text = "00-\(Self.trace)-\(Self.span)-01"

        #expect(TraceContext(parent: text, state: "A=1")?.parent == text)
        #expect(TraceContext(parent: text, state: "A=1")?.state == nil)
    }

    @Test func `of a long tracestate long members go first, then the last ones`() {
        let long = "long=" + String(repeating: "x", count: 200)
        let short = (0..<20).map { "k\($0)=" + String(repeating: "y", count: 20) }

        let whole = ([long] + short[..<10]).joined(separator: ",")
        #expect(TraceContext.state(Array(whole.utf8)) == whole)
        let cut = TraceContext.state(Array((short + [long]).joined(separator: ",").utf8)) ?? ""
        #expect(cut == short.joined(separator: ","))
        let many = (0..<31).map { "m\($0)=" + String(repeating: "z", count: 30) }
        let fit = TraceContext.state(Array(many.joined(separator: ",").utf8)) ?? ""
        #expect(fit.utf8.count <= 512 && fit.utf8.count > 450 && many.joined(separator: ",").hasPrefix(fit + ","))
    }

    @Test func `more members than there may be, and endless ones, are not passed on`() {
        let many = (0..<33).map { "m\($0)=1" }.joined(separator: ",")

        #expect(TraceContext.state(Array(many.utf8)) == nil)
        #expect(TraceContext.state(Array(repeating: UInt8(ascii: ","), count: 1_000_000)) == nil)
    }

    @Test func `ids differ, and none is 0`() {
        let ids = TraceIDs()
        let spans = (0..<10_000).map { _ in ids.span() }
        let traces = (0..<10_000).map { _ in ids.trace() }

        #expect(Set(spans).count == spans.count && Set(traces).count == traces.count)
        #expect(!spans.contains(0) && !traces.contains { $0.high == 0 || $0.low == 0 })
        #expect(TraceIDs().span() != TraceIDs().span())
    }
}
