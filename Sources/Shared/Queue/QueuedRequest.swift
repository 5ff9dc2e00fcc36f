/// A request that waits or runs, as people see it: nothing of its prompt but the model's name.
package struct QueuedRequest: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        /// In its lane, and nobody has taken it yet.
        case queued
        /// For capacity, in a room, or for a time.
        case waiting
        /// A worker holds it.
        case running
    }

    /// `?` for an entry without an id that can be used.
    package var id = "?"
    package var state: State
    package var lane: Lane
    package var tenant: String?
    /// `nil` for a body above 16 KB, which travels beside its entry.
    package var model: String?
    /// The ID of its entry, `nil` where it waits for a time and has none.
    package var entry: String?
    /// Milliseconds since 1970, as `deadline` and `due`.
    package var enqueuedAt: Int64?
    package var deadline: Int64?
    /// Attempts that were made, the running one included.
    package var attempts = 0
    package var worker: String?
    /// The room in which it waits.
    package var room: String?
    /// The time that it waits for.
    package var due: Int64?
    /// The reason why no worker will run it.
    package var problem: String?

    package init(state: State, lane: Lane) {
        self.state = state
        self.lane = lane
    }

    /// From an entry, or from the fields of a delayed one.
    mutating func read(_ fields: [RedisValue]) {
        do throws(JobWireError) {
            let job = try Job(entry: fields, lane: lane, defaultDeadline: 0)
            (id, tenant, attempts) = (job.id, job.tenant, job.attemptsBefore)
            deadline = job.deadline > 0 ? job.deadline : nil
            if case .inline(let body) = job.body {
                model = (try? JSON(parsing: body))?["model"]?.stringValue?.clipped(toBytes: Bounds.name)
            }
        } catch {
            read(error)
        }
    }

    private mutating func read(_ error: JobWireError) {
        switch error {
        case .newerVersion(let id, let deadline, let attempts, _):
            (self.id, self.deadline, self.attempts) = (id, deadline, attempts)
            problem = "written by a newer version"
        case .undecodable(let id, _, let reason):
            self.id = id ?? "?"
            problem = reason
        }
    }
}

/// Selects requests.
///
/// What is `nil` selects all.
package struct QueuedRequestFilter: Sendable {
    package var tenant: String?
    package var lane: Lane?
    package var model: String?
    package var state: QueuedRequest.State?

    package init(
        tenant: String? = nil, lane: Lane? = nil, model: String? = nil, state: QueuedRequest.State? = nil
    ) {
        (self.tenant, self.lane, self.model, self.state) = (tenant, lane, model, state)
    }

    package func matches(_ request: QueuedRequest) -> Bool {
        (tenant == nil || request.tenant == tenant)
            && (model == nil || request.model == model) && (state == nil || request.state == state)
            && (lane == nil || request.lane == lane)
    }

    func wants(_ states: QueuedRequest.State...) -> Bool { state.map(states.contains) ?? true }
}
