/// Settings of tracing, by OpenTelemetry's own names where it has one.
///
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables (November 2026): times of those
/// are in milliseconds.
package struct TracingSettings: Sendable {
    package enum Encoding: String, Sendable, CaseIterable {
        case json = "http/json"
        case protobuf = "http/protobuf"
        case grpc
    }

    package enum Compression: String, Sendable, CaseIterable { case none, gzip }

    /// The URL that spans are posted to, or `nil` where none are sent.
    package var endpoint: String?
    package var headers: [(name: String, value: Secret)] = []
    package var compression = Compression.none
    package var timeout = Duration.seconds(10)
    /// A PEM file, `nil` for the system's list.
    package var caFile: String?
    /// `nil` for the name of the process.
    package var serviceName: String?
    package var resource: [(name: String, value: String)] = []
    package var sampler = TraceSampler(.parentElseOn)
    package var interval = Duration.seconds(5)
    package var mostWaiting = 2048
    package var mostTogether = 512
    package var patience = Duration.seconds(30)
    package var retryPause = Duration.seconds(1)
    package var drainTimeout = Duration.seconds(2)
    package var reachesPlatforms = false

    package init() {}

    package init(_ settings: inout Settings) {
        let isDisabled = settings.bool("OTEL_SDK_DISABLED", default: false, "Sends no traces, whatever else is set.")
        let endpoint = Self.endpoint(&settings)
        self.endpoint = isDisabled ? nil : endpoint
        readReceiver(&settings)
        readNames(&settings)
        readSampler(&settings)
        readBatches(&settings)
        reachesPlatforms = settings.bool(
            "TRACE_PLATFORMS", default: false,
            "Sends `traceparent` and `tracestate` to platforms, too; some may refuse headers that they do not know, and they learn ids of your traces."
        )
    }
}

extension TracingSettings {
    private static func endpoint(_ settings: inout Settings) -> String? {
        let base = settings.text(
            "OTEL_EXPORTER_OTLP_ENDPOINT", default: "", expected: "a URL with http or https, without a query",
            "Receiver of traces by OTLP over HTTP, as in `http://127.0.0.1:4318`, to which `/v1/traces` is added; empty: none are recorded.",
            accepts: { isURL($0) && !$0.contains("?") })
        let exact = settings.text(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", default: "", expected: "a URL with http or https",
            "The whole address, in place of that.", accepts: isURL)
        if !exact.isEmpty { return exact }
        return base.isEmpty ? nil : base + (base.hasSuffix("/") ? "v1/traces" : "/v1/traces")
    }

