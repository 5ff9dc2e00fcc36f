import Shared

/// The body of `POST /v1/batches`, checked (pure): OpenAI's members, and those of `BatchOptions` beside them.
///
/// Null counts as absent. Unknown members are let through, as OpenAI does.
struct BatchRequest: Equatable {
    let inputFile: String
    let operation: Job.Operation
    let window: BatchWindow
    var metadata: JSON = .null
    var options = BatchOptions()
    /// The time that results are kept for, in seconds.
    var resultLife: Int?

    private static let mostPairs = 16
    private static let longestKey = 64
    private static let longestValue = 512

    init(_ body: JSON) throws(APIError) {
        guard let object = body.objectValue?.filter({ !$0.value.isNull }) else {
            throw .invalid(nil, "The request body must be a JSON object.", code: "invalid_type")
        }
        inputFile = try Self.required("input_file_id", object, "the id of a file with the purpose batch") { value in
            value.stringValue.flatMap { RequestOptions.isName($0, max: Bounds.id) ? $0 : nil }
        }
        let endpoints = Job.Operation.allCases.map(\.endpoint).joined(separator: " or ")
        operation = try Self.required("endpoint", object, endpoints) { value in
            value.stringValue.flatMap { Job.Operation(endpoint: $0) }
        }
        window = try Self.required("completion_window", object, BatchWindow.expected) { value in
            value.stringValue.flatMap { BatchWindow($0) }
        }
        metadata = try Self.read("metadata", object, Self.expectedMetadata, Self.metadata) ?? .null
        resultLife = try Self.read("output_expires_after", object, Self.expectedLife, Self.life)
        options = try Self.options(object)
        options.window = window.text
    }

    private static func options(_ object: JSONObject) throws(APIError) -> BatchOptions {
        var options = BatchOptions()
        options.concurrency = try whole("concurrency", object, BatchOptions.concurrencies)
        options.requestsPerMinute = try whole("rpm", object, BatchOptions.rates)
        options.tokensPerMinute = try whole("tpm", object, BatchOptions.rates)
        options.maxCost = try read("max_cost", object, "a number above 0, up to \(Int(Bounds.cost.upperBound))") {
            $0.doubleValue.flatMap { $0 > 0 && Bounds.cost.contains($0) ? $0 : nil }
        }
        options.priority = try whole("priority", object, BatchOptions.priorities) ?? BatchOptions.usualPriority
        let strategies = RoutingStrategyName.allCases.map(\.rawValue)
        options.routingStrategy = try read("routing_strategy", object, "one of " + strategies.joined(separator: ", ")) {
            $0.stringValue.flatMap { strategies.contains($0) ? $0 : nil }
        }
        let providers = Provider.allCases.map(\.rawValue).joined(separator: ", ")
        options.provider = try read("provider", object, "one of " + providers) { value in
            value.stringValue.flatMap { Provider(anyCase: $0) }
        }
        options.cacheTTL = try whole("cache_ttl", object, 0...Job.maxCacheTTL)
        return options
    }

    // MARK: - Members

    private static func whole(
        _ name: String, _ object: JSONObject, _ range: ClosedRange<Int>
    ) throws(APIError) -> Int? {
        try read(name, object, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            $0.intValue.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static func required<Value>(
        _ name: String, _ object: JSONObject, _ expected: String, _ value: (JSON) -> Value?
    ) throws(APIError) -> Value {
        guard let value = try read(name, object, expected, value) else {
            throw .invalid(name, "\(name): expected \(expected).", code: "missing_required_parameter")
        }
        return value
    }

    private static func read<Value>(
        _ name: String, _ object: JSONObject, _ expected: String, _ value: (JSON) -> Value?
    ) throws(APIError) -> Value? {
        guard let member = object[name] else { return nil }
        guard let value = value(member) else { throw .invalid(name, "\(name): expected \(expected).") }
        return value
    }

    private static let expectedMetadata =
        "up to \(mostPairs) pairs of texts, keys of up to \(longestKey) characters, values of up to \(longestValue)"

    private static func metadata(_ value: JSON) -> JSON? {
        guard let members = value.objectValue?.members, members.count <= mostPairs else { return nil }
        let areGood = members.allSatisfy { pair in
            guard let text = pair.value.stringValue else { return false }
            return isText(pair.key, upTo: longestKey) && !pair.key.isEmpty && isText(text, upTo: longestValue)
        }
        return areGood ? value : nil
    }

    /// Characters of Unicode, since what a reader sees as one may have any number of bytes.
    private static func isText(_ text: String, upTo limit: Int) -> Bool {
        text.unicodeScalars.count <= limit && !text.utf8.contains(0)
    }

    private static let expectedLife =
        "{\"anchor\": \"created_at\", \"seconds\": \(UploadForm.lives.lowerBound) to \(UploadForm.lives.upperBound)}"

    private static func life(_ value: JSON) -> Int? {
        guard value["anchor"]?.stringValue == "created_at", let seconds = value["seconds"]?.intValue else { return nil }
        return UploadForm.lives.contains(seconds) ? seconds : nil
    }
}
