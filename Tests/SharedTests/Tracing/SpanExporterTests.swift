import Logging
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing

@testable import Shared

/// Sending spans to receivers that take them, refuse them, hang or are away.
@Suite(.timeLimit(.minutes(1))) struct SpanExporterTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Runs an exporter while `body` makes spans, then ends it as a shutdown does.
    private func run(
        _ endpoint: String, configure: (inout TracingSettings) -> Void = { _ in },
        _ body: (Tracer, MetricsRegistry) async throws -> Void
    ) async throws -> MetricsRegistry {
        var settings = TracingSettings()
        settings.endpoint = endpoint
        settings.interval = .milliseconds(10)
        settings.retryPause = .milliseconds(10)
        configure(&settings)
        let metrics = MetricsRegistry()
        let tracing = Tracing(
            settings, service: "test", instance: "test-1", metrics: metrics,
            group: MultiThreadedEventLoopGroup.singleton, logger: Self.quiet)
        let (tracer, exporter) = (try #require(tracing.tracer), try #require(tracing.exporter))
        let services = ServiceGroup(
            configuration: .init(services: [.init(service: exporter)], logger: Self.quiet))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body(tracer, metrics)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        return metrics
    }

    private static func make(_ names: [String], _ tracer: Tracer) {
        for name in names {
            if let span = tracer.enter(name, .server, from: nil).span { tracer.end(span) }
        }
    }

    private static func names(_ body: [UInt8]) throws -> [String] {
        let spans = try JSON(parsing: body)["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?.arrayValue
        return (spans ?? []).compactMap { $0["name"]?.stringValue }
    }

    private func count(_ metrics: MetricsRegistry, _ result: String) -> Int {
        let start = "aims_trace_spans_total{result=\"\(result)\"} "
        let line = metrics.text.split(separator: "\n").first { $0.hasPrefix(start) }
        return line.flatMap { Int($0.dropFirst(start.count)) } ?? 0
    }

    @Test(arguments: [TracingSettings.Compression.none, .gzip])
    func `spans are posted with the receiver's headers`(_ compression: TracingSettings.Compression) async throws {
        let stub = try ProviderStub.start { _ in .json("{}") }
        let metrics = try await run(
            stub.url + "/v1/traces",
            configure: {
                $0.compression = compression
                $0.headers = [("api-key", Secret("k"))]
            }
        ) { tracer, metrics in
            Self.make(["a", "b"], tracer)
            try await eventually("they are sent") { count(metrics, "sent") == 2 }
        }

        let requests = stub.requests
        #expect(requests.allSatisfy { $0.method == "POST" && $0.path == "/v1/traces" && $0.header("api-key") == "k" })
        #expect(requests.allSatisfy { $0.header("content-type") == "application/json" })
        #expect(requests.allSatisfy { ($0.header("content-encoding") == "gzip") == (compression == .gzip) })
        var names: [String] = []
        for request in requests {
            let inflater: Inflater? = try compression == .gzip ? Inflater(request.body) : nil
            var bytes = inflater == nil ? request.body : []
            while let piece = try inflater?.next() { bytes += piece }
            names += try Self.names(bytes)
        }
        #expect(names == ["a", "b"])
        #expect(count(metrics, "failed") + count(metrics, "dropped") + count(metrics, "rejected") == 0)
    }

    @Test func `a batch that the receiver cannot take now is sent again`() async throws {
        let stub = try ProviderStub.start { request in .json("{}", status: request.index < 3 ? 503 : 200) }
        let metrics = try await run(stub.url) { tracer, metrics in
            Self.make(["a"], tracer)
            try await eventually("it is sent") { count(metrics, "sent") == 1 }
        }

        #expect(try stub.requests.map { try Self.names($0.body) } == Array(repeating: ["a"], count: 4))
        #expect(count(metrics, "failed") == 0)
    }

    @Test func `what the receiver will never take is counted, and not sent again`() async throws {
        let stub = try ProviderStub.start { request in
            request.index == 0
                ? .json("{}", status: 400) : .json(#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"x"}}"#)
        }
        let metrics = try await run(stub.url) { tracer, metrics in
            Self.make(["a"], tracer)
            try await eventually("it is refused") { count(metrics, "rejected") == 1 }
            Self.make(["b"], tracer)
            try await eventually("it is rejected") { count(metrics, "rejected") == 2 }
        }

        #expect(stub.requests.count == 2 && count(metrics, "sent") == 0)
    }

    @Test func `a receiver that is away costs its spans after some tries`() async throws {
        let metrics = try await run("http://127.0.0.1:1", configure: { $0.patience = .milliseconds(30) }) {
            tracer, metrics in
            Self.make(["a", "b"], tracer)
            try await eventually("they are given up") { count(metrics, "failed") == 2 }
        }

        #expect(count(metrics, "sent") == 0)
    }

    @Test func `spans behind a receiver that hangs are dropped, and an end waits no longer than it may`() async throws {
        let stub = try ProviderStub.start { _ in StubReply([.stall]) }
        let began = ContinuousClock.now
        let metrics = try await run(
            stub.url,
            configure: {
                $0.interval = .seconds(3600)
                $0.mostWaiting = 4
                $0.mostTogether = 2
                $0.drainTimeout = .milliseconds(100)
            }
        ) { tracer, metrics in
            Self.make(["a", "b"], tracer)
            _ = try await stub.request(0)
            Self.make((0..<10).map { "s\($0)" }, tracer)
            #expect(count(metrics, "dropped") == 6)
        }

        // The two under way came back to four that wait, and were the oldest.
        #expect(count(metrics, "dropped") == 8 && count(metrics, "failed") == 4 && count(metrics, "sent") == 0)
        #expect(ContinuousClock.now - began < .seconds(8))
    }

    @Test func `the last spans are sent at the end`() async throws {
        let stub = try ProviderStub.start { _ in .json("{}") }
        let metrics = try await run(
            stub.url,
            configure: {
                $0.interval = .seconds(3600)
                $0.mostTogether = 3
            }
        ) { tracer, metrics in
            Self.make(["x", "y", "z"], tracer)
            try await eventually("a full batch is sent") { count(metrics, "sent") == 3 }
            Self.make(["a", "b"], tracer)
        }

        #expect(count(metrics, "sent") == 5)
        #expect(try Self.names(try #require(stub.requests.last?.body)) == ["a", "b"])
    }
}
