/// One way to serve a request: a model on an account of its platform.
///
/// A reference type, since a request hands it on many times. The catalogue makes each one once.
package final class Route: Sendable, Equatable {
    package let model: Model
    package let account: Account
    /// The keys of health: this route's, and that of the account as a whole.
    package let key: RouteKey
    package let accountKey: RouteKey

    package init(model: Model, account: Account) {
        self.model = model
        self.account = account
        key = RouteKey(account: account.id, model: model.id)
        accountKey = RouteKey(account: account.id)
    }

    package static func == (one: Route, other: Route) -> Bool {
        one === other || (one.model == other.model && one.account == other.account)
    }
}
