import Shared

/// One way to serve a request: a model on an account of its platform.
package struct Route: Sendable, Equatable {
    package let model: Model
    package let account: Account

    package init(model: Model, account: Account) {
        self.model = model
        self.account = account
    }
}
