/// The health of a route: score, circuit and cool-down, with the reason.
///
/// Pure: a fold over observations, in any worker. In: evidence of calls, and the rules. Out: whether the route may be
/// used at a given time. Times are milliseconds since 1970.
///
/// The circuit opens after `openAfter` failures in a row, or when more than half of at least `samples` outcomes of the
/// last `window` failed. While it is open nothing is sent. Once its time is over it lets one trial through, which
/// closes it or opens it for twice as long. A cool-down is what a platform asked for, and no failure.
package struct RouteHealth: Sendable, Equatable {
    package enum Circuit: String, Sendable { case closed, open, halfOpen = "half_open" }

    /// Moving average of successes, 0…1, each outcome with a tenth.
    package var success = 1.0
    /// Moving average of seconds to the first token, or `nil` until the first answer.
    package var firstToken: Double?
    /// The latest outcomes, oldest first, twenty at most.
    package var recent: [Recent] = []
    package var failuresInRow = 0
    /// The circuit lets nothing through before this time, or `nil` for a closed one.
    package var openUntil: Int64?
    /// Times the circuit opened since it was last closed.
    package var openings = 0
    package var coolDownUntil: Int64 = 0
    /// When that cool-down was decided.
    package var coolDownSince: Int64 = 0
    /// True when waiting ends the cool-down.
    ///
    /// Otherwise people must (key, money).
    package var isForCapacity = true
    /// Keys refused since the last answer.
    package var refusals = 0
    /// The key was refused too often: nothing is sent until a probe or a person takes this back.
    package var isDisabled = false
    /// Kind of the failure for which it cools down, is open or is disabled.
    package var reason: JobFailure.Kind?
    /// When anything here changed last.
    package var changedAt: Int64 = 0

    package struct Recent: Sendable, Equatable {
        package var at: Int64
        package var isAnswer: Bool
    }

    package init() {}

    // MARK: - Reading

    package func circuit(at now: Int64) -> Circuit {
        guard let openUntil else { return .closed }
        return now < openUntil ? .open : .halfOpen
    }

    /// Time until the cool-down is over, or `nil` if there is none.
    package func coolDown(at now: Int64) -> Duration? {
        coolDownUntil > now ? .milliseconds(coolDownUntil - now) : nil
    }

    /// From 0 to 1: successes, and half of it at most lost to slowness.
    package func score(_ rules: HealthRules) -> Double {
        guard let firstToken, firstToken > rules.promptly.seconds else { return success }
        let slowness = (firstToken - rules.promptly.seconds) / (9 * rules.promptly.seconds)
        return success * max(0.5, 1 - slowness / 2)
    }

    // MARK: - Folding

    package mutating func note(_ observation: Observation, _ rules: HealthRules) {
        changedAt = max(changedAt, observation.ended)
        switch observation.outcome {
        case .answered(let seconds): answered(seconds, observation)
        case .failed(let kind): failed(kind, observation, rules)
        case .limited(let kind, let asked):
            // "Retry after 0 seconds" is said by servers that do not know.
            let length = asked.map { max($0, .milliseconds(500)) } ?? rules.rateLimited
            coolDown(length, kind, isForCapacity: true, observation)
        case .exhausted(let asked):
            coolDown(asked ?? rules.unusable, .quotaExhausted, isForCapacity: false, observation)
        case .refused: refused(observation, rules)
        case .nothing: break
        }
    }

    /// Restores the health of a route that a person or a probe found in order.
    ///
    /// With `onProbation` the next refusal of the key disables it again.
    package mutating func restore(at now: Int64, rules: HealthRules, onProbation: Bool = false) {
        let before = self
        self = RouteHealth()
        firstToken = before.firstToken
        refusals = onProbation ? rules.disableAfter - 1 : 0
        changedAt = now
    }

    private mutating func answered(_ seconds: Double, _ observation: Observation) {
        push(observation, isAnswer: true)
        firstToken = firstToken.map { $0 + 0.1 * (seconds - $0) } ?? seconds
        failuresInRow = 0
        // Key and balance are in order after all. A call from before they were refused does not show that.
        if observation.began >= coolDownSince {
            refusals = 0
            if !isForCapacity { coolDownUntil = min(coolDownUntil, observation.ended) }
        }
        // A call from before the circuit opened proves nothing about what opened it.
        if let openUntil, observation.began < openUntil { return }
        guard openUntil != nil else {
            if coolDownUntil <= observation.ended { reason = nil }
            return
        }
        openUntil = nil
        openings = 0
        recent = []
        reason = nil
    }

    private mutating func failed(_ kind: JobFailure.Kind, _ observation: Observation, _ rules: HealthRules) {
        push(observation, isAnswer: false)
        failuresInRow += 1
        if let openUntil {
            // The trial failed. Calls from before the opening are no trial.
            if observation.began >= openUntil { open(kind, observation, rules) }
            return
        }
        let since = observation.ended - rules.window.milliseconds
        let counted = recent.filter { $0.at >= since }
        let failures = counted.count { !$0.isAnswer }
        guard failuresInRow >= rules.openAfter || (counted.count >= rules.samples && 2 * failures > counted.count)
        else {
            return
        }
        open(kind, observation, rules)
    }

    private mutating func open(_ kind: JobFailure.Kind, _ observation: Observation, _ rules: HealthRules) {
        let length = min(rules.open * (1 << min(openings, 10)), rules.openMost)
        openUntil = observation.ended + length.milliseconds
        openings += 1
        reason = kind
    }

    private mutating func coolDown(
        _ length: Duration, _ kind: JobFailure.Kind, isForCapacity: Bool, _ observation: Observation
    ) {
        let until = observation.ended + length.milliseconds
        guard until > coolDownUntil else { return }
        coolDownUntil = until
        coolDownSince = observation.ended
        self.isForCapacity = isForCapacity
        reason = kind
    }

    private mutating func refused(_ observation: Observation, _ rules: HealthRules) {
        // Calls under way when the key was refused first are the same blip.
        guard refusals == 0 || observation.began >= coolDownUntil else { return }
        refusals += 1
        coolDown(rules.authentication, .authentication, isForCapacity: false, observation)
        if refusals >= rules.disableAfter {
            isDisabled = true
            reason = .authentication
        }
    }

    private mutating func push(_ observation: Observation, isAnswer: Bool) {
        success += 0.1 * ((isAnswer ? 1 : 0) - success)
        recent.append(Recent(at: observation.ended, isAnswer: isAnswer))
        if recent.count > 20 { recent.removeFirst(recent.count - 20) }
    }
}
