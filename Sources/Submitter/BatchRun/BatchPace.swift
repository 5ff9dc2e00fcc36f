import Shared

/// Decides when the next line of a batch may go into the queue (pure).
///
/// In: sent and ended lines, wishes, the passing of time. Out: go, wait, or stop because the budget is used up. Holds
/// the window, the bytes, the two rates and the budget.
struct BatchPace {
    enum Verdict: Equatable {
        case go
        /// Until a line ends, or for so long.
        case wait(Duration?)
        case overBudget
    }

    /// The capacity that a line may take, by estimate.
    struct Share: Sendable, Equatable {
        var bytes = 0
        /// Of the prompt, and of the answer once it is sent.
        var tokens = 0
        /// Tokens that the answer may have at most, where the line says so.
        var longestAnswer: Int?
        /// The dearest that it can become, in the currency of its model.
        var mostCost = 0.0
    }

    let settings: BatchRunSettings
    var options: BatchOptions
    /// This batch's part of what its tenant may have in the queue.
    var part = 1.0
    /// Lines a second that may be sent beside requests of other lanes, or `nil` where there are none.
    private var gentle: Double?
    private var gently: Allowance
    private(set) var running = 0
    private var bytes = 0
    private var reserved = 0.0
    private var spent: Double
    private var finished = 0
    private var rate = Rate()
    /// Seconds that a line takes on its platform, over about the last hundred.
    private var serviceTime = 0.0
    /// Tokens of an answer, over about the last hundred, or `nil` before the first.
    private var usualAnswer: Double?
    private var requests: Allowance
    private var tokens: Allowance

    init(_ settings: BatchRunSettings, _ options: BatchOptions, spent: Double, now: ContinuousClock.Instant) {
        self.settings = settings
        self.options = options
        self.spent = spent
        requests = Allowance(now)
        tokens = Allowance(now)
        gently = Allowance(now, holds: 0.02)
    }

    /// Lines that may be in the queue at once: those that run, and as many again that wait.
    ///
    /// Those that run are the rate times the time that a line takes on its platform. No more than what is finished in
    /// half a minute waits. What waits longer would be sorted and told its place, which costs more than running it.
    var window: Int {
        let most = Int((Double(settings.mostLines) * part).rounded(.up))
        let busy = rate.perSecond * (serviceTime + min(serviceTime, 30))
        let paced = max(settings.fewestLines, Int(min(busy, Double(settings.mostLines))))
        return max(1, min(most, paced, options.concurrency ?? .max))
    }

    /// Makes room for requests of other lanes, `nil` for none, where timers are late by `lag`.
    ///
    /// A third less at once, a tenth more at a time, as TCP shares a line. The rate is bounded and not the window:
    /// a line that waits for its platform costs nothing.
    mutating func share(lag: Duration?) {
        guard let lag else { return gentle = nil }
        let least = Double(settings.sharedRate)
        guard let now = gentle else { return gentle = least }
        gentle = lag > settings.lag ? max(least, now * 0.67) : min(100_000, now * 1.1)
    }

    mutating func verdict(for share: Share, now: ContinuousClock.Instant) -> Verdict {
        guard running < window, running == 0 || bytes + share.bytes <= settings.mostBytes else { return .wait(nil) }
        if let limit = options.maxCost, spent + reserved + share.mostCost > limit {
            // Lines on their way may turn out cheaper.
            return running > 0 ? .wait(nil) : .overBudget
        }
        let waits = [
            requests.wait(options.requestsPerMinute, now: now), tokens.wait(options.tokensPerMinute, now: now),
            gently.wait(gentle.map { Int($0 * 60) }, now: now),
        ]
        if let longest = waits.compactMap({ $0 }).max() { return .wait(longest) }
        return .go
    }

    /// Returns the share with the answer that is expected.
    @discardableResult
    mutating func sent(_ share: Share) -> Share {
        var share = share
        share.tokens += min(share.longestAnswer ?? .max, usualAnswer.map { Int($0) } ?? Self.firstAnswer)
        running += 1
        bytes += share.bytes
        reserved += share.mostCost
        requests.take(1)
        gently.take(1)
        tokens.take(Double(share.tokens))
        return share
    }

    /// Chosen: tokens of an answer before any is known.
    private static let firstAnswer = 256

    /// `actual` tokens replace the estimate, and `cost` what was held back for it.
    ///
    /// `time` is what its attempts took together.
    mutating func ended(_ share: Share, tokens actual: Int, answer: Int = 0, cost: Double, time: Duration = .zero) {
        usualAnswer = usualAnswer.map { $0 + (Double(answer) - $0) / 100 } ?? Double(answer)
        serviceTime += (time / .seconds(1) - serviceTime) / 100
        running -= 1
        bytes -= share.bytes
        reserved = running == 0 ? 0 : max(0, reserved - share.mostCost)
        spent += cost
        finished += 1
        tokens.take(Double(actual - share.tokens))
    }

    /// Counts the lines that were finished since the last call.
    mutating func measure(now: ContinuousClock.Instant) {
        rate.add(finished, now: now)
        finished = 0
    }
}

extension BatchPace {
    /// Lines finished in a second, over about the last five.
    fileprivate struct Rate {
        private(set) var perSecond = 0.0
        private var last: ContinuousClock.Instant?
        private var count = 0

        mutating func add(_ more: Int, now: ContinuousClock.Instant) {
            count += more
            let time = last.map { (now - $0) / .seconds(1) } ?? 0
            // Lines often end together, so that shorter times tell nothing.
            guard last == nil || time >= 1 else { return }
            if last != nil { perSecond += (Double(count) / time - perSecond) * min(1, time / 5) }
            (last, count) = (now, 0)
        }
    }

    /// A token bucket that holds what comes in some seconds, and may go below nothing.
    fileprivate struct Allowance {
        private var level = 0.0
        private var last: ContinuousClock.Instant
        private let held: Double

        init(_ now: ContinuousClock.Instant, holds seconds: Double = 1) {
            last = now
            held = seconds
        }

        mutating func take(_ amount: Double) { level -= amount }

        /// `nil` where something may be taken now, or where there is no limit.
        mutating func wait(_ perMinute: Int?, now: ContinuousClock.Instant) -> Duration? {
            let time = max(0, (now - last) / .seconds(1))
            last = now
            guard let perMinute else {
                level = 0
                return nil
            }
            let perSecond = Double(perMinute) / 60
            level = min(max(1, perSecond * held), level + time * perSecond)
            // What is there after this is for the next one. Below one, a fast limit waits for no whole unit.
            guard level < min(1, perSecond) else { return nil }
            return .seconds(min(60, (min(1, perSecond) - level) / perSecond))
        }
    }
}
