/// A claimed entry: the job in it, and the proof that this worker holds it.
package struct Claim: Sendable {
    package var job: Job
    package var attempt: Attempt

    package init(job: Job, attempt: Attempt) {
        self.job = job
        self.attempt = attempt
    }
}

/// One attempt of one request, as every script names it.
///
/// `worker`, `entry` and `deliveries` together prove ownership (*mine* in `docs/queue-protocol.md`). The delivery count
/// tells two deliveries of one entry to the same worker apart.
package struct Attempt: Sendable, Hashable {
    package let id: String
    package let lane: Lane
    package let worker: String
    package let entry: String
    /// `a`: attempts before the entry + deliveries of the entry.
    package private(set) var number: Int
    package private(set) var deliveries: Int
    /// Milliseconds since 1970.
    package let deadline: Int64
    /// The channel of the shim that waits, empty if none does.
    package let channel: String
    /// Differs for every reading of the entry, and is the same for all attempts of one reading.
    ///
    /// It tells a lost reply from a second delivery: where the group was made again deliveries are counted anew, and so
    /// one worker may get an entry twice with the same count.
    package let token: UInt32

    package init(
        id: String, lane: Lane, worker: String, entry: String, number: Int, deliveries: Int, deadline: Int64,
        channel: String, token: UInt32 = .random(in: .min ... .max)
    ) {
        self.id = id
        self.lane = lane
        self.worker = worker
        self.entry = entry
        self.number = number
        self.deliveries = deliveries
        self.deadline = deadline
        self.channel = channel
        self.token = token
    }

    /// The attempt that REAP started for this worker.
    package func takenOver(number: Int, deliveries: Int) -> Attempt {
        var taken = self
        taken.number = number
        taken.deliveries = deliveries
        return taken
    }

    /// The attempt after a failover within the same claim.
    package var next: Attempt {
        var next = self
        next.number += 1
        next.deliveries += 1
        return next
    }

    /// True where the pending list could not tell the two apart.
    package func isSameDelivery(as other: Attempt) -> Bool {
        (id, lane, worker) == (other.id, other.lane, other.worker)
            && (entry, deliveries) == (other.entry, other.deliveries)
    }

    package func logID(_ seq: Int) -> String { "\(number)-\(seq)" }
}
