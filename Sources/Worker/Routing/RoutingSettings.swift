import Shared

/// Settings of the order in which routes are tried.
struct RoutingSettings: Sendable {
    /// For requests and models that name none.
    var strategy: RoutingStrategyName
    var rates: CurrencyRates

    init(_ settings: inout Settings) {
        strategy = settings.choice(
            "DEFAULT_ROUTING_STRATEGY", default: RoutingStrategyName.priority,
            "How models are put in order.")
        let rates = settings.text(
            "CURRENCY_RATES", default: "", expected: "rates as in CNY=0.14,EUR=1.1",
            "US dollars for a unit of other currencies, to compare prices by, as in `CNY=0.14,EUR=1.1`; beside these, known ones have a rough rate (docs/routing.md)."
        ) { CurrencyRates($0) != nil }
        self.rates = CurrencyRates(rates) ?? CurrencyRates()
    }
}
