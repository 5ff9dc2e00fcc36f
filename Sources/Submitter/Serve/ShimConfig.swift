import Shared

/// The settings of `submitter serve`, beside those every process shares.
struct ShimConfig: Sendable {
    var host = "127.0.0.1"
    var port = 8007
    var threads = 0
    var maxBodyBytes = 16 << 20
    var maxOpenRequests = 10_000
    /// Chosen: 64 of the largest bodies, or 10,000 of 100 KB; what is parsed and queued of them takes about as much again.
    var maxOpenBytes = 1 << 30
    var isReadyWithoutWorkers = false
    var submitTimeout = Duration.seconds(5)
    var waitReplicas = 0
    var waitTimeout = Duration.seconds(1)
    var writeTimeout = Duration.seconds(60)
    var idleTimeout = Duration.seconds(75)
    /// Chosen: the largest body at half a megabit a second, and what Node.js gives a request.
    var bodyTimeout = Duration.seconds(300)
    /// Chosen: load balancers and Kubernetes' endpoints take one to two seconds to look elsewhere.
    var drainDelay = Duration.seconds(2)
    var drainTimeout = Duration.seconds(120)
    var admission = Admission.Limits()
    var hub = ReplyHub.Configuration()

    init() {}

    init(_ settings: inout Settings) {
        host = settings.text(
            "SERVICE_HOST", default: host, "Address to listen on; without authentication keep it a loopback address.")
        port = settings.int("SERVICE_PORT", default: port, in: 0...65_535, "Port to listen on; 0 takes any free one.")
        threads = settings.int("HTTP_THREADS", default: threads, in: 0...256, "Event loops; 0 is one per core.")
        maxBodyBytes = settings.int(
            "MAX_BODY_BYTES", default: maxBodyBytes, in: 1024...(1 << 30), "Largest request body, in bytes; then 413.")
        maxOpenRequests = settings.int(
            "MAX_OPEN_REQUESTS", default: maxOpenRequests, in: 1...1_000_000,
            "Requests that may wait for an answer in one shim; then 503.")
        maxOpenBytes = settings.int(
            "ADMISSION_BYTES", default: maxOpenBytes, in: 1024...(1 << 50),
            "Bytes of request bodies that one shim holds, from reading them until their answer; then 503.")
        isReadyWithoutWorkers = settings.bool(
            "READY_WITHOUT_WORKERS", default: isReadyWithoutWorkers,
            "`/ready` stays 200 while no worker is alive: requests are taken and wait.")
        submitTimeout = settings.seconds(
            "SUBMIT_TIMEOUT", default: 5, in: 0.1...60, "How long a request may wait for Redis to take it; then 503.")
        waitReplicas = settings.int(
            "SUBMIT_WAIT_REPLICAS", default: 0, in: 0...10,
            "Replicas of Redis that must have a job, or a request with an `Idempotency-Key`, before it counts as accepted; else 503 `not_replicated`, with its id."
        )
        waitTimeout = settings.seconds(
            "SUBMIT_WAIT_TIMEOUT", default: 1, in: 0.01...60, "How long they may take for that.")
        writeTimeout = settings.seconds(
            "WRITE_TIMEOUT", default: 60, in: 1...3600, "A caller that takes no bytes for this long is disconnected.")
        idleTimeout = settings.seconds(
            "IDLE_TIMEOUT", default: 75, in: 1...3600,
            "Idle keep-alive connections are closed after this; longer than the 60 s of common load balancers. So is one on which a body stalls for this long, without an answer."
        )
        bodyTimeout = settings.seconds(
            "BODY_TIMEOUT", default: 300, in: 1...3600,
            "How long the body of a request may take to arrive; then 408.")
        drainDelay = settings.seconds(
            "DRAIN_DELAY", default: 2, in: 0...300,
            "How long connections are still taken after SIGTERM, while `/ready` is 503 already: load balancers look elsewhere meanwhile."
        )
        drainTimeout = settings.seconds(
            "DRAIN_TIMEOUT", default: 120, in: 0...3600, "How long open requests may run on after SIGTERM.")
        hub.ping = settings.seconds(
            "PING_INTERVAL", default: 15, in: 0.05...300,
            "Comment in a stream that is silent for this long; a connection that is has TCP look whether its caller is there."
        )
        hub.cancelGrace = settings.seconds(
            "CANCEL_GRACE", default: 0, in: 0...600,
            "How long the caller of any stream that broke may come back before its request is cancelled: 0, since OpenAI's clients never do, and every second is paid for."
        )
        hub.resumeGrace = settings.seconds(
            "RESUME_GRACE", default: 5, in: 0...600,
            "The same for streams of `/api/v1`, whose callers know the job's id and the last event's: long enough for a new connection. The longer of both holds."
        )
        hub.silence = settings.seconds(
            "SWEEP_INTERVAL", default: 3, in: 0.05...60,
            "A request without a message for this long has its log looked at.")
        hub.tick = min(hub.tick, hub.silence, hub.ping)
        hub.bufferedBytes = settings.int(
            "REPLY_BUFFER_BYTES", default: hub.bufferedBytes, in: 4096...(64 << 20),
            "Bytes that wait for a slow caller; beyond, it is served from the log.")
        hub.largeBytes = settings.int(
            "LARGE_ANSWER_BYTES", default: hub.largeBytes, in: (1 << 20)...(1 << 40),
            "Bytes of answers above 256 KB that one shim holds for its callers at once; the others wait in Redis.")
        admission = Admission.Limits(&settings)
    }
}
