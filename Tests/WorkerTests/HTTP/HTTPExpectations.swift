import Testing

@testable import Worker

/// The code of the error that an exchange ends with.
///
/// `nil` when it succeeds.
func failureCode(_ operation: () async throws -> Void) async -> HTTPError.Code? {
    do {
        try await operation()
        return nil
    } catch let error as HTTPError {
        return error.code
    } catch {
        Issue.record(error)
        return nil
    }
}

extension HTTPBodyStream {
    /// Everything that is left.
    func whole() async throws(HTTPError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await next() { bytes += more }
        return bytes
    }
}
