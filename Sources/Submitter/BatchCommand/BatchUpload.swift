import Shared

/// Puts a file into PostgreSQL, as lines in OpenAI's form.
struct BatchUpload: Sendable {
    let store: BatchStore
    let patience: Patience
    let form: LineForm

    /// `file` says id, tenant and name.
    ///
    /// `sha256` is that of the input when it was checked. Throws where the input is another one by now: then the
    /// upload stays unfinished and is never used.
    func upload(_ input: String, as file: BatchFile, sha256: String) async throws {
        try await patience.persist { () async throws(PostgresError) in try await store.begin(file) }
        let bytes = try InputBytes(input)
        var reader = LineReader(try bytes.unpacked())
        var chunks = ChunkBuilder()
        while let line = try reader.next() {
            try Task.checkCancellation()
            if let chunk = chunks.add(try encoded(line)) { try await append(chunk, to: file.id) }
        }
        if let chunk = chunks.rest() { try await append(chunk, to: file.id) }
        guard bytes.sha256 == sha256 else { throw BatchTrouble.refused("\(input): it changed while it was read") }
        let (size, lines) = (chunks.bytes, chunks.lines)
        let known = try await patience.persist { () async throws(PostgresError) in
            try await store.finish(file.id, bytes: size, lines: lines)
        }
        guard known != nil else { throw BatchTrouble("the uploaded file was removed") }
    }

    private func encoded(_ line: LineReader.Line) throws -> [UInt8] {
        guard let bytes = line.bytes else { throw BatchTrouble.refused("line \(line.number): it is too long") }
        do throws(BatchLine.Mistake) { return try form.normal(bytes, number: line.number).line.encoded } catch {
            throw BatchTrouble.refused("line \(line.number): \(error.shortMessage)")
        }
    }

    /// A repeated chunk may be there already: the connection was lost before the server's word arrived.
    private func append(_ chunk: BatchChunk, to file: String) async throws {
        var tries = 0
        try await patience.persist { () async throws(PostgresError) in
            tries += 1
            do throws(PostgresError) { try await store.append(chunk, to: file) } catch {
                guard tries > 1, case .constraint = error.code else { throw error }
            }
        }
    }
}

/// Gathers lines to chunks (pure).
struct ChunkBuilder {
    private var pending: [UInt8] = []
    private var pendingLines = 0
    private var seq = 0
    private(set) var bytes = 0
    private(set) var lines = 0

    /// Returns a chunk that is full without this line.
    mutating func add(_ line: [UInt8]) -> BatchChunk? {
        let full = !pending.isEmpty && pending.count + line.count >= BatchChunk.bytes ? rest() : nil
        pending += line
        pending.append(UInt8(ascii: "\n"))
        pendingLines += 1
        lines += 1
        bytes += line.count + 1
        return full
    }

    /// The chunk that is not full, or `nil`.
    mutating func rest() -> BatchChunk? {
        guard pendingLines > 0 else { return nil }
        defer {
            pending.removeAll(keepingCapacity: pending.count <= BatchChunk.bytes)
            pendingLines = 0
            seq += 1
        }
        return BatchChunk(
            seq: seq, firstLine: lines - pendingLines + 1, lines: pendingLines,
            data: String(decoding: pending, as: UTF8.self))
    }
}
