import Shared
import Synchronization

/// Collects one response as it arrives: its head, its bytes and where they were cut.
///
/// Fed by the curl thread. Keeps at most `maxBytes`, and hands itself to the folder at its end.
final class Recording: HTTPObserver {
    /// Chosen: enough to understand even a server that sends byte by byte.
    private static let maxPieces = 20_000

    struct Piece: Sendable, Equatable {
        /// Since the call began.
        var milliseconds: Int64
        var count: Int
    }

    struct Answer: Sendable {
        var head: HTTPHead?
        var headMilliseconds: Int64 = 0
        var body: [UInt8] = []
        var pieces: [Piece] = []
        /// More came than is kept.
        var isTruncated = false
        /// `nil` for a clean end.
        var error: HTTPError.Code?
    }

    private let call: RecordedCall
    private let maxBytes: Int
    private let folder: RecordingFolder
    private let began = ContinuousClock.now
    private let answer = Mutex(Answer())

    init(_ call: RecordedCall, maxBytes: Int, _ folder: RecordingFolder) {
        self.call = call
        self.maxBytes = maxBytes
        self.folder = folder
    }

    func begin(_ head: HTTPHead) {
        answer.withLock {
            $0.head = head
            $0.headMilliseconds = milliseconds
        }
    }

    func add(_ bytes: UnsafeRawBufferPointer) {
        answer.withLock { answer in
            let room = answer.pieces.count < Self.maxPieces ? maxBytes - answer.body.count : 0
            let count = min(bytes.count, room)
            answer.isTruncated = answer.isTruncated || count < bytes.count
            guard count > 0 else { return }
            // unsafe: curl's buffer is copied before the callback returns.
            unsafe answer.body.append(contentsOf: bytes.prefix(count))
            answer.pieces.append(Piece(milliseconds: milliseconds, count: count))
        }
    }

    func end(_ result: Result<Void, HTTPError>) {
        let whole = answer.withLock { answer in
            if case .failure(let error) = result { answer.error = error.code }
            return answer
        }
        folder.keep(RecordedExchange(call: call, answer: whole))
    }

    private var milliseconds: Int64 { (ContinuousClock.now - began).milliseconds }
}
