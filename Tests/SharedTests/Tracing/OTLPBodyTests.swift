import Testing

@testable import Shared

@Suite struct OTLPBodyTests {
    private static let parent = TraceContext(
        parent: "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b173-03", state: "a=1")

    private func span(_ kind: TraceSpan.Kind = .client, isRemote: Bool = false) throws -> TraceSpan {
        let parent = try #require(Self.parent)
        let place = parent.with(span: 0xEEE1_9B7E_C3C1_B174)
        var span = TraceSpan("chat m", kind, place, under: parent, isRemote: isRemote)
        span.lasted(from: 1_764_374_400_000_000_000, to: 1_764_374_401_500_000_001)
        return span
    }

    private func written(_ span: TraceSpan) throws -> JSON {
        let body = OTLPBody(resource: [TraceSpan.Attribute("service.name", .text("worker"))])
        let json = try JSON(parsing: body.packed([span], .none).bytes)
        return try #require(json["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?[0])
    }

    @Test func `a span has ids in hexadecimal, its kind as a number and moments as texts`() throws {
        let json = try written(try span())

        #expect(json["traceId"] == "5b8efff798038103d269b633813fc60c")
        #expect(json["spanId"] == "eee19b7ec3c1b174" && json["parentSpanId"] == "eee19b7ec3c1b173")
        #expect(json["traceState"] == "a=1" && json["kind"] == 3 && json["flags"] == 0x103)
        #expect(json["startTimeUnixNano"] == "1764374400000000000")
        #expect(json["endTimeUnixNano"] == "1764374401500000001")
        #expect(json["status"]?["code"] == 0)
    }

    @Test func `a parent of another process is told, and none is left out`() throws {
        #expect(try written(try span(.server, isRemote: true))["flags"] == 0x303)
        let context = try #require(Self.parent)
        #expect(try written(TraceSpan("x", .server, context, under: nil, isRemote: true))["parentSpanId"] == nil)
        #expect(try written(TraceSpan("x", .server, context, under: nil, isRemote: true))["flags"] == 0x103)
    }

    @Test func `attributes have the form of their type, and those without a value are left out`() throws {
        var span = try span()
        span.set("t", text: "text")
        span.set("n", number: .max)
        span.set("d", decimal: 0.41)
        span.set("f", flag: true)
        span.set("l", texts: ["stop"])
        span.set("none", text: nil)
        span.set("empty", text: "")
        span.set("nan", decimal: .nan)

        let expected: JSON = [
            ["key": "t", "value": ["stringValue": "text"]],
            ["key": "n", "value": ["intValue": "9223372036854775807"]],
            ["key": "d", "value": ["doubleValue": 0.41]],
            ["key": "f", "value": ["boolValue": true]],
            ["key": "l", "value": ["arrayValue": ["values": [["stringValue": "stop"]]]]],
        ]
        #expect(try written(span)["attributes"] == expected)
    }

    @Test func `a span that failed says so, and by which kind`() throws {
        var span = try span()
        span.fail("rate_limited")

        let json = try written(span)
        #expect(json["status"]?["code"] == 2)
        #expect(json["attributes"]?[0]?["key"] == "error.type")
        #expect(json["attributes"]?[0]?["value"]?["stringValue"] == "rate_limited")
    }

    @Test func `texts from outside are cut, and stay text`() throws {
        var span = try span()
        span.rename(String(repeating: "ü", count: 1000))
        span.set("t", text: String(repeating: "x", count: 100_000))

        let json = try written(span)
        #expect(json["name"]?.stringValue == String(repeating: "ü", count: 128))
        #expect(json["attributes"]?[0]?["value"]?["stringValue"]?.stringValue?.utf8.count == 256)
    }

    @Test func `settings name the process, and win over its own name`() {
        var settings = TracingSettings()
        settings.resource = [("deployment.environment.name", "test"), ("service.instance.id", "mine")]
        settings.serviceName = "ours"

        let attributes = settings.attributes(service: "worker", instance: "host-1")

        #expect(attributes.contains(TraceSpan.Attribute("service.name", .text("ours"))))
        #expect(attributes.contains(TraceSpan.Attribute("service.instance.id", .text("mine"))))
        #expect(attributes.contains(TraceSpan.Attribute("deployment.environment.name", .text("test"))))
        #expect(attributes.contains(TraceSpan.Attribute("service.version", .text(Build.version))))
        #expect(Set(attributes.map(\.key)).count == attributes.count)
    }

    @Test(arguments: [0, 1, 1_000_000]) func `what is packed is what was written`(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let packed = try #require(GzipWriter.pack(bytes))

        #expect(GzipReader.isGzip(packed))
        let inflater = try Inflater(packed)
        var unpacked: [UInt8] = []
        while let piece = try inflater.next() { unpacked += piece }
        #expect(unpacked == bytes)
    }
}
