import Hummingbird
import NIOCore
import Shared

/// Streams a file to its caller, a chunk or a page of results at a time, as fast as the caller takes them.
///
/// The first one is read before the head of the answer is sent, so that PostgreSQL being away is a 503. After that a
/// fault, or a file that changes meanwhile, breaks the connection: a caller must not take a part for the whole.
struct FileContent: Sendable {
    let store: BatchStore
    /// It is closed where the caller takes nothing for `WRITE_TIMEOUT`.
    let connection: CallerConnection?

    /// The file is not what it was when its answer began.
    struct Changed: Error {}

    private static let pieceBytes = 1 << 20

    func body(of file: BatchFile) async throws(APIError) -> ResponseBody {
        let first = try await storage { () async throws(PostgresError) in try await store.chunk(0, of: file.id) }
        return ResponseBody(contentLength: file.bytes) { writer in
            var (next, sent) = (first, 0)
            while let chunk = next {
                sent += chunk.data.utf8.count
                try await write(ByteBuffer(string: chunk.data), to: &writer)
                next = sent < file.bytes ? try await store.chunk(chunk.seq + 1, of: file.id) : nil
            }
            guard sent == file.bytes else { throw Changed() }
            try await writer.finish(nil)
        }
    }

    /// The results of a batch that has ended.
    ///
    /// It has no length: the lines are what counts. Where failed lines are asked for again meanwhile, it breaks.
    func body(ofResults kind: BatchResultKind, of batch: Batch) async throws(APIError) -> ResponseBody {
        let first = try await storage { () async throws(PostgresError) in
            try await store.results(of: batch.id, kind, after: 0)
        }
        return ResponseBody { writer in
            var page = first
            while let last = page.last {
                try await write(Self.lines(page), to: &writer)
                page = try await store.results(of: batch.id, kind, after: last.seq)
            }
            let now = try await store.find(batch.id)
            guard now?.round == batch.round, now?.status == batch.status else { throw Changed() }
            try await writer.finish(nil)
        }
    }

    private static func lines(_ results: [BatchResult]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for result in results {
            bytes.writeString(result.body)
            bytes.writeInteger(UInt8(ascii: "\n"))
        }
        return bytes
    }

    @concurrent private func write(_ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        var rest = bytes
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)), piece.readableBytes > 0 {
            connection?.willWrite()
            try await writer.write(piece)
            connection?.didWrite()
        }
    }
}
