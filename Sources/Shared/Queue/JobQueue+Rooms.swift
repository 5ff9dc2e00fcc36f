/// PARK and ADMIT: requests wait in rooms while every suitable account is too busy, one room per set of accounts.
///
/// A parked entry stays in its lane's stream and is in nobody's pending list. Its body is never copied. It leaves the
/// room by `admit`, or by `expired` at its deadline. Nothing is counted or billed for waiting.
extension JobQueue {
    package enum Parking: String, Sendable { case parked, lost }

    /// Time for which other workers leave a room alone after an admission.
    ///
    /// Chosen: longer than it takes to find out that there is no capacity after all, and to say so by parking again.
    private static let hold = Duration.milliseconds(250)

    /// Ten years in milliseconds.
    private static let longestWait: Int64 = 315_360_000_000

    /// Lets a fresh claim (first delivery, nothing started) wait for capacity.
    ///
    /// The entry joins its tenant's and lane's others in fair order. One that was admitted less than a minute ago and
    /// is parked again keeps its place, and its `due` becomes the room's. Otherwise `due` only makes the room due
    /// earlier. `lost` means that somebody else has the entry, or that it is not a fresh claim: walk away.
    ///
    /// - `room`: the set of accounts it waits for, in at most 64 characters of `[A-Za-z0-9_-]`
    /// - `spec`: kept beside the room for the worker that admits from it
    /// - `due`: when a worker should look at the room, in milliseconds since 1970
    /// - `expected`: when capacity is expected, in milliseconds since 1970, as far as it is known, for callers to see
    package func park(
        _ claim: Claim, in room: String, spec: [UInt8], due: Int64, expected: Int64?
    ) async throws(RedisError) -> Parking {
        let (job, attempt) = (claim.job, claim.attempt)
        guard attempt.deliveries == 1 else { return .lost }
        // A far deadline must stay a number that Lua and Redis write alike.
        let deadline = min(job.deadline, clock.now + Self.longestWait)
        let tenant = String(job.tenant.prefix(128))
        // A request that comes back is a flow of its own, as in the lanes.
        let flow = "\(attempt.lane.index)\(job.attemptsBefore > 0 ? "\n" : " ")\(tenant)"
        let ttl = runningTTL(deadline: deadline) + Duration.seconds(3600).milliseconds
        return try await move(
            QueueScripts.park,
            [keys.queue(attempt.lane), keys.room(room), keys.rooms, keys.due, keys.wait(job.id), keys.never],
            attempt.ownership + [
                .string(flow), .int(attempt.lane.index), .int(limits.roomWeight(job.tenant, attempt.lane)),
                .string(room), .bytes(spec), .int(due), .int(clock.now), .int(deadline), .int(ttl),
                .int(expected ?? 0),
            ])
    }

    /// A room with waiters.
    package struct Room: Sendable, Equatable {
        package let name: String
        /// The `spec` of the entry that was parked last.
        package let spec: [UInt8]
        /// When a worker should look at it, in milliseconds since 1970.
        package let due: Int64
        /// Entries that wait in it.
        package let count: Int
    }

    /// All rooms with waiters, soonest due first, in one round trip.
    package func rooms() async throws(RedisError) -> [Room] {
        let reply = try await redis.evaluate(
            QueueScripts.rooms, keys: [keys.rooms, keys.never], args: [.string(keys.shardPrefix)])
        return (reply.array ?? []).compactMap { row in
            guard let row = row.array, row.count == 4, let name = row[0].string,
                let due = row[1].string.flatMap(Double.init), let spec = row[2].bytes, let count = row[3].int
            else { return nil }
            return Room(name: name, spec: spec, due: Int64(exactly: due.rounded()) ?? 0, count: Int(count))
        }
    }

    /// Claims up to `limit` of the room's entries in fair order, unless `isForced` only if its due time has come.
    ///
    /// The room is due again a little later. Parking an admitted entry again corrects that.
    package func admit(
        room: String, worker: String, limit: Int, isForced: Bool
    ) async throws(RedisError) -> [Entry] {
        let reply = try await redis.evaluate(
            QueueScripts.admit,
            keys: [keys.room(room), keys.rooms, keys.due] + Lane.allCases.map(keys.queue) + [keys.never],
            args: [
                .string(worker), .string(room), .int(limit), isForced ? "1" : "0", .int(clock.now),
                .int(Self.hold.milliseconds), .string(keys.shardPrefix),
            ])
        return entries(reply, lane: Lane.init(index:))
    }
}
