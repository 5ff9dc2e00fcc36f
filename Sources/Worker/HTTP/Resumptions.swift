import Synchronization

/// The readers that one turn of the curl thread resumes, together at its end.
///
/// One by one each would wake the thread that runs it, which would sleep again before the next one comes.
final class Resumptions: Sendable {
    typealias Work = @Sendable () -> Void

    private let gathered = Mutex<[Work]>([])
    private let run: @Sendable (@escaping Work) -> Void

    /// `run` gets the resumptions of a turn in one piece.
    init(_ run: @escaping @Sendable (@escaping Work) -> Void) { self.run = run }

    func add(_ work: @escaping Work) { gathered.withLock { $0.append(work) } }

    func flush() {
        let all = gathered.withLock { gathered in
            defer { gathered = [] }
            return gathered
        }
        guard !all.isEmpty else { return }
        run { for work in all { work() } }
    }
}
