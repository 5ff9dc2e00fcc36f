import Synchronization

/// Bounds the memory of large answers: their readers take turns, and hold the bytes until their caller has them.
///
/// An answer stays in Redis until its turn. Turns are in order of asking. An answer larger than the limit is read
/// alone. A caller that takes nothing is disconnected after `WRITE_TIMEOUT`, so nobody waits longer for it.
final class LargeReads: Sendable {
    private struct State {
        var used = 0
        var waiting: [(bytes: Int, reader: CheckedContinuation<Void, Never>)] = []
    }

    /// Gives the bytes back when it is released.
    final class Hold: Sendable {
        private let owner: LargeReads
        private let bytes: Int

        fileprivate init(_ owner: LargeReads, _ bytes: Int) {
            self.owner = owner
            self.bytes = bytes
        }

        deinit { owner.giveBack(bytes) }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var used: Int { state.withLock { $0.used } }
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Returns when there is room for `bytes`.
    func hold(_ bytes: Int) async -> Hold {
        let bytes = min(bytes, limit)
        await withCheckedContinuation { reader in
            let admitted = state.withLock { state in
                state.waiting.append((bytes, reader))
                return admit(&state)
            }
            for reader in admitted { reader.resume() }
        }
        return Hold(self, bytes)
    }

    private func giveBack(_ bytes: Int) {
        let admitted = state.withLock { state in
            state.used -= bytes
            return admit(&state)
        }
        for reader in admitted { reader.resume() }
    }

    private func admit(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        var admitted: [CheckedContinuation<Void, Never>] = []
        while let next = state.waiting.first, state.used + next.bytes <= limit {
            state.used += next.bytes
            admitted.append(next.reader)
            state.waiting.removeFirst()
        }
        return admitted
    }
}
