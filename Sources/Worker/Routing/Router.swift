import Shared
import Synchronization

/// Step 2 of a job: the request is read, and the routes that can serve it are put in order.
///
/// In: a job. Out: a plan, which holds a refusal where the request cannot be served. Needs no I/O, except for a body that is
/// too large to travel in its queue entry.
struct Router: Sendable {
    let queue: JobQueue
    let catalog: CatalogCache
    let cooldowns: AccountCooldowns
    let defaultStrategy: RoutingStrategyName
    let rates: CurrencyRates
    private let turns = Turns()

    init(
        queue: JobQueue, catalog: CatalogCache, cooldowns: AccountCooldowns, defaultStrategy: RoutingStrategyName,
        rates: CurrencyRates = CurrencyRates()
    ) {
        self.queue = queue
        self.catalog = catalog
        self.cooldowns = cooldowns
        self.defaultStrategy = defaultStrategy
        self.rates = rates
    }

    func plan(_ job: Job, enqueuedAt: Int64) async throws(RedisError) -> JobPlan {
        guard let body = try await queue.body(of: job) else {
            let gone = JobFailure(.undecodable, "the request body has expired from the queue")
            return JobPlan(job, enqueuedAt: enqueuedAt, request: nil, refusal: gone)
        }
        let request: ModelRequest
        do { request = try ModelRequest(decoding: body, as: job.operation) } catch {
            return JobPlan(job, enqueuedAt: enqueuedAt, request: nil, refusal: error.failure)
        }
        do throws(JobFailure) {
            let candidates = try Candidates(
                for: request, provider: job.provider, strategy: try strategy(of: job),
                dice: RoutingDice(turn: turns.next()), rates: rates, in: catalog.current,
                isResting: { cooldowns.rest(of: $0.id) != nil })
            return JobPlan(
                job, enqueuedAt: enqueuedAt, request: request, candidates: candidates,
                earliestCapacity: cooldowns.earliestCapacity(of: candidates.accounts))
        } catch {
            return JobPlan(job, enqueuedAt: enqueuedAt, request: request, refusal: error)
        }
    }

    private func strategy(of job: Job) throws(JobFailure) -> any RoutingStrategy {
        guard let name = job.routingStrategy else { return defaultStrategy.strategy }
        guard let known = RoutingStrategyName(rawValue: name) else {
            let names = RoutingStrategyName.allCases.map(\.rawValue).joined(separator: ", ")
            throw JobFailure(
                .invalidRequest, "unknown routing strategy, expected one of: \(names)", param: "routing_strategy")
        }
        return known.strategy
    }
}

/// Consecutive numbers for the decisions of this process.
private final class Turns: Sendable {
    private let count = Atomic<Int>(0)

    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}
