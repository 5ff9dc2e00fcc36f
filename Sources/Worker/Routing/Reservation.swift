import Shared

/// Capacity of one account, held by one attempt until it is settled.
///
/// That of a dead worker ends with its lease.
struct Reservation: Sendable, Equatable {
    /// Unlike any other: worker, request and attempt.
    let id: String
    let account: String
    /// The bucket in which requests and tokens were counted.
    let bucket: Int64
    /// Tokens counted so far, by estimate.
    let tokens: Int
    let hasQuota: Bool
    let trial: String?
    let madeAt: ContinuousClock.Instant
}

/// One account that a reservation may be made on, for one request.
struct ReservationCandidate: Sendable, Equatable {
    let route: Route
    /// Routes of one model stand in one group.
    ///
    /// Groups are tried in order.
    let group: Int
    /// Expected tokens of prompt and answer.
    let tokens: Int
    /// The account's health for this model, above 0 and up to 1: its share is in proportion.
    let factor: Double
    /// The name of the one trial that an open circuit lets through, or `nil` for a closed one.
    var trial: String?
    /// Takes no part in turns, and gets only what the others have no room for.
    var isFallback = false

    var account: Account { route.account }
}

/// Capacity asked for on one of several accounts.
struct ReservationRequest: Sendable {
    var candidates: [ReservationCandidate]
    /// Counter that turns the order of groups and accounts by one with each reservation, or `nil` to choose by
    /// headroom.
    var turn: String?
    /// Remembers which account a conversation is on, or `nil` for requests that gain nothing from it.
    var affinity: String?
    /// Share of every limit but the quota that this request leaves to others.
    var headroom = 0.0
}

enum ReservationResult: Sendable, Equatable {
    /// With the index of the candidate that was taken.
    case taken(Int, Reservation)
    /// Nobody has capacity.
    ///
    /// Holds the time until the first one is expected to, or `nil` where only the end of a running request, or people,
    /// can help.
    case busy(Duration?)
    /// Every account's quota is used up for good: waiting does not help.
    case exhausted
}
