import Shared

/// Step 2 of a job: reads the request and ranks the routes that can serve it.
///
/// In: a job. Out: a plan, which holds a refusal where the request cannot be served. Needs no I/O, except for a body
/// that is too large to travel in its queue entry.
final class JobRouter: Sendable {
    let queue: JobQueue
    let catalog: LiveCatalog
    let healthRegistry: HealthRegistry
    let loads: AccountLoads
    let credentials: AccountCredentials
    let forecasts: TokenForecasts
    let defaultStrategy: RoutingStrategyName
    let rates: CurrencyRates
    let affinity: PromptAffinity
    let budgets: LiveBudgets

    init(
        queue: JobQueue, catalog: LiveCatalog, healthRegistry: HealthRegistry, loads: AccountLoads,
        credentials: AccountCredentials, forecasts: TokenForecasts, defaultStrategy: RoutingStrategyName,
        rates: CurrencyRates, affinity: PromptAffinity, budgets: LiveBudgets
    ) {
        self.queue = queue
        self.catalog = catalog
        self.healthRegistry = healthRegistry
        self.loads = loads
        self.credentials = credentials
        self.forecasts = forecasts
        self.defaultStrategy = defaultStrategy
        self.rates = rates
        self.affinity = affinity
        self.budgets = budgets
    }

    func plan(_ job: Job, enqueuedAt: Int64) async throws(RedisError) -> JobPlan {
        guard let body = try await queue.body(of: job) else {
            let gone = JobFailure(.undecodable, "the request body has expired from the queue")
            return JobPlan(job, enqueuedAt: enqueuedAt, request: nil, refusal: gone)
        }
        return await onPool(if: body.count > largestOnLoop) { plan(job, body, enqueuedAt) }
    }

    private func plan(_ job: Job, _ body: [UInt8], _ enqueuedAt: Int64) -> JobPlan {
        let request: ModelRequest
        do { request = try ModelRequest(decoding: body, as: job.operation) } catch {
            return JobPlan(job, enqueuedAt: enqueuedAt, request: nil, refusal: error.failure)
        }
        // Looked at again here, since entries come from anywhere, and requests may have waited for long.
        if let spent = budgets.refusal(tenant: job.tenant, user: job.user) {
            return JobPlan(job, enqueuedAt: enqueuedAt, request: request, refusal: spent.failure)
        }
        do throws(JobFailure) {
            let candidates = try Candidates(for: request, provider: job.provider, in: catalog.current)
            let strategy = try strategy(of: job, candidates)
            if strategy.strategy.looksAtLoads { loads.want() }
            let key = strategy == .roundRobin ? nil : affinity.key(of: request, job, candidates)
            let choice = JobPlan.Choice(candidates: candidates, strategy: strategy, affinity: key)
            return JobPlan(
                job, enqueuedAt: enqueuedAt, request: request, isLong: body.count > largestOnLoop, choice: choice,
                ranked: ranked(request, choice, without: candidates.routes(of: unreadable(job))))
        } catch {
            return JobPlan(job, enqueuedAt: enqueuedAt, request: request, refusal: error)
        }
    }

    /// Ranks the routes once more, by what is known now, without those that failed and all of `accounts`.
    func ranked(_ plan: JobPlan, without tried: [Route], ofOthersThan accounts: [String]) -> RankedRoutes? {
        guard let request = plan.request, let choice = plan.choice else { return nil }
        return ranked(request, choice, without: tried + choice.candidates.routes(of: accounts))
    }

    /// The accounts of earlier claims whose answers nobody could read.
    private func unreadable(_ job: Job) -> [String] {
        job.trail.isEmpty ? [] : AnswerMeta.Attempt.decode(job.trail).unreadable
    }

    private func ranked(
        _ request: ModelRequest, _ choice: JobPlan.Choice, without tried: [Route]
    ) -> RankedRoutes {
        let limit = request.answerLimit
        let (candidates, strategy) = (choice.candidates, choice.strategy.strategy)
        return RankedRoutes(
            candidates, strategy: strategy,
            // Redis counts the turns, and turns the order there.
            dice: RoutingDice(turn: 0),
            cost: ExpectedCost(of: request, promptTokens: candidates.promptTokens, rates: rates), tried: tried,
            tokens: { model in
                forecasts.forecast(of: model.id).tokens(
                    prompt: candidates.promptTokens,
                    answerLimit: request.operation == .embeddings ? 0 : Self.least(limit, model.maxTokens))
            },
            knowledge: { knowledge(of: $0, looksAtLoads: strategy.looksAtLoads) })
    }

    private func knowledge(of route: Route, looksAtLoads: Bool) -> RouteKnowledge {
        RouteKnowledge(
            fitness: healthRegistry.fitness(of: route),
            load: looksAtLoads ? loads.load(of: route.account.id) : AccountLoads.Load(),
            lock: credentials.lock(of: route.account))
    }

    private static func least(_ one: Int?, _ other: Int?) -> Int? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// The one the request names, else the model's, else the default.
    private func strategy(of job: Job, _ candidates: Candidates) throws(JobFailure) -> RoutingStrategyName {
        if let name = job.routingStrategy {
            guard let known = RoutingStrategyName(rawValue: name) else {
                let names = RoutingStrategyName.allCases.map(\.rawValue).joined(separator: ", ")
                throw JobFailure(
                    .invalidRequest, "unknown routing strategy, expected one of: \(names)", param: "routing_strategy")
            }
            return known
        }
        let named = candidates.options.compactMap(\.model.routingStrategy).compactMap(RoutingStrategyName.init)
        return named.first ?? defaultStrategy
    }
}

extension ModelRequest {
    /// Most tokens of all its answers together, where the caller sets a limit.
    var answerLimit: Int? {
        guard case .chat(let chat) = self, let limit = chat.maxTokens else { return nil }
        return max(0, limit) * max(chat.n, 1)
    }
}
