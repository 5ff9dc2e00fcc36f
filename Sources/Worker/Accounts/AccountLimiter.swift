import Shared
import Synchronization

/// Keeps every account within its limits, all workers together: requests and tokens in any sliding minute, requests at once, quota.
///
/// In: bids, one per route that could serve a request. Out: the one that was taken, in one round trip, or when to ask again.
/// Each reservation must be settled once; those of a dead worker end with its lease. Throws where Redis is away.
struct AccountLimiter: Sendable {
    struct Configuration: Sendable {
        /// How long a slot of a dead worker is held.
        var lease = Duration.seconds(15)
        /// Added to the minute: what may lie between two requests' ways from here to the platform.
        ///
        /// Chosen: connection set-up and a busy machine; costs 1 % of the allowance.
        var margin = Duration.milliseconds(500)
        var affinity = Duration.seconds(300)
        /// A trial that nobody settles is over after this.
        var trial = Duration.seconds(30)

        init() {}
    }

    let redis: RedisClient
    let keys: PoolKeys
    private let configuration: Configuration
    private let worker: String
    let loads: AccountLoads
    private let held: HeldReservations

    init(
        redis: RedisClient, keys: PoolKeys, worker: String, configuration: Configuration = Configuration(),
        loads: AccountLoads = AccountLoads()
    ) {
        self.redis = redis
        self.keys = keys
        self.worker = worker
        self.configuration = configuration
        self.loads = loads
        held = HeldReservations()
    }

    private var span: Int64 { 60_000 + configuration.margin.milliseconds }

    /// Takes capacity for `attempt` (request and number: unlike any other attempt's) on one of the bids.
    func reserve(_ auction: Auction, for attempt: String, now: Int64) async throws(RedisError) -> Reserving {
        let id = "\(worker) \(attempt)"
        // Before the script runs: what is late is rather counted twice than not at all.
        let began = ContinuousClock.now
        let reply = try await redis.evaluate(
            LimiterScripts.reserve, keys: [keys.base], args: arguments(id, auction, now: now))
        let numbers = (reply.array ?? []).map { $0.int ?? 0 }
        guard let first = numbers.first, numbers.count >= 2 else {
            throw RedisError(.protocolViolation, "the reservation script answered in an unknown shape")
        }
        let report = numbers.dropFirst(first == 1 ? 3 : 2)
        loads.note(Array(report), auction.bids)
        guard first == 1 else {
            if numbers[1] == -2 { return .exhausted }
            return .busy(numbers[1] < 0 ? nil : .milliseconds(numbers[1]))
        }
        let index = Int(numbers[1]) - 1
        guard auction.bids.indices.contains(index), numbers.count >= 3 else {
            throw RedisError(.protocolViolation, "the reservation script took a bid that was not made")
        }
        let bid = auction.bids[index]
        let tokens = bid.account.tokensPerMinute.map { min($0, bid.tokens) } ?? bid.tokens
        let reservation = Reservation(
            id: id, account: bid.account.id, bucket: numbers[2], tokens: tokens,
            hasQuota: bid.account.quotaLimit != nil,
            trial: bid.trial, madeAt: began)
        held.add(reservation)
        return .taken(index, reservation)
    }

    /// Gives the slot back and counts what was used.
    ///
    /// `calledAt`: when the platform was called; `nil` if it was not, so that the request does not count.
    func settle(
        _ reservation: Reservation, tokens: Int, calledAt: ContinuousClock.Instant?
    ) async throws(RedisError) {
        held.remove(reservation)
        let delay = calledAt.map { max(.zero, $0 - reservation.madeAt) } ?? .zero
        // Within half the margin the reservation's own time is near enough.
        let late = delay > configuration.margin / 2 ? delay.milliseconds : 0
        _ = try await redis.evaluate(
            LimiterScripts.settle, keys: [keys.base],
            args: [
                .string(reservation.id), .string(reservation.account), .int(reservation.bucket),
                .int(reservation.tokens),
                .int(tokens), .int(calledAt == nil ? 0 : 1), .int(late), .int(PoolKeys.bucketMilliseconds), .int(span),
                .int(reservation.hasQuota ? 1 : 0), .string(reservation.trial ?? ""),
            ])
    }

    /// Extends the leases of everything held here; to be called several times a lease, over `connection`.
    func renew(over connection: RedisClient) async throws(RedisError) {
        let all = held.all
        guard !all.isEmpty else { return }
        _ = try await connection.evaluate(
            LimiterScripts.renew, keys: [keys.base],
            args: [.int(configuration.lease.milliseconds)]
                + all.flatMap { [RedisArgument.string($0.account), .string($0.id)] })
    }

    private func arguments(_ id: String, _ auction: Auction, now: Int64) -> [RedisArgument] {
        var arguments: [RedisArgument] = [
            .string(id), .int(configuration.lease.milliseconds), .int(span), .int(PoolKeys.bucketMilliseconds),
            .string(auction.turn ?? ""), .string(auction.affinity ?? ""), .int(configuration.affinity.milliseconds),
            .int(configuration.trial.milliseconds),
        ]
        for bid in auction.bids { arguments.append(.bytes(bid.encoded(at: now))) }
        return arguments
    }
}

/// What this worker holds, for renewal.
private final class HeldReservations: Sendable {
    private let held = Mutex<[String: Reservation]>([:])

    var all: [Reservation] { held.withLock { Array($0.values) } }
    func add(_ reservation: Reservation) { held.withLock { $0[reservation.id] = reservation } }
    func remove(_ reservation: Reservation) { held.withLock { _ = $0.removeValue(forKey: reservation.id) } }
}

extension Account {
    /// Whether anything about it must be counted by all workers together.
    var isLimited: Bool {
        requestsPerMinute != nil || tokensPerMinute != nil || concurrency != nil || quotaLimit != nil
    }
}

extension Bid {
    /// As the reservation script reads it: the fields with tabs between them, the account last, since its id may hold anything.
    fileprivate func encoded(at now: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96)
        func add(_ text: String) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(UInt8(ascii: "\t"))
        }
        func add(_ limit: Int?) { add(limit.map { String($0) } ?? "") }
        let period = account.quotaLimit == nil ? nil : account.period(at: now)
        add(isFallback ? "f\(group)" : String(group))
        add(account.requestsPerMinute)
        add(account.tokensPerMinute)
        add(account.concurrency)
        add(account.quotaLimit.map { Int($0) })
        add(Int(period?.start ?? 0))
        add(Int(period?.end ?? 0))
        add(tokens)
        add(factor == 1 ? "1" : String(factor))
        add(account.weight)
        add(trial ?? "")
        bytes.append(contentsOf: account.id.utf8)
        return bytes
    }
}
