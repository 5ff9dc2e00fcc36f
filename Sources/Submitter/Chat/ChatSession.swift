import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// Runs one request of a command line program: its own connections, its own channel, cancelled by Ctrl-C.
///
/// The hub of the shim follows the answer, so lost messages and restarts of Redis are survived here too.
struct ChatSession {
    enum Outcome: Sendable {
        case answered
        case failed(JobFailure)
        case interrupted
    }

    let redis: RedisConfiguration
    let keys: QueueKeys
    let limits: QueueLimits
    let logger: Logger

    func ask(_ body: [UInt8], _ printer: ChatPrinter) async throws -> Outcome {
        let group = MultiThreadedEventLoopGroup.singleton
        let name = ProcessName.make(role: "cli") + ReplyMessage.together
        let commands = RedisClient(redis, name: name, home: keys.shardPrefix, group: group, logger: logger)
        let queue = JobQueue(redis: commands, keys: keys, limits: limits)
        let hub = ReplyHub(shim: name, queues: JobQueues([queue]), logger: logger)
        let subscription = RedisSubscription(
            redis, channels: [hub.channel], name: name, group: group, logger: logger,
            onMessage: { _, payload in hub.received(ByteBuffer(bytes: payload)) },
            onSubscribed: { hub.subscribed() })
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            for service in [commands, subscription, hub] as [any Service] {
                tasks.addTask { try await service.run() }
            }
            defer { tasks.cancelAll() }
            let job = job(body, shim: name)
            let outcome = await interruptible { await answer(job, body, hub, queue, printer) }
            // Outside of the interrupted task, since the request must not run on without a reader.
            if case .interrupted = outcome { _ = try await queue.cancel(job.id, deadline: job.deadline) }
            return outcome
        }
    }

    private func job(_ body: [UInt8], shim: String) -> Job {
        let now = SystemWallClock().now
        var job = Job(
            id: JobID.make(shard: keys.shard, now: now), deadline: now + limits.defaultDeadline.milliseconds,
            body: .inline(body))
        job.shim = shim
        return job
    }

    /// The outcome of `work`, or `interrupted` by a signal.
    private func interruptible(_ work: @escaping @Sendable () async -> Outcome) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { race in
            race.addTask { await work() }
            race.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                return .interrupted
            }
            let first = await race.next() ?? .interrupted
            race.cancelAll()
            return first
        }
    }

    private func answer(
        _ job: Job, _ body: [UInt8], _ hub: ReplyHub, _ queue: JobQueue, _ printer: ChatPrinter
    ) async -> Outcome {
        let expires = ContinuousClock.now + limits.defaultDeadline + limits.lease + .seconds(5)
        let again = Resubmission(job: job, body: body, bodyHash: nil)
        let lease = ReplyLease(
            hub.subscribe(to: job.id, .init(expires: expires, resubmission: again)), in: hub, created: 0,
            leaving: .goOn, connection: nil)
        do throws(RedisError) {
            lease.reply.accepted(entry: try await queue.submit(job, body: body))
        } catch {
            return .failed(JobFailure(.internal, "\(error)"))
        }
        return await follow(lease, printer)
    }

    private func follow(_ lease: ReplyLease, _ printer: ChatPrinter) async -> Outcome {
        while true {
            switch await lease.next() {
            case .events(let events):
                for event in events {
                    guard case .end(let end) = event else {
                        printer.print(event)
                        continue
                    }
                    if let failure = end.failure { return .failed(failure) }
                    printer.end(end)
                    return .answered
                }
            case .waiting(let notice): printer.tell(notice)
            case .silence: continue
            case .expired: return .failed(JobFailure(.deadlineExceeded, "no answer before the deadline"))
            case .gone, .stopped, .forgotten: return .interrupted
            }
        }
    }
}
