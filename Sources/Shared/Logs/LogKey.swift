/// The metadata keys of this service.
///
/// Logs use no others, so that a query works over all processes.
package enum LogKey {
    package static let job = "job"
    package static let batch = "batch"
    package static let attempt = "attempt"
    package static let provider = "provider"
    package static let model = "model"
    package static let account = "account"
    package static let route = "route"
    package static let lane = "lane"
    package static let worker = "worker"
    package static let shim = "shim"
    package static let tenant = "tenant"
    package static let request = "request_id"
    package static let method = "method"
    package static let path = "path"
    package static let status = "status"
    package static let reason = "reason"
    package static let error = "error"
    package static let address = "address"
    package static let count = "count"
    package static let milliseconds = "ms"
    package static let kind = "kind"
    package static let code = "code"
    package static let next = "next"
    package static let outcome = "outcome"
    package static let verdict = "verdict"
    package static let entry = "entry"
    package static let upstreamStatus = "upstream_status"
    package static let accounts = "accounts"
    package static let jobs = "jobs"
    package static let rows = "rows"
    package static let slots = "slots"
    package static let steps = "steps"
    package static let percent = "percent"
    package static let models = "models"
    package static let dropped = "dropped"
    package static let object = "object"
    package static let stack = "stack"

    /// Keys whose values are numbers, and so numbers in JSON, too.
    static let numbers: Set<String> = [
        attempt, status, count, milliseconds, upstreamStatus, jobs, rows, slots, percent, models, dropped,
    ]
}
