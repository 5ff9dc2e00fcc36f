import HTTPTypes
import Shared
import Testing

@testable import Submitter

@Suite struct BatchRequestTests {
    private func request(_ more: String = "") throws(APIError) -> BatchRequest {
        let whole =
            #"{"input_file_id":"file-1","endpoint":"/v1/embeddings","completion_window":"24h","extra":{"a":1}\#(more)}"#
        guard let json = try? JSON(parsing: Array(whole.utf8)) else { throw .invalid(nil, "not JSON: \(whole)") }
        return try BatchRequest(json)
    }

    @Test func `OpenAI's own body is enough`() throws {
        let request = try request()
        #expect(request.inputFile == "file-1" && request.operation == .embeddings && request.window.seconds == 86_400)
        #expect(request.metadata == .null && request.resultLife == nil)
        #expect(request.options == BatchOptions(window: "24h"))
    }

    @Test func `all options are read`() throws {
        let request = try request(
            #"""
            ,"concurrency":3,"rpm":4,"tpm":5,"max_cost":0.5,"priority":9,"routing_strategy":"cost_based",
            "provider":"Zhipu","cache_ttl":0,"metadata":{"k":"v"},
            "output_expires_after":{"anchor":"created_at","seconds":3600}
            """#)
        #expect(
            request.options
                == BatchOptions(
                    concurrency: 3, requestsPerMinute: 4, tokensPerMinute: 5, maxCost: 0.5, priority: 9,
                    routingStrategy: "cost_based", provider: .zhipu, cacheTTL: 0, window: "24h"))
        #expect(BatchOptions(request.options.json) == request.options)
        #expect(request.metadata == ["k": "v"] && request.resultLife == 3600)
    }

    @Test func `null counts as absent`() throws {
        #expect(try request(#","metadata":null,"rpm":null,"output_expires_after":null"#) == request())
    }

    @Test(arguments: [
        ("concurrency", "0"), ("concurrency", "100001"), ("rpm", "1.5"), ("tpm", "\"5\""), ("tpm", "1e30"),
        ("max_cost", "0"), ("max_cost", "-1"), ("max_cost", "1e99"), ("max_cost", "1e999"), ("priority", "10"),
        ("routing_strategy", "\"luck\""), ("provider", "\"nobody\""), ("cache_ttl", "-1"), ("metadata", "[]"),
        ("metadata", #"{"k":1}"#), ("metadata", #"{"":"v"}"#), ("metadata", #"{"k":"\u0000"}"#),
        ("output_expires_after", "3600"), ("output_expires_after", #"{"anchor":"created_at","seconds":3599}"#),
        ("output_expires_after", #"{"anchor":"now","seconds":3600}"#),
    ])
    func `a wrong member is named`(name: String, value: String) {
        let refused = #expect(throws: APIError.self) { try request(",\"\(name)\":\(value)") }
        #expect(refused?.param == name && refused?.status == .badRequest)
    }

    @Test(arguments: [
        ("{}", "input_file_id", "missing_required_parameter"),
        (#"{"input_file_id":"a b"}"#, "input_file_id", "invalid_value"),
        (#"{"input_file_id":"f"}"#, "endpoint", "missing_required_parameter"),
        (#"{"input_file_id":"f","endpoint":"/v1/responses"}"#, "endpoint", "invalid_value"),
        (#"{"input_file_id":"f","endpoint":"/v1/embeddings"}"#, "completion_window", "missing_required_parameter"),
        ("[]", nil, "invalid_type"),
    ])
    func `a missing or wrong main member is named`(body: String, param: String?, code: String) throws {
        let json = try JSON(parsing: Array(body.utf8))
        let refused = #expect(throws: APIError.self) { try BatchRequest(json) }
        #expect(refused?.param == param && refused?.code == code)
    }

    @Test(arguments: [(16, 64, 512, true), (17, 64, 512, false), (16, 65, 512, false), (16, 64, 513, false)])
    func `metadata has bounds in pairs and characters`(pairs: Int, key: Int, value: Int, isGood: Bool) {
        let members = (0..<pairs).map { number in
            let name = String(String("\(number)-" + String(repeating: "三", count: 80)).prefix(key))
            return #""\#(name)":"\#(String(repeating: "ü", count: value))""#
        }
        let more = #","metadata":{\#(members.joined(separator: ","))}"#
        #expect(((try? request(more)) != nil) == isGood)
    }

    @Test(
        arguments: [
            ("24h", 86_400), ("1m", 60), ("90m", 5400), ("30d", 2_592_000), ("720h", 2_592_000), ("43200m", 2_592_000),
            ("31d", nil), ("43201m", nil), ("0h", nil), ("h", nil), ("24", nil), ("", nil), ("-1h", nil), ("1.5h", nil),
            ("24H", nil), ("1w", nil), ("99999999999999999999d", nil), ("٣h", nil), ("24h ", nil),
        ] as [(String, Int?)])
    func `a window is a number of minutes, hours or days`(text: String, seconds: Int?) {
        #expect(BatchWindow(text)?.seconds == seconds)
    }

    @Test(
        arguments: [
            (0, 86_400_000, "24h"), (1_000, 91_003, "2m"), (0, 30, "1m"), (5, 5, "0m"), (9, 1, "0m"),
            (.min, .max, "0m"), (0, 2_592_000_000, "720h"),
        ] as [(Int64, Int64, String)])
    func `a window that nobody named is told by its ends`(start: Int64, end: Int64, text: String) {
        #expect(BatchWindow.text(from: start, to: end) == text)
    }
}
