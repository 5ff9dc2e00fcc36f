import Shared

/// Bounds of what one shim takes from its callers at once.
struct RequestLimits: Sendable {
    var maxBodyBytes = 16 << 20
    var maxOpen = 10_000
    /// Chosen: 64 of the largest bodies, or 10,000 of 100 KB.
    ///
    /// Their parsed and queued forms take about as much again.
    var maxOpenBytes = 1 << 30

    init() {}

    init(_ settings: inout Settings) {
        maxBodyBytes = settings.int(
            "MAX_BODY_BYTES", default: maxBodyBytes, in: 1024...(1 << 30), "Largest request body, in bytes; then 413.")
        maxOpen = settings.int(
            "MAX_OPEN_REQUESTS", default: maxOpen, in: 1...1_000_000,
            "Requests that may wait for an answer in one shim; then 503.")
        maxOpenBytes = settings.int(
            "ADMISSION_BYTES", default: maxOpenBytes, in: 1024...(1 << 50),
            "Bytes of request bodies that one shim holds, from reading them until their answer; then 503.")
    }
}
