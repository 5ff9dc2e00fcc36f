/// The numbers that health is judged by, the same in every worker of one installation.
package struct HealthRules: Sendable, Equatable {
    /// Cool-down after a rate limit whose platform names no time: windows are a minute or less on all six platforms.
    package var rateLimited = Duration.seconds(5)
    /// Cool-down of an account without money, which people must pay.
    package var unusable = Duration.seconds(300)
    /// Cool-down after a refused key, before it is tried again.
    ///
    /// The refusal after that may disable the account.
    package var authentication = Duration.seconds(5)
    /// Refusals of a key that disable its account, each after the cool-down that followed the one before.
    ///
    /// More than one, so that no blip disables an account. All calls that were under way when it happened count once.
    package var disableAfter = 2
    /// Failures in a row that open a circuit.
    package var openAfter = 5
    /// Least outcomes within `window` for a judgement by share.
    ///
    /// The circuit opens when more than half of them failed.
    package var samples = 5
    /// Outcomes older than this are not counted by share.
    package var window = Duration.seconds(60)
    /// Time for which a circuit stays open at first.
    ///
    /// It doubles each time the trial fails, up to `openMost`.
    package var open = Duration.seconds(10)
    package var openMost = Duration.seconds(300)
    /// A first token within this time costs no health, and one after ten times of it costs half.
    package var promptly = Duration.seconds(2)

    package init() {}
}
