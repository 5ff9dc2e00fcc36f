/// `least_busy`: the least loaded first, where load is requests running now against those that may run at once.
///
/// A model without a limit is taken to have the largest limit of the others. Where none has one, the plain numbers
/// count.
struct LeastBusyStrategy: RoutingStrategy {
    let looksAtLoads = true

    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        let largest = max(standings.compactMap(\.capacity).max() ?? 1, 1)
        return standings.sorted(byLeast: { standing in
            let capacity = standing.capacity ?? largest
            return capacity > 0 ? Double(standing.inFlight) / Double(capacity) : .infinity
        })
    }
}
