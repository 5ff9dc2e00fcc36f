import Shared

/// One way to serve a request: a model on an account of its platform.
struct Route: Sendable, Equatable {
    let model: Model
    let account: Account

    init(model: Model, account: Account) {
        self.model = model
        self.account = account
    }
}
