import Shared

/// Everything that is needed to submit a request a second time.
final class Resubmission: Sendable {
    let job: Job
    let body: [UInt8]
    /// For tracked requests.
    let bodyHash: String?
    /// Keeps the body's bytes counted for as long as they are held here.
    private let hold: (any AnyObject & Sendable)?

    init(job: Job, body: [UInt8], bodyHash: String?, hold: (any AnyObject & Sendable)? = nil) {
        self.job = job
        self.body = body
        self.bodyHash = bodyHash
        self.hold = hold
    }
}
