import Shared

/// One thing that is asked of the limiter's script, as it reads it.
enum LimiterAsk: Sendable {
    /// Capacity for an attempt of this name; `now` in milliseconds since 1970.
    case reserve(String, Auction, now: Int64)
    case settle(RedisArguments)
}

/// `LimiterScripts.serve`, for all that is asked at one time.
///
/// In: settlements and auctions. Out: numbers per auction, none per settlement; what the script saw of the accounts goes to `AccountLoads`.
/// Throws where Redis is away; settlements are then lost, and their slots end with the lease.
struct LimiterClient: Sendable {
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
    ///
    /// Bids that are alike are sent once.
    private func arguments(_ asks: [LimiterAsk]) -> (RedisArguments, settled: Int) {
        var (settled, table) = (0, BidTable())
        var settlements = RedisArguments(capacity: asks.count * 128)
        var auctions = RedisArguments(capacity: asks.count * 128)
        for ask in asks {
            switch ask {
            case .settle(let settlement):
                settlements.append(settlement)
                settled += 1
            case .reserve(let id, let auction, let now): auctions.append(.bytes(auction.line(id, &table, at: now)))
            }
        }
        var arguments = RedisArguments([
            .int(configuration.lease.milliseconds), .int(60_000 + configuration.margin.milliseconds),
            .int(PoolKeys.bucketMilliseconds), .int(configuration.affinity.milliseconds),
            .int(configuration.trial.milliseconds), .int(settled), .int(table.lines.count),
        ])
        for more in [settlements, table.lines, auctions] { arguments.append(more) }
        return (arguments, settled)
    }
}

/// The different bids of one call, numbered from 1.
private struct BidTable {
    private struct Key: Hashable {
        /// Routes are made once a catalogue, and held by their bids as long as this stands.
        let route: ObjectIdentifier
        let factor: Double
        let trial: String?
    }

    private var numbers: [Key: Int] = [:]
    private(set) var lines = RedisArguments(capacity: 256)

    mutating func number(of bid: ReservationCandidate, at now: Int64) -> Int {
        let key = Key(route: ObjectIdentifier(bid.route), factor: bid.factor, trial: bid.trial)
        if let known = numbers[key] { return known }
        lines.append(.bytes(bid.line(at: now)))
        numbers[key] = lines.count
        return lines.count
    }
}

extension Auction {
    fileprivate func line(_ id: String, _ table: inout BidTable, at now: Int64) -> [UInt8] {
        var line = TabbedLine()
        line.add(id)
        line.add(affinity ?? "")
        for bid in bids {
            if bid.isFallback { line.part("f") }
            line.part(bid.group, ":")
            line.part(table.number(of: bid, at: now), ":")
            line.part(bid.tokens, ",")
        }
        line.add("")
        return line.ended(with: turn ?? "")
    }
}

extension ReservationCandidate {
    fileprivate func line(at now: Int64) -> [UInt8] {
        let period = account.quotaLimit == nil ? nil : account.period(at: now)
        var line = TabbedLine()
        line.add(account.requestsPerMinute)
        line.add(account.tokensPerMinute)
        line.add(account.concurrency)
        line.add(account.quotaLimit.map { Int($0) })
        line.add(Int(period?.start ?? 0))
        line.add(Int(period?.end ?? 0))
        line.add(factor == 1 ? "1" : String(factor))
        line.add(account.weight)
        line.add(trial ?? "")
        return line.ended(with: account.id)
    }
}

extension Reservation {
    func encoded(used: Int, isCounted: Bool, late: Int64) -> RedisArguments {
        var line = TabbedLine()
        line.add(id)
        line.add(Int(bucket))
        line.add(tokens)
        line.add(used)
        line.add(isCounted ? 1 : 0)
        line.add(Int(late))
        line.add(hasQuota ? 1 : 0)
        line.add(trial ?? "")
        return RedisArguments([.bytes(line.ended(with: account))])
    }
}

/// An argument of fields with tabs between them; the last one may hold anything.
private struct TabbedLine {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(128) }

    /// A part of the next field.
    mutating func part(_ letter: Unicode.Scalar) { bytes.append(UInt8(ascii: letter)) }

    mutating func part(_ number: Int, _ end: Unicode.Scalar) {
        bytes.append(decimal: number)
        part(end)
    }

    mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\t"))
    }

    mutating func add(_ number: Int?) {
        if let number { bytes.append(decimal: number) }
        bytes.append(UInt8(ascii: "\t"))
    }

    consuming func ended(with text: String) -> [UInt8] {
        bytes.append(contentsOf: text.utf8)
        return bytes
    }
}
