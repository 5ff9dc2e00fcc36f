import HTTPTypes
import Shared

/// The options that a request's headers set.
struct RequestOptions: Sendable, Equatable {
    /// The caller's tenant, which is part of an idempotency key's identity.
    var tenant = "default"
    var idempotencyKey: String?
    var lane: Lane?
    var deadline: Duration?
    var cacheTTL: Int?

    init(_ headers: HTTPFields) throws(APIError) {
        if let tenant = headers[.xTenant] {
            guard Self.isName(tenant, max: 64) else {
                throw .invalid("X-Tenant", "X-Tenant: expected 1 to 64 letters, digits, dots, dashes or underscores.")
            }
            self.tenant = tenant
        }
        if let key = headers[.idempotencyKey] {
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (32...126).contains($0) }) else {
                throw .invalid("Idempotency-Key", "Idempotency-Key: expected 1 to 255 printable ASCII characters.")
            }
            idempotencyKey = key
        }
        if let priority = headers[.xPriority] { lane = try Self.lane(priority, "X-Priority") }
        if let deadline = headers[.xDeadline] {
            self.deadline = try Self.deadline(Int(deadline), "X-Deadline-Ms")
        }
        if let seconds = headers[.xCacheTTL] { cacheTTL = try Self.cacheTTL(Int(seconds), "X-Cache-TTL") }
    }

    static func lane(_ name: String, _ param: String) throws(APIError) -> Lane {
        guard let lane = Lane(rawValue: name) else {
            throw .invalid(param, "\(param): expected high, normal or batch.")
        }
        return lane
    }

    /// Milliseconds from now, a day at most, because the answer is kept no longer.
    static func deadline(_ milliseconds: Int?, _ param: String) throws(APIError) -> Duration {
        guard let milliseconds, (1...86_400_000).contains(milliseconds) else {
            throw .invalid(param, "\(param): expected milliseconds from 1 to 86400000.")
        }
        return .milliseconds(milliseconds)
    }

    /// Seconds, where 0 asks for a fresh answer that is not kept.
    static func cacheTTL(_ seconds: Int?, _ param: String) throws(APIError) -> Int {
        guard let seconds, (0...Job.maxCacheTTL).contains(seconds) else {
            throw .invalid(param, "\(param): expected seconds from 0 to \(Job.maxCacheTTL).")
        }
        return seconds
    }

    static func isName(_ text: String, max: Int) -> Bool {
        (1...max).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                byte.isASCIIAlphanumeric || ".-_".utf8.contains(byte)
            }
    }
}
