import Shared

/// Everything that is needed to submit a request a second time.
struct Resubmission: Sendable {
    let job: Job
    let body: [UInt8]
    /// For tracked requests.
    let bodyHash: String?
    /// Keeps the body's bytes counted for as long as they are held here.
    var hold: (any AnyObject & Sendable)?
}
