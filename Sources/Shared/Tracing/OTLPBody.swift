/// Spans as the body of `POST /v1/traces`, in OTLP's JSON (pure).
///
/// It is JSON of protocol buffers with exceptions: ids are hexadecimal, enums are numbers, and 64-bit integers are
/// texts (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding, 2026-11).
struct OTLPBody: Sendable {
    /// Attributes of this process.
    let resource: [TraceSpan.Attribute]

    /// As it is sent.
    struct Packed: Sendable {
        let bytes: [UInt8]
        let isGzip: Bool
    }

    /// Plain where it cannot be packed.
    func packed(_ spans: [TraceSpan], _ compression: TracingSettings.Compression) -> Packed {
        let bytes = json(spans).encoded
        guard compression == .gzip, let packed = GzipWriter.pack(bytes) else {
            return Packed(bytes: bytes, isGzip: false)
        }
        return Packed(bytes: packed, isGzip: true)
    }

    func json(_ spans: [TraceSpan]) -> JSON {
        let scope: JSON = [
            "scope": ["name": "aims", "version": .string(Build.version)], "schemaUrl": .string(SpanKey.schema),
            "spans": .array(spans.map(Self.json)),
        ]
        let resource: JSON = [
            "resource": ["attributes": .array(resource.map(Self.json))], "scopeSpans": [scope],
        ]
        return ["resourceSpans": [resource]]
    }

    private static func json(_ span: TraceSpan) -> JSON {
        var object = JSONObject()
        object.set("traceId", .string(span.context.trace.text))
        object.set("spanId", .string(span.context.spanText))
        if let parent = span.parent { object.set("parentSpanId", .string(parent.spanText)) }
        if let state = span.context.state { object.set("traceState", .string(state)) }
        object.set("flags", .int(flags(span)))
        object.set("name", .string(span.name))
        object.set("kind", .int(span.kind.rawValue))
        object.set("startTimeUnixNano", .string("\(span.start)"))
        object.set("endTimeUnixNano", .string("\(span.end ?? span.start)"))
        object.set("attributes", .array(span.attributes.map(json)))
        object.set("status", ["code": .int(span.hasFailed ? 2 : 0)])
        return .object(object)
    }

    /// W3C's flags in the lowest 8 bits.
    ///
    /// The 9th says that the 10th is known: the parent is of another process.
    private static func flags(_ span: TraceSpan) -> Int {
        Int(span.context.flags) | 0x100 | (span.parent != nil && span.isParentRemote ? 0x200 : 0)
    }

    private static func json(_ attribute: TraceSpan.Attribute) -> JSON {
        ["key": .string(attribute.key), "value": json(attribute.value)]
    }

    private static func json(_ value: TraceSpan.Value) -> JSON {
        switch value {
        case .text(let text): ["stringValue": .string(text)]
        case .number(let number): ["intValue": .string("\(number)")]
        case .decimal(let decimal): ["doubleValue": JSONNumber(decimal).map(JSON.number) ?? "NaN"]
        case .flag(let flag): ["boolValue": .bool(flag)]
        case .texts(let texts): ["arrayValue": ["values": .array(texts.map { ["stringValue": .string($0)] })]]
        }
    }
}
