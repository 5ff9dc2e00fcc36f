import Logging
import Shared
import Synchronization

/// Keeps every account within its limits, all workers together: requests and tokens in any sliding minute, requests at
/// once, quota.
///
/// In: candidates, one per route that could serve a request. Out: a reservation on one of them, or when to ask again;
/// one round trip serves all requests of the moment. Each reservation must be settled once. Those of a dead worker end
/// with its lease. Throws where Redis is away.
final class AccountLimiter: Sendable {
    struct Configuration: Sendable {
        /// Time after which a slot of a dead worker is free again.
        var lease = Duration.seconds(15)
        /// Added to the minute, since two requests may take different times from here to the platform.
        ///
        /// Chosen for connection set-up and a busy machine. It costs 1 % of the allowance.
        var margin = Duration.milliseconds(500)
        var affinity = Duration.seconds(300)
        /// A trial that nobody settles is over after this.
        var trial = Duration.seconds(30)
        /// Share of the limits that requests of the `batch` lane leave free.
        ///
        /// Chosen: small enough to cost a batch little, and a tenth of most accounts is more than one request.
        var batchHeadroom = 0.1

        init() {}
    }

    let redis: RedisClient
    let keys: PoolKeys
    private let configuration: Configuration
    private let worker: String
    let loads: AccountLoads
    private let held = HeldReservations()
    private let logger: Logger
    private let batcher: RedisBatcher<LimiterRequest, [Int64]>

    init(
        redis: RedisClient, keys: PoolKeys, worker: String, configuration: Configuration = Configuration(),
        loads: AccountLoads = AccountLoads(), logger: Logger
    ) {
        self.redis = redis
        self.keys = keys
        self.worker = worker
        self.configuration = configuration
        self.loads = loads
        self.logger = logger
        let client = LimiterClient(redis: redis, keys: keys, configuration: configuration, loads: loads)
        batcher = RedisBatcher(most: Self.mostTogether) { requests throws(RedisError) in
            try await client.send(requests)
        }
    }

    /// Chosen: about a millisecond in Redis, whose other callers wait meanwhile.
    private static let mostTogether = 128

    /// The share of every limit that requests of this lane leave to the others.
    func headroom(of lane: Lane) -> Double { lane == .batch ? configuration.batchHeadroom : 0 }

    /// Takes capacity for `attempt` (request and number: unlike any other attempt's) on one of the candidates.
    func reserve(_ request: ReservationRequest, for attempt: String, now: Int64) async throws(RedisError)
        -> ReservationResult
    {
        let id = worker + " " + attempt
        // Taken before the script runs, so that a late request is rather counted twice than not at all.
        let began = ContinuousClock.now
        let numbers = try await batcher.answer(to: .reserve(id, request, now: now))
        if numbers.count == 2, numbers[0] == 0 {
            if numbers[1] == -2 { return .exhausted }
            return .busy(numbers[1] < 0 ? nil : .milliseconds(numbers[1]))
        }
        guard numbers.count == 3, numbers[0] == 1, (1...Int64(request.candidates.count)).contains(numbers[1]) else {
            throw RedisError(.protocolViolation, "the limiter's script answered in an unknown shape")
        }
        let index = Int(numbers[1]) - 1
        let candidate = request.candidates[index]
        let tokens = candidate.account.tokensPerMinute.map { min($0, candidate.tokens) } ?? candidate.tokens
        let reservation = Reservation(
            id: id, account: candidate.account.id, bucket: numbers[2], tokens: tokens,
            hasQuota: candidate.account.quotaLimit != nil, trial: candidate.trial, madeAt: began)
        held.add(reservation)
        return .taken(index, reservation)
    }

    /// Sends settlements that found a call in flight and no later one to go with, several times a second.
    func flush() async {
        do throws(RedisError) { try await batcher.flush() } catch {
            logger.debug("slots are left to their lease", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Gives the slot back and counts what was used, before any reservation that this worker makes later.
    ///
    /// `calledAt` is the time at which the platform was called, or `nil` if it was not, so that the request does not
    /// count. Where Redis is away the slot is left to its lease, and the estimate stays counted.
    func settle(_ reservation: Reservation, tokens: Int, calledAt: ContinuousClock.Instant?) async {
        held.remove(reservation)
        let delay = calledAt.map { max(.zero, $0 - reservation.madeAt) } ?? .zero
        // Within half the margin the reservation's own time is near enough.
        let late = delay > configuration.margin / 2 ? delay.milliseconds : 0
        do throws(RedisError) {
            try await batcher.tell(
                .settle(reservation.encoded(used: tokens, isCounted: calledAt != nil, late: late)))
        } catch {
            logger.debug(
                "a slot is left to its lease",
                metadata: [LogKey.account: "\(reservation.account)", LogKey.error: "\(error)"])
        }
    }

    /// Extends the leases of everything held here over `connection`, several times a lease.
    func renew(over connection: RedisClient) async throws(RedisError) {
        let all = Array(held.all)
        for start in stride(from: 0, to: all.count, by: Self.mostTogether) {
            _ = try await connection.evaluate(
                LimiterScripts.renew, keys: [keys.base],
                args: [.int(configuration.lease.milliseconds)]
                    + all[start..<min(start + Self.mostTogether, all.count)].flatMap { id, account in
                        [RedisArgument.string(account), .string(id)]
                    })
        }
    }
}

/// Reservations that this worker holds, for renewal.
private final class HeldReservations: Sendable {
    /// Accounts, by reservation.
    private let held = Mutex<[String: String]>([:])

    var all: [String: String] { held.withLock { $0 } }
    func add(_ reservation: Reservation) { held.withLock { $0[reservation.id] = reservation.account } }
    func remove(_ reservation: Reservation) { held.withLock { _ = $0.removeValue(forKey: reservation.id) } }
}

extension Account {
    /// Something about it must be counted by all workers together.
    var isLimited: Bool {
        requestsPerMinute != nil || tokensPerMinute != nil || concurrency != nil || quotaLimit != nil
    }
}
