import Shared
import TestSupport
import Testing

/// Random work of three workers over everything a claim can meet.
///
/// Each job is done exactly once.
@Suite struct QueueOrderFuzzTests {
    private struct Worker {
        let name: String
        var held: [Claim] = []
    }

    @Test(arguments: 1...6)
    func `each job is done once, whatever the order of submits, claims, parks and admits`(_ seed: UInt64) async throws {
        try await QueueFixture.run(lease: .seconds(60)) { queue in
            var dice = Dice(state: seed)
            var workers = ["w1", "w2", "w3"].map { Worker(name: $0) }
            var submitted: [String] = []
            var done: [String] = []
            for _ in 0..<400 {
                let w = Int.random(in: 0..<3, using: &dice)
                try await step(queue, &workers[w], &submitted, &done, &dice)
            }
            // The rest: all that waits, then all that is held.
            for w in workers.indices {
                for claim in workers[w].held { try await finish(queue, claim, &done) }
            }
            var isDry = false
            while !isDry {
                let claims =
                    try await queue.claim("w1", most: 7) + queue.admit("w1", from: "a") + queue.admit("w1", from: "b")
                for claim in claims { try await finish(queue, claim, &done) }
                isDry = claims.isEmpty
            }

            #expect(done.count == submitted.count)
            #expect(Set(done) == Set(submitted))
            for lane in Lane.allCases {
                #expect(try await queue.length(lane) == 0)
                #expect(try await queue.pending(lane) == [])
            }
            #expect(try await queue.orderKeys().isEmpty)
        }
    }

    private func step(
        _ queue: QueueFixture, _ worker: inout Worker, _ submitted: inout [String], _ done: inout [String],
        _ dice: inout Dice
    ) async throws {
        let room = Bool.random(using: &dice) ? "a" : "b"
        switch Int.random(in: 0..<20, using: &dice) {
        case 0..<4:
            let tenant = ["x", "y", "z"].randomElement(using: &dice) ?? "x"
            let lane = Lane.allCases.randomElement(using: &dice) ?? .normal
            submitted += try await queue.submit(Int.random(in: 1...9, using: &dice), tenant: tenant, lane)
        case 4..<7: worker.held += try await queue.claim(worker.name, most: Int.random(in: 1...5, using: &dice))
        case 7..<9: _ = try await queue.queue.sort(worker: worker.name, olderThan: .zero)
        case 9..<12:
            guard let claim = worker.held.popLast() else { return }
            #expect(try await queue.park(claim, in: room) == .parked)
        case 12..<14:
            worker.held += try await queue.admit(worker.name, from: room, most: Int.random(in: 1...4, using: &dice))
        case 14:
            guard let claim = worker.held.popLast() else { return }
            #expect(try await queue.queue.release(claim.attempt, attemptsBefore: claim.job.attemptsBefore) == .released)
        case 15:
            guard let claim = worker.held.popLast() else { return }
            _ = try await queue.queue.postpone(claim.attempt, due: 1)
            _ = try await queue.queue.promote()
        case 16:
            let count = worker.held.count
            #expect(try await queue.queue.places(of: worker.held.map(\.job.id)) == Array(repeating: nil, count: count))
        default:
            guard !worker.held.isEmpty else { return }
            try await finish(queue, worker.held.removeFirst(), &done)
        }
    }

    private func finish(_ queue: QueueFixture, _ claim: Claim, _ done: inout [String]) async throws {
        #expect(try await queue.complete(claim))
        done.append(claim.job.id)
    }
}

/// SplitMix64, so that a failing seed fails again.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
