package import Logging
import Synchronization

/// Tells channels that PostgreSQL is away, past the outbox, which is in PostgreSQL.
///
/// One process of all that see the outage tells it, as far as Redis can say which. Where Redis is away, too, each of
/// them does. Its end goes the usual way, by a row that is made then.
package final class PostgresWatch: Sendable {
    /// The ways in which this process asks PostgreSQL and Redis.
    package struct Sources: Sendable {
        /// The problem with PostgreSQL, or `nil` where it answers.
        let problem: @Sendable () async -> String?
        let redis: RedisWatch
        let mark: OutageMark

        package init(problem: @escaping @Sendable () async -> String?, redis: RedisWatch, mark: OutageMark) {
            (self.problem, self.redis, self.mark) = (problem, redis, mark)
        }
    }

    private let sources: Sources
    private let store: AlertStore
    /// `nil` without channels.
    private let delivery: AlertDelivery?
    private let process: String
    private let clock: any WallClock
    private let logger: Logger
    private let outage: Mutex<PostgresOutage>
    private let calls: Mutex<DirectCalls>

    package init(
        _ sources: Sources, store: AlertStore, delivery: AlertDelivery?, settings: AlertSettings, process: String,
        clock: any WallClock = SystemWallClock(), logger: Logger
    ) {
        (self.sources, self.store, self.delivery, self.process) = (sources, store, delivery, process)
        (self.clock, self.logger) = (clock, logger)
        outage = Mutex(PostgresOutage(holds: settings.unreachableAfter))
        calls = Mutex(DirectCalls())
    }

    /// Ends the alert that `look` has made.
    package static var check: AlertCheck { AlertCheck(.postgresUnreachable, .whileFound()) { _ in [] } }

    private static let subject = "postgres"

    package func look() async {
        let (moment, wall) = (ContinuousClock.now, clock.now)
        let problem = await sources.problem()
        switch outage.withLock({ $0.look(isAway: problem != nil, at: moment, wall: wall) }) {
        case .nothing: break
        case .isAway(let since): await tell(problem ?? "", since: since)
        case .isBack(let since): await writeDown(since: since)
        }
    }

    // MARK: - Away

    private func tell(_ problem: String, since: Int64) async {
        guard let delivery, await isToBeToldHere() else { return }
        let channels = delivery.settings.channels
        let due = calls.withLock { $0.due(channels.map(\.name), at: .now) }
        if !due.isEmpty {
            await send(notice(problem, since: since), to: channels.filter { due.contains($0.name) }, delivery)
        }
        guard !sources.redis.isAway, calls.withLock({ $0.areDone(channels.map(\.name)) }) else { return }
        do throws(RedisError) { try await sources.mark.setTold() } catch {
            logger.debug("others may tell of PostgreSQL, too", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func send(_ notice: AlertNotice, to channels: [WebhookChannel], _ delivery: AlertDelivery) async {
        await delivery.withConnections { send in
            for channel in channels {
                let answer = await send([notice], channel)
                calls.withLock { $0.note(answer, channel.name, delivery.settings, at: .now) }
                guard let reason = answer.reason else { continue }
                logger.warning(
                    "a message about PostgreSQL fails",
                    metadata: [LogKey.object: "\(channel.name)", LogKey.reason: "\(reason)"])
            }
        }
    }

    /// True also where Redis cannot say: better twice than never.
    private func isToBeToldHere() async -> Bool {
        guard !sources.redis.isAway else { return true }
        do throws(RedisError) { return try await sources.mark.claim() == .mine } catch { return true }
    }

    private func notice(_ problem: String, since: Int64) -> AlertNotice {
        let alert = Alert(
            id: Alert.unstored, kind: AlertKind.postgresUnreachable.rawValue, subject: Self.subject,
            severity: AlertKind.postgresUnreachable.severity.rawValue, message: message(problem), details: [:],
            count: 1, raisedAt: since, lastAt: since, clearedAt: nil)
        let id = Array("\(process) \(since)".utf8).sha256Hex.prefix(32)
        return AlertNotice(messageID: "msg_\(id)", state: .firing, alert: alert)
    }

    private func message(_ problem: String) -> String {
        sources.redis.isAway
            ? "PostgreSQL cannot be used (\(problem)), and Redis cannot be reached: requests are refused"
            : "PostgreSQL cannot be used (\(problem)): requests go on, and what they cost is written down later"
    }

    // MARK: - Back

    private func writeDown(since: Int64) async {
        calls.withLock { $0 = DirectCalls() }
        do throws(RedisError) { try await sources.mark.remove() } catch {
            logger.debug("the mark of an outage is left to expire", metadata: [LogKey.error: "\(error)"])
        }
        do throws(PostgresError) {
            try await store.makeUp(
                kind: .postgresUnreachable, subject: Self.subject, message: "PostgreSQL could not be used",
                since: since, isTold: delivery != nil)
        } catch {
            logger.warning("an outage of PostgreSQL is not among the alerts", metadata: [LogKey.error: "\(error)"])
        }
    }
}

/// Deliveries of one message that no outbox keeps (pure).
struct DirectCalls: Sendable {
    private struct State {
        var isDone = false
        var failures = 0
        var nextAt: ContinuousClock.Instant?
    }

    /// By channel.
    private var states: [String: State] = [:]

    func due(_ channels: [String], at now: ContinuousClock.Instant) -> [String] {
        channels.filter { name in
            guard let state = states[name] else { return true }
            return !state.isDone && state.nextAt.map { $0 <= now } ?? true
        }
    }

    func areDone(_ channels: [String]) -> Bool { channels.allSatisfy { states[$0]?.isDone == true } }

    mutating func note(
        _ answer: WebhookAnswer, _ channel: String, _ settings: WebhookSettings, at now: ContinuousClock.Instant
    ) {
        var state = states[channel] ?? State()
        defer { states[channel] = state }
        guard case .failed(_, let retryAfter) = answer else { return state.isDone = true }
        state.nextAt = now + (retryAfter ?? settings.pause(afterFailures: state.failures))
        state.failures += 1
    }
}
