import Shared

/// One request to the limiter's script.
enum LimiterRequest: Sendable {
    /// Capacity for an attempt of this name, with the time in milliseconds since 1970.
    case reserve(String, ReservationRequest, now: Int64)
    case settle(RedisArguments)
}

/// Calls `LimiterScripts.serve` for a batch of requests.
///
/// In: settlements and reservations. Out: numbers per reservation, none per settlement. The loads of accounts that the
/// script saw go to `AccountLoads`. Throws where Redis is away: settlements are then lost, and their slots end with the
/// lease.
struct LimiterClient: Sendable {
    let redis: RedisClient
    let keys: PoolKeys
    let configuration: AccountLimiter.Configuration
    let loads: AccountLoads

    func send(_ requests: [LimiterRequest]) async throws(RedisError) -> [[Int64]] {
        let (arguments, settled) = arguments(requests)
        let reply = try await redis.evaluate(LimiterScripts.serve, keys: [keys.base], arguments: arguments)
        let parts = reply.array ?? []
        guard parts.count == 1 + requests.count - settled else {
            throw RedisError(.protocolViolation, "the limiter's script answered in an unknown shape")
        }
        loads.note(parts[0].array ?? [])
        var next = 1
        return requests.map { request in
            guard case .reserve = request else { return [] }
            defer { next += 1 }
            return (parts[next].array ?? []).map { $0.int ?? 0 }
        }
    }

    /// Settlements come first: the same call may take what they give back.
    ///
    /// Equal candidates are sent once.
    private func arguments(_ requests: [LimiterRequest]) -> (RedisArguments, settled: Int) {
        var (settled, table) = (0, CandidateTable())
        var settlements = RedisArguments(capacity: requests.count * 128)
        var reservations = RedisArguments(capacity: requests.count * 128)
        for request in requests {
            switch request {
            case .settle(let settlement):
                settlements.append(settlement)
                settled += 1
            case .reserve(let id, let reservation, let now):
                reservations.append(.bytes(reservation.line(id, &table, at: now)))
            }
        }
        var arguments = RedisArguments([
            .int(configuration.lease.milliseconds), .int(60_000 + configuration.margin.milliseconds),
            .int(PoolKeys.bucketMilliseconds), .int(configuration.affinity.milliseconds),
            .int(configuration.trial.milliseconds), .int(settled), .int(table.lines.count),
        ])
        for more in [settlements, table.lines, reservations] { arguments.append(more) }
        return (arguments, settled)
    }
}

/// The different candidates of one call, numbered from 1.
private struct CandidateTable {
    private struct Key: Hashable {
        /// Routes are made once a catalogue, and their candidates hold them for as long as this table lives.
        let route: ObjectIdentifier
        let factor: Double
        let trial: String?
    }

    private var numbers: [Key: Int] = [:]
    private(set) var lines = RedisArguments(capacity: 256)

    mutating func number(of candidate: ReservationCandidate, at now: Int64) -> Int {
        let key = Key(route: ObjectIdentifier(candidate.route), factor: candidate.factor, trial: candidate.trial)
        if let known = numbers[key] { return known }
        lines.append(.bytes(candidate.line(at: now)))
        numbers[key] = lines.count
        return lines.count
    }
}

extension ReservationRequest {
    fileprivate func line(_ id: String, _ table: inout CandidateTable, at now: Int64) -> [UInt8] {
        var line = TabbedLine()
        line.add(id)
        line.add(affinity ?? "")
        line.add(Int((headroom * 1000).rounded()))
        for candidate in candidates {
            if candidate.isFallback { line.part("f") }
            line.part(candidate.group, ":")
            line.part(table.number(of: candidate, at: now), ":")
            line.part(candidate.tokens, ",")
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

/// An argument of fields with tabs between them, of which the last one may hold anything.
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
