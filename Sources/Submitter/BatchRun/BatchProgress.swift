import Shared

/// The state of a batch that this process runs: what its row says, what is in the queue, and what is not booked yet.
///
/// Pure. The methods that return a Bool say: the task that sends lines has something to do.
struct BatchProgress {
    private(set) var batch: Batch
    var pace: BatchPace
    /// Request ids by line.
    private(set) var running: [Int: String] = [:]
    private var shares: [Int: BatchPace.Share] = [:]
    private(set) var unbooked: [BatchResult] = []
    private var unbookedBytes = 0
    /// Results that are being written.
    private(set) var underWay = 0
    /// The batch is another's, or this process ends: nothing more is sent.
    private(set) var isStopped = false
    /// Every line was sent, or has its result.
    private(set) var isExpanded = false
    private var looks = 0

    /// From then on another process may run the batch: no line is sent until this one has renewed.
    ///
    /// A line that another process has brought to its end is in the database, and its log is soon gone. So a process
    /// that slept must not send it again.
    var leaseEnds: ContinuousClock.Instant

    init(
        _ batch: Batch, _ settings: BatchRunSettings, now: ContinuousClock.Instant, leaseEnds: ContinuousClock.Instant
    ) {
        self.batch = batch
        self.leaseEnds = leaseEnds
        pace = BatchPace(
            settings, batch.options, spent: batch.counts.cost.values.reduce(0, +), now: now)
    }

    /// Chosen: results that wait for PostgreSQL while it is away, so that memory stays bounded.
    private static let mostUnbooked = 2_000
    private static let mostUnbookedBytes = 64 << 20
    /// Chosen: bodies of one transaction, far below what a message of PostgreSQL's may have.
    private static let mostBookedBytes = 4 << 20

    enum Step: Equatable {
        case send
        /// The line gets this result without being sent.
        case skip(Batch.Halt)
        case wait(Duration?)
        /// The batch would cost more than it may.
        case halt(Batch.Halt)
        case stop
    }

    /// Decides what becomes of the next line.
    mutating func step(_ share: BatchPace.Share, now: ContinuousClock.Instant, wallClock: Int64) -> Step {
        if isStopped { return .stop }
        guard unbooked.count + underWay < Self.mostUnbooked, unbookedBytes < Self.mostUnbookedBytes, now < leaseEnds
        else { return .wait(nil) }
        if let halt = batch.halt { return .skip(halt) }
        if wallClock >= batch.times.deadline { return .halt(.expired) }
        // It ends when nothing is in the queue any more.
        if batch.isPaused { return running.isEmpty && unbooked.isEmpty && underWay == 0 ? .stop : .wait(nil) }
        switch pace.verdict(for: share, now: now) {
        case .go: return .send
        case .wait(let time): return .wait(time)
        case .overBudget: return .halt(.budget)
        }
    }

    mutating func sent(_ line: Int, as request: String, _ share: BatchPace.Share) {
        running[line] = request
        shares[line] = pace.sent(share)
    }

    /// `nil`: the line has no result, since this process ends.
    mutating func ended(_ line: Int, _ result: BatchResult?) -> Bool {
        running[line] = nil
        if let share = shares.removeValue(forKey: line) {
            pace.ended(
                share, tokens: (result?.usage.input ?? 0) + (result?.usage.output ?? 0),
                answer: result?.usage.output ?? 0, cost: result?.cost ?? 0,
                time: result?.serviceTime ?? .zero)
        }
        if let result { skipped(result) }
        return true
    }

    /// The line has its result.
    mutating func skipped(_ result: BatchResult) {
        unbooked.append(result)
        unbookedBytes += result.body.utf8.count
    }

    mutating func expanded() { isExpanded = true }

    /// Counts the lines of a halted batch that are looked for in the queue, after a takeover.
    ///
    /// Chosen: all that a process may have under way and unbooked, several times.
    mutating func mayLook() -> Bool {
        looks += 1
        return looks <= 4 * (pace.settings.mostLines + Self.mostUnbooked)
    }

    mutating func stop() -> Bool {
        isStopped = true
        return true
    }

    // MARK: - Booking

    /// Results to be written now, at least one where there is any.
    mutating func take(_ most: Int) -> [BatchResult] {
        var bytes = 0
        let taken = unbooked.prefix(most).prefix { result in
            let fits = bytes == 0 || bytes + result.body.utf8.count <= Self.mostBookedBytes
            if fits { bytes += result.body.utf8.count }
            return fits
        }
        defer {
            unbooked.removeFirst(taken.count)
            unbookedBytes -= bytes
        }
        underWay = taken.count
        return Array(taken)
    }

    /// The results were written, and `batch` is how it stands since.
    mutating func booked(_ batch: Batch) -> Bool {
        underWay = 0
        return read(batch)
    }

    /// The results could not be written.
    mutating func failed(_ results: [BatchResult]) {
        underWay = 0
        unbooked = results + unbooked
        unbookedBytes += results.reduce(0) { $0 + $1.body.utf8.count }
    }

    /// The row as somebody changed it.
    mutating func read(_ batch: Batch) -> Bool {
        self.batch = batch
        pace.options = batch.options
        return true
    }

    /// Everything has its result in the database.
    ///
    /// Where this process stopped, some lines have ended without one.
    var isDone: Bool { isExpanded && !isStopped && running.isEmpty && unbooked.isEmpty && underWay == 0 }
}
