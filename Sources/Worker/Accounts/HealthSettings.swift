import Shared

extension HealthRules {
    init(_ settings: inout Settings) {
        self.init()
        readCoolDowns(&settings)
        readCircuit(&settings)
    }

    private mutating func readCoolDowns(_ settings: inout Settings) {
        rateLimited = settings.seconds(
            "COOLDOWN_RATE_LIMITED", default: 5, in: 0.1...3600,
            "Rest of an account whose platform names no `Retry-After`.")
        unusable = settings.seconds(
            "COOLDOWN_UNUSABLE", default: 300, in: 1...86_400, "Rest of an account without money.")
        authentication = settings.seconds(
            "COOLDOWN_AUTHENTICATION", default: 5, in: 0.1...86_400,
            "Rest of an account whose key was refused, before it is tried once more.")
        disableAfter = settings.int(
            "DISABLE_AFTER", default: 2, in: 1...1000,
            "Refusals of a key, each after a rest, that disable its account; what was under way at once counts as one.")
    }

    private mutating func readCircuit(_ settings: inout Settings) {
        openAfter = settings.int(
            "CIRCUIT_FAILURES", default: 5, in: 1...1000, "Failures in a row that open the circuit of a route.")
        samples = settings.int(
            "CIRCUIT_SAMPLES", default: 5, in: 1...20,
            "Least outcomes within CIRCUIT_WINDOW from which on more than half of them failed opens it, too.")
        window = settings.seconds(
            "CIRCUIT_WINDOW", default: 60, in: 1...3600, "How far back outcomes are counted for that.")
        open = settings.seconds(
            "CIRCUIT_OPEN", default: 10, in: 0.1...3600,
            "How long an open circuit lets nothing through, before one trial; doubles each time the trial fails.")
        openMost = settings.seconds(
            "CIRCUIT_OPEN_MAX", default: 300, in: 0.1...86_400, "The longest such time.")
    }
}
