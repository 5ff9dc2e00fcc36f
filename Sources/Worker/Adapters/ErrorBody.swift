/// Finds the JSON of an error in the body of a refused request, and what OpenAI-shaped ones say.
///
/// Bodies may be JSON, HTML of some proxy, nothing, or an event stream with one event (DashScope).
import Shared

enum ErrorBody {
    static func json(_ body: [UInt8]) -> JSON? {
        if let value = try? JSON(reading: body) { return value }
        var decoder = SSEDecoder(maxEventBytes: 1 << 20)
        var events: [SSEEvent] = []
        do throws(JobFailure) { try decoder.feed(body, into: &events) } catch { return nil }
        if let last = decoder.finish() { events.append(last) }
        for event in events {
            if let value = try? JSON(reading: event.data), value.objectValue != nil { return value }
        }
        return nil
    }
}

extension UpstreamError {
    /// `{"error":{code, type, message, param}}`, `{"error":"…"}` or, from some servers, the error object itself.
    init(openAI body: JSON?) {
        guard let error = UpstreamError.object(body) else { return }
        message = error["message"]?.stringValue ?? ""
        type = error["type"]?.stringValue ?? ""
        code = UpstreamError.code(error["code"])
        param = error["param"]?.stringValue
    }

    /// `nil` where the value is no error.
    static func object(_ body: JSON?) -> JSONObject? {
        switch body?["error"] {
        case .object(let object): object
        case .string(let text): ["message": .string(text)]
        default: body?["object"]?.stringValue == "error" ? body?.objectValue : nil
        }
    }

    /// Codes are strings; numbers are seen too.
    static func code(_ value: JSON?) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.literal
        default: ""
        }
    }
}