    private mutating func readReceiver(_ settings: inout Settings) {
        let encoding = settings.choice(
            "OTEL_EXPORTER_OTLP_PROTOCOL", default: Encoding.json, "The form of what is sent: only `http/json` can be.")
        if endpoint != nil, encoding != .json {
            settings.mistake("OTEL_EXPORTER_OTLP_PROTOCOL", expected: "http/json, the only one that is spoken here")
        }
        let secret = settings.secret(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Headers for the receiver, as in `api-key=…,x-team=a%20b`, with percent-encoding.")
        if let secret {
            if let pairs = Self.pairs(secret.reveal()), pairs.allSatisfy({ Self.isHeader($0.name, $0.value) }) {
                headers = pairs.map { ($0.name, Secret($0.value)) }
            } else {
                settings.mistake("OTEL_EXPORTER_OTLP_HEADERS", expected: "name=value, separated by commas")
            }
        }
        compression = settings.choice(
            "OTEL_EXPORTER_OTLP_COMPRESSION", default: compression,
            "Packs what is sent; costs processor time, saves traffic.")
        timeout = Self.milliseconds(
            "OTEL_EXPORTER_OTLP_TIMEOUT", timeout, "How long one try of a batch may take.", &settings)
        caFile = settings.path(
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "Authorities that the receiver's certificate must come from, PEM; none: the system's.")
        if let caFile, OTLPClient.authorities(caFile) == nil {
            settings.mistake("OTEL_EXPORTER_OTLP_CERTIFICATE", expected: "the path of a PEM file with certificates")
        }
    }

    private mutating func readNames(_ settings: inout Settings) {
        let name = settings.text(
            "OTEL_SERVICE_NAME", default: "",
            "Name of this process in traces; empty: `ai-model-service-worker` or `ai-model-service-shim`.")
        serviceName = name.isEmpty ? nil : name
        let attributes = settings.text(
            "OTEL_RESOURCE_ATTRIBUTES", default: "", expected: "name=value, separated by commas",
            "More about this process, as in `deployment.environment.name=test,k8s.pod.name=a`, with percent-encoding.",
            accepts: { Self.pairs($0) != nil })
        resource = Self.pairs(attributes) ?? []
    }

    private mutating func readSampler(_ settings: inout Settings) {
        let rule = settings.choice(
            "OTEL_TRACES_SAMPLER", default: TraceSampler.Rule.parentElseOn,
            "Which traces are recorded; `parentbased_…`: as the caller has decided, and that only for requests without a trace."
        )
        let ratio = settings.number(
            "OTEL_TRACES_SAMPLER_ARG", default: 1, in: 0...1, "Share of traces, for the samplers `…traceidratio`.")
        sampler = TraceSampler(rule, ratio: ratio)
    }

    private mutating func readBatches(_ settings: inout Settings) {
        interval = Self.milliseconds(
            "OTEL_BSP_SCHEDULE_DELAY", interval, "How long spans wait for others before they are sent.", &settings)
        mostWaiting = settings.int(
            "OTEL_BSP_MAX_QUEUE_SIZE", default: mostWaiting, in: 1...1_000_000,
            "Spans that wait to be sent, about 1 KB each; then the oldest are dropped, and counted.")
        mostTogether = settings.int(
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", default: mostTogether, in: 1...100_000,
            "Spans that are sent at once, as soon as so many wait.")
        if mostTogether > mostWaiting {
            settings.mistake(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", expected: "OTEL_BSP_MAX_QUEUE_SIZE (\(mostWaiting)) at most")
        }
        patience = Self.milliseconds(
            "OTEL_BSP_EXPORT_TIMEOUT", patience, "How long a batch is tried again before it is dropped, and counted.",
            &settings)
        retryPause = settings.seconds(
            "TRACE_RETRY_PAUSE", default: 1, in: 0.01...60,
            "Pause before a batch is tried again; doubles with each try, unless the receiver says how long.")
        drainTimeout = settings.seconds(
            "TRACE_DRAIN_TIMEOUT", default: 2, in: 0...60,
            "How long a process that ends may take to send its last spans.")
    }

    private static func milliseconds(
        _ name: String, _ standard: Duration, _ effect: String, _ settings: inout Settings
    ) -> Duration {
        let standard = Int(clamping: standard.milliseconds)
        return .milliseconds(
            settings.int(name, default: standard, in: 1...3_600_000, effect + " In milliseconds."))
    }
}

// MARK: - Forms

extension TracingSettings {
    /// An absolute URL of HTTP with a host, and without a user or a fragment.
    private static func isURL(_ text: String) -> Bool {
        guard let colon = text.firstRange(of: "://"), ["http", "https"].contains(text[..<colon.lowerBound]),
            text.utf8.allSatisfy({ (33...126).contains($0) }), !text.contains("#")
        else { return false }
        let authority = text[colon.upperBound...].prefix { !"/?".contains($0) }
        return authority.contains { $0 != ":" } && !authority.hasPrefix(":") && !authority.contains("@")
    }

    /// Chosen: far more than anybody writes.
    private static let mostPairs = 64

    /// `nil` for anything but `name=value`, separated by commas, with percent-encoded values.
    static func pairs(_ text: String) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for entry in text.split(separator: ",") where !entry.trimmingSpaces.isEmpty {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, pairs.count < mostPairs, !parts[0].trimmingSpaces.isEmpty,
                let bytes = PercentEncoding.decode(parts[1].trimmingSpaces),
                let value = String(validating: bytes, as: UTF8.self)
            else { return nil }
            pairs.append((String(parts[0].trimmingSpaces), value))
        }
        return pairs
    }

    private static func isHeader(_ name: String, _ value: String) -> Bool {
        name.utf8.allSatisfy { $0.isASCIIAlphanumeric || "-_.".utf8.contains($0) }
            && value.utf8.allSatisfy { $0 == 9 || $0 >= 32 && $0 != 127 }
    }
}
