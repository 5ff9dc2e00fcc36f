/// The numbers that health is judged by; every worker of one installation should use the same.
package struct HealthRules: Sendable, Equatable {
    /// Rest after a rate limit whose platform names no time: windows are a minute or less on all six platforms.
    package var rateLimited = Duration.seconds(5)
    /// Rest of an account without money: people mend that.
    package var unusable = Duration.seconds(300)
    /// Rest after a refused key, before it is tried again; the refusal after that may disable the account.
    package var authentication = Duration.seconds(5)
    /// Refusals of a key, each after the rest that followed the one before, that disable its account.
    ///
    /// More than one, so that no blip disables an account: however many calls were under way when it happened, they count once.
    package var disableAfter = 2
    /// Failures in a row that open a circuit.
    package var openAfter = 5
    /// Least outcomes within `window` for a judgement by share; more than half of them failed opens the circuit.
    package var samples = 5
    /// Outcomes older than this are not counted by share.
    package var window = Duration.seconds(60)
    /// How long a circuit stays open the first time; doubles each time the trial fails, up to `openMost`.
    package var open = Duration.seconds(10)
    package var openMost = Duration.seconds(300)
    /// A first token within this time costs no health; ten times of it costs half.
    package var promptly = Duration.seconds(2)

    package init() {}
}
