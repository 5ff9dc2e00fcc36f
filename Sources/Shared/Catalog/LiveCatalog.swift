package import Logging
import ServiceLifecycle
import Synchronization

/// Holds the catalogue in memory, refreshed from PostgreSQL when it has changed.
///
/// Reading `current` never waits. `run()` looks at PostgreSQL
///
///     1 when a message tells of a change: any number of messages that arrive during a look make one more look
///     2 when the subscription begins (again), since messages may have been lost
///     3 every `interval`, should all that fail, and every second while PostgreSQL is away
///
/// While PostgreSQL is away the last snapshot stays in use, or the copy in Redis where that is newer. The copy is
/// written after each load, and before it expires, also from memory: while one process runs, others can start.
package final class LiveCatalog: Service, Sendable {
    /// The work that PostgreSQL still needs before it can be asked: migrations, the first catalogue.
    package typealias Preparation = @Sendable () async throws -> Void

    private struct State {
        /// `nil` until the first look where the snapshot came without a stamp.
        var stamp: VersionedCatalog.Stamp?
        var preparation: Preparation?
        /// The times of the next look and of the next writing of the copies.
        var nextLook = ContinuousClock.now
        var nextWrite = ContinuousClock.now
        var isComplaining = false
    }

    /// Pause between two attempts while PostgreSQL or Redis is away.
    private static let retry = Duration.seconds(1)

    private let store: CatalogStore
    private let interval: Duration
    private let logger: Logger
    private let links: CatalogRedisLinks?
    private let snapshot: Mutex<CatalogSnapshot>
    private let state: Mutex<State>

    /// Without `links` it knows PostgreSQL alone.
    package init(
        _ first: CatalogSnapshot, stamp: VersionedCatalog.Stamp? = nil, store: CatalogStore, interval: Duration,
        logger: Logger, links: CatalogRedisLinks? = nil, preparation: Preparation? = nil
    ) {
        self.store = store
        self.interval = interval
        self.logger = logger
        self.links = links
        snapshot = Mutex(first)
        state = Mutex(State(stamp: stamp, preparation: preparation))
    }

    package var current: CatalogSnapshot { snapshot.withLock { $0 } }

    package func run() async throws {
        let (looks, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if let links = self.links { self.listen(links, wake, &group) }
                group.addTask { await self.tick(wake) }
                for await _ in looks { await self.look() }
                group.cancelAll()
            }
        }
    }

    // MARK: - When to look

    private func listen(
        _ links: CatalogRedisLinks, _ wake: AsyncStream<Void>.Continuation, _ group: inout TaskGroup<Void>
    ) {
        let subscription = links.subscription(
            onChange: { wake.yield() },
            onSubscribed: {
                // A server that was away may have lost the copies.
                self.state.withLock { $0.nextWrite = .now }
                wake.yield()
            })
        // Both end by cancellation only. `Service` alone lets them throw.
        group.addTask { try? await links.redis.run() }
        group.addTask { try? await subscription.run() }
    }

    private func tick(_ wake: AsyncStream<Void>.Continuation) async {
        for await _ in every(min(interval, Self.retry)) where state.withLock({ $0.nextLook <= .now }) { wake.yield() }
        wake.finish()
    }

    // MARK: - Looking

    private func look() async {
        let isFresh = await refresh()
        let isShared = await share()
        guard !Task.isCancelled else { return }
        state.withLock { state in
            let pause = min(interval, links?.cache.renewal ?? interval)
            state.nextLook = .now + (isFresh && isShared ? pause : Self.retry)
        }
    }

    /// Returns `true` if PostgreSQL has answered.
    private func refresh() async -> Bool {
        do {
            if let preparation = state.withLock({ $0.preparation }) {
                try await preparation()
                state.withLock { $0.preparation = nil }
            }
            let latest = try await store.stamp()
            if latest.version == state.withLock({ $0.stamp?.version }) {
                state.withLock { $0.stamp = latest }
            } else {
                adopt(try await store.copy())
            }
            let wasAway = state.withLock { state in
                defer { state.isComplaining = false }
                return state.isComplaining
            }
            if wasAway { logger.info("the catalogue is fresh again") }
            return true
        } catch {
            await complain(error)
            return false
        }
    }

    private func adopt(_ copy: VersionedCatalog) {
        snapshot.withLock { $0 = copy.snapshot }
        state.withLock { state in
            state.stamp = copy.stamp
            state.nextWrite = .now
        }
    }

    private func complain(_ error: any Error) async {
        guard !Task.isCancelled else { return }
        let isFirst = state.withLock { state in
            defer { state.isComplaining = true }
            return !state.isComplaining
        }
        if isFirst {
            logger.warning(
                "the catalogue cannot be refreshed, keeping the last one", metadata: [LogKey.error: "\(error)"])
        }
    }

    // MARK: - The copies in Redis

    /// Takes the copy in Redis where it is newer, writes it where that is due.
    ///
    /// Returns `true` if nothing is left to do.
    private func share() async -> Bool {
        guard let links else { return true }
        let (stamp, isDue) = state.withLock { ($0.stamp, $0.nextWrite <= .now) }
        do throws(RedisError) {
            if let newer = try await newerCopy(than: stamp, links.cache) {
                adopt(newer)
                logger.info("the catalogue is the newer copy in Redis")
            } else if let stamp, isDue {
                try await links.cache.write(VersionedCatalog(snapshot: current, stamp: stamp))
                state.withLock { $0.nextWrite = .now + links.cache.renewal }
            }
            return true
        } catch {
            logger.debug("the catalogue's copy in Redis is out of reach", metadata: [LogKey.error: "\(error)"])
            return false
        }
    }

    /// `nil` while PostgreSQL answers, since then its catalogue is the newest.
    private func newerCopy(
        than stamp: VersionedCatalog.Stamp?, _ cache: CatalogRedisCache
    ) async throws(RedisError) -> VersionedCatalog? {
        guard state.withLock({ $0.isComplaining }), let stored = try await cache.stamp() else { return nil }
        guard stored.version != stamp?.version, stored.asOf > stamp?.asOf ?? 0 else { return nil }
        return try await cache.read()
    }
}
