/// Finds the JSON of an error in the body of a refused request.
///
/// The body may be JSON, a proxy's HTML, empty, or an event stream with one event (DashScope).
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
