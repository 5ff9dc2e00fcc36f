package import Logging
package import NIOCore

/// Tracing as a process has it: a tracer for those who begin spans, and the service that sends them.
package struct Tracing: Sendable {
    /// `nil` where tracing is off, which costs its users one look.
    package let tracer: Tracer?
    /// `nil` where no spans are sent.
    package let exporter: SpanExporter?

    /// `service` is its name unless the settings have one, `instance` that of this process.
    package init(
        _ settings: TracingSettings, service: String, instance: String, metrics: MetricsRegistry,
        group: any EventLoopGroup, logger: Logger
    ) {
        guard let endpoint = settings.endpoint else {
            exporter = nil
            tracer = settings.reachesPlatforms ? Tracer(settings.sampler, queue: nil, reachesPlatforms: true) : nil
            return
        }
        let counts = SpanCounts(metrics)
        let queue = SpanQueue(limit: settings.mostWaiting, batch: settings.mostTogether, dropped: counts.dropped)
        tracer = Tracer(settings.sampler, queue: queue, reachesPlatforms: settings.reachesPlatforms)
        exporter = SpanExporter(
            queue, counts, OTLPBody(resource: settings.attributes(service: service, instance: instance)),
            OTLPClient(settings, to: endpoint, group: group, logger: logger), settings, logger: logger)
    }
}

extension TracingSettings {
    /// Attributes of the process, where those that the settings name win.
    func attributes(service: String, instance: String) -> [TraceSpan.Attribute] {
        let own = [
            ("service.name", service), ("service.version", Build.version), ("service.instance.id", instance),
            ("telemetry.sdk.name", "aims"), ("telemetry.sdk.language", "swift"),
            ("telemetry.sdk.version", Build.version),
        ]
        var named: [String: String] = [:]
        for (name, value) in own + resource.map({ ($0.name, $0.value) }) { named[name] = value }
        if let serviceName { named["service.name"] = serviceName }
        return named.sorted { $0.key < $1.key }.map { name, value in
            TraceSpan.Attribute(name, .text(value.clipped(toBytes: TraceSpan.longestText)))
        }
    }
}
