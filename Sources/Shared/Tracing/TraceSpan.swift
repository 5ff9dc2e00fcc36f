/// One step of a request, on its way to whoever collects traces: a name, two moments, and what is known of it.
///
/// Prompts, answers and keys never are among its attributes. Names of attributes stand in `SpanKey`.
package struct TraceSpan: Sendable {
    /// Raw values are OTLP's.
    package enum Kind: Int, Sendable {
        case `internal` = 1
        case server, client, producer, consumer
    }

    package enum Value: Sendable, Equatable {
        case text(String), number(Int), decimal(Double), flag(Bool), texts([String])
    }

    package struct Attribute: Sendable, Equatable {
        package let key: String
        package let value: Value

        package init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// Bytes of a name or a text, since what a caller or a platform wrote may be longer.
    static let longestText = 256

    package let context: TraceContext
    let parent: TraceContext?
    /// The parent is a span of another process.
    let isParentRemote: Bool
    package let kind: Kind
    package private(set) var name: String
    /// Nanoseconds since 1970.
    package private(set) var start: Int64
    /// `nil` while it goes on.
    package internal(set) var end: Int64?
    package private(set) var attributes: [Attribute] = []
    package private(set) var hasFailed = false

    /// Begins now.
    package init(
        _ name: String, _ kind: Kind, _ context: TraceContext, under parent: TraceContext?, isRemote: Bool = false
    ) {
        self.name = name.clipped(toBytes: Self.longestText)
        self.kind = kind
        self.context = context
        self.parent = parent
        isParentRemote = isRemote
        start = SystemWallClock.nanoseconds
    }

    /// For a step that is known only when it is over, in nanoseconds since 1970.
    package mutating func lasted(from start: Int64, to end: Int64) {
        self.start = start
        self.end = end
    }

    package mutating func rename(_ name: String) { self.name = name.clipped(toBytes: Self.longestText) }

    // MARK: - Attributes, which are left out where there is no value

    package func has(_ key: String) -> Bool { attributes.contains { $0.key == key } }

    package mutating func set(_ key: String, text: String?) {
        guard let text, !text.isEmpty else { return }
        attributes.append(Attribute(key, .text(text.clipped(toBytes: Self.longestText))))
    }

    package mutating func set(_ key: String, number: Int?) {
        if let number { attributes.append(Attribute(key, .number(number))) }
    }

    package mutating func set(_ key: String, decimal: Double?) {
        guard let decimal, decimal.isFinite else { return }
        attributes.append(Attribute(key, .decimal(decimal)))
    }

    package mutating func set(_ key: String, flag: Bool) { attributes.append(Attribute(key, .flag(flag))) }

    package mutating func set(_ key: String, texts: [String]) {
        guard !texts.isEmpty else { return }
        attributes.append(Attribute(key, .texts(texts.map { $0.clipped(toBytes: Self.longestText) })))
    }

    /// Says that it did not do what it was to do, by one of a small set of words.
    package mutating func fail(_ type: String) {
        hasFailed = true
        set(SpanKey.errorType, text: type)
    }
}
