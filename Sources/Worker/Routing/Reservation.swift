import Shared

/// Capacity of one account, held by one attempt until it is settled; a dead worker's ends with its lease.
struct Reservation: Sendable, Equatable {
    /// Unlike any other: worker, request and attempt.
    let id: String
    let account: String
    /// Where requests and tokens were counted.
    let bucket: Int64
    /// Tokens counted so far, by estimate.
    let tokens: Int
    let hasQuota: Bool
    let trial: String?
    let madeAt: ContinuousClock.Instant
}

/// What an account is asked for on behalf of one request.
struct ReservationCandidate: Sendable, Equatable {
    let route: Route
    /// Routes of one model stand in one group; groups are tried in order.
    let group: Int
    /// Prompt and answer, as far as they can be foretold.
    let tokens: Int
    /// The account's health for this model, above 0 and up to 1: its share is in proportion.
    let factor: Double
    /// The name of the one trial that an open circuit lets through; `nil` for a closed one.
    var trial: String?
    /// Takes no part in turns: only what the others have no room for.
    var isFallback = false

    var account: Account { route.account }
}

/// How the accounts of one decision are chosen among.
struct Auction: Sendable {
    var bids: [ReservationCandidate]
    /// Counter that turns the order of groups and accounts by one with each reservation; `nil`: by headroom.
    var turn: String?
    /// Remembers which account a conversation is on; `nil` for requests that gain nothing from it.
    var affinity: String?
}

enum Reserving: Sendable, Equatable {
    /// Index of the bid that won.
    case taken(Int, Reservation)
    /// Nobody has capacity.
    ///
    /// When the first one is expected to; `nil` where only the end of a running request, or people, can help.
    case busy(Duration?)
    /// Every account's quota is used up for good: waiting does not help.
    case exhausted
}
