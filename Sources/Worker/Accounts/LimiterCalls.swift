import Shared

/// One thing that is asked of the limiter's script, as it reads it.
enum LimiterAsk: Sendable {
    /// Capacity: the auction's head, and a bid each.
    case reserve(RedisArguments)
    case settle(RedisArguments)
}

/// `LimiterScripts.serve`, for all that is asked at one time.
///
/// In: settlements and auctions. Out: numbers per auction, none per settlement; what the script saw of the accounts goes to `AccountLoads`.
/// Throws where Redis is away; settlements are then lost, and their slots end with the lease.
struct LimiterCalls: Sendable {
    let redis: RedisClient
    let keys: PoolKeys
    let configuration: AccountLimiter.Configuration
    let loads: AccountLoads

    func put(_ asks: [LimiterAsk]) async throws(RedisError) -> [[Int64]] {
        let (arguments, settled) = arguments(asks)
        let reply = try await redis.evaluate(LimiterScripts.serve, keys: [keys.base], arguments: arguments)
        let parts = reply.array ?? []
        guard parts.count == 1 + asks.count - settled else {
            throw RedisError(.protocolViolation, "the limiter's script answered in an unknown shape")
        }
        loads.note(parts[0].array ?? [])
        var next = 1
        return asks.map { ask in
            guard case .reserve = ask else { return [] }
            defer { next += 1 }
            return (parts[next].array ?? []).map { $0.int ?? 0 }
        }
    }

    /// Settlements first: what they give back may be taken by the same call.
    private func arguments(_ asks: [LimiterAsk]) -> (RedisArguments, settled: Int) {
        var settled = 0
        for case .settle in asks { settled += 1 }
        var arguments = RedisArguments(capacity: 128 + asks.count * 384)
        for number in [
            configuration.lease.milliseconds, 60_000 + configuration.margin.milliseconds, PoolKeys.bucketMilliseconds,
            configuration.affinity.milliseconds, configuration.trial.milliseconds, Int64(settled),
        ] {
            arguments.append(.int(number))
        }
        for case .settle(let settlement) in asks { arguments.append(settlement) }
        for case .reserve(let auction) in asks { arguments.append(auction) }
        return (arguments, settled)
    }
}

extension Auction {
    func encoded(as id: String, at now: Int64) -> RedisArguments {
        var arguments = RedisArguments(capacity: 128 + 64 * bids.count)
        var line = TabbedLine()
        line.add(bids.count)
        line.add(id)
        line.add(affinity ?? "")
        line.end(with: turn ?? "", in: &arguments)
        for bid in bids {
            bid.write(to: &line, at: now)
            line.end(with: bid.account.id, in: &arguments)
        }
        return arguments
    }
}

extension Bid {
    /// All but the account.
    fileprivate func write(to line: inout TabbedLine, at now: Int64) {
        let period = account.quotaLimit == nil ? nil : account.period(at: now)
        if isFallback { line.mark("f") }
        line.add(group)
        line.add(account.requestsPerMinute)
        line.add(account.tokensPerMinute)
        line.add(account.concurrency)
        line.add(account.quotaLimit.map { Int($0) })
        line.add(Int(period?.start ?? 0))
        line.add(Int(period?.end ?? 0))
        line.add(tokens)
        line.add(factor == 1 ? "1" : String(factor))
        line.add(account.weight)
        line.add(trial ?? "")
    }
}

extension Reservation {
    func encoded(used: Int, isCounted: Bool, late: Int64) -> RedisArguments {
        var arguments = RedisArguments(capacity: 160)
        var line = TabbedLine()
        line.add(id)
        line.add(Int(bucket))
        line.add(tokens)
        line.add(used)
        line.add(isCounted ? 1 : 0)
        line.add(Int(late))
        line.add(hasQuota ? 1 : 0)
        line.add(trial ?? "")
        line.end(with: account, in: &arguments)
        return arguments
    }
}

/// An argument of fields with tabs between them; the last one may hold anything.
private struct TabbedLine {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(128) }

    /// Stands before the next field's text.
    mutating func mark(_ letter: Unicode.Scalar) { bytes.append(UInt8(ascii: letter)) }

    mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\t"))
    }

    mutating func add(_ number: Int?) {
        if let number { bytes.append(decimal: number) }
        bytes.append(UInt8(ascii: "\t"))
    }

    /// Begins the next line, too.
    mutating func end(with text: String, in arguments: inout RedisArguments) {
        bytes.append(contentsOf: text.utf8)
        arguments.append(.bytes(bytes))
        bytes.removeAll(keepingCapacity: true)
    }
}
