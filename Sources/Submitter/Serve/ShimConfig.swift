import Shared

/// The settings of `submitter serve`, beside those every process shares, each part declared by its consumer.
struct ShimConfig: Sendable {
    var listen = ListenSettings()
    var requests = RequestLimits()
    var readiness = Readiness.Needs()
    var submission = SubmissionSettings()
    var callers = CallerTimeouts()
    var drain = DrainSettings()
    var hub = ReplyHub.Configuration()
    var admission = Admission.Limits()
    var batchRuns = BatchRunSettings()
    var batches = BatchSettings()
    var pages = PageFolder(path: nil)
    var dashboard = DashboardFolder(path: nil)
    var monitoring = MonitoringSettings()

    init() {}

    /// Reads in the order in which `submitter config` prints.
    init(_ settings: inout Settings) {
        listen = ListenSettings(&settings)
        requests = RequestLimits(&settings)
        readiness = Readiness.Needs(&settings)
        submission = SubmissionSettings(&settings)
        callers = CallerTimeouts(&settings)
        drain = DrainSettings(&settings)
        hub = ReplyHub.Configuration(&settings)
        admission = Admission.Limits(&settings)
        batchRuns = BatchRunSettings(&settings)
        batches = BatchSettings(&settings)
        pages = PageFolder(&settings)
        dashboard = DashboardFolder(&settings)
        monitoring = MonitoringSettings(&settings)
    }
}
