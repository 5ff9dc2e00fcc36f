import Testing

@testable import Shared

@Suite struct TracingSettingsTests {
    private func read(_ environment: [String: String]) -> (settings: TracingSettings, mistakes: [SettingMistake]) {
        var settings = Settings(environment: environment)
        let tracing = TracingSettings(&settings)
        return (tracing, settings.mistakes)
    }

    @Test(arguments: [
        ([:], nil), (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318"], "http://h:4318/v1/traces"),
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "https://h/otlp/"], "https://h/otlp/v1/traces"),
        (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/in?x=1"], "http://h/in?x=1"),
        (
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/in"],
            "http://t/in"
        ),
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_SDK_DISABLED": "true"], nil),
        (["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"], nil),
    ] as [([String: String], String?)])
    func `traces are sent where a receiver is named`(_ environment: [String: String], _ endpoint: String?) {
        let (settings, mistakes) = read(environment)

        #expect(mistakes == [])
        #expect(settings.endpoint == endpoint)
    }

    @Test func `headers and attributes are pairs with percent-encoding`() {
        let (settings, mistakes) = read([
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s%3De%2Cc, x-team=a%20b,",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test, k8s.pod.name=%C3%BC",
        ])

        #expect(mistakes == [])
        #expect(settings.headers.map { $0.name } == ["api-key", "x-team"])
        #expect(settings.headers.map { $0.value.reveal() } == ["s=e,c", "a b"])
        #expect(settings.resource.map { $0.value } == ["test", "ü"])
    }

    @Test(arguments: [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://secret"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@h"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h/?secret"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://"), ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=secret%0D%0Ab: c"), ("OTEL_EXPORTER_OTLP_HEADERS", "two words=secret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=%GG"), ("OTEL_EXPORTER_OTLP_HEADERS", "=secret"),
        ("OTEL_RESOURCE_ATTRIBUTES", "secret"), ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"), ("OTEL_TRACES_SAMPLER_ARG", "nan"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"), ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/secret.pem"),
    ])
    func `a wrong value is told by its name, without the value`(_ name: String, _ value: String) {
        let mistakes = read([name: value]).mistakes

        #expect(mistakes.map(\.name) == [name])
        #expect(!mistakes.contains { "\($0)".contains("secret") })
    }

    @Test func `another protocol is a mistake where traces are sent`() {
        let mistakes = read([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        ]).mistakes

        #expect(mistakes.map(\.name) == ["OTEL_EXPORTER_OTLP_PROTOCOL"])
    }
}
