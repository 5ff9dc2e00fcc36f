/// US dollars per unit of a currency, to compare prices of platforms that bill in different ones.
///
/// Only for the order of routes: ledger and statistics keep the currency of the price.
struct CurrencyRates: Sendable, Equatable {
    /// Rough rates of late 2026, good enough to tell which model is cheaper.
    ///
    /// `CURRENCY_RATES` replaces single ones.
    static let standard = ["USD": 1, "CNY": 0.14, "EUR": 1.15, "GBP": 1.33, "HKD": 0.128, "JPY": 0.0066, "SGD": 0.78]

    private var dollars = CurrencyRates.standard

    init() {}

    /// As in `CNY=0.14,EUR=1.1`, or `nil` where a rate is not a positive number or a name not three letters.
    init?(_ text: String) {
        for part in text.split(separator: ",") {
            let sides = part.uppercased().split(separator: "=", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != " " } }
            guard sides.count == 2, sides[0].utf8.count == 3, sides[0].utf8.allSatisfy({ (65...90).contains($0) }),
                let rate = Double(sides[1]), rate.isFinite, rate > 0
            else { return nil }
            dollars[sides[0]] = rate
        }
    }

    /// 1 for a currency that nobody gave a rate for.
    func dollars(per currency: String) -> Double { dollars[currency] ?? 1 }
}
