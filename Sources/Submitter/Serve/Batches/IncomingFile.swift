import Hummingbird
import NIOCore
import Shared

/// An upload while it comes in: what its form said so far, and the file as it is stored.
struct IncomingFile {
    private enum Part {
        case file
        case field(String, [UInt8])
        /// A file under another name: how much of it came.
        case other(Int)
    }

    private var parser: MultipartParser
    private var form = UploadForm()
    private var chunker = LineChunker()
    private var part = Part.other(0)
    private let tenant: String
    private let store: BatchStore
    private let settings: BatchSettings
    private let now: Int64
    /// Begun in the database.
    private(set) var file: BatchFile?

    /// Longer than any upload may take, which is `BODY_TIMEOUT`, 3600 s at most.
    private static let unfinishedLife: Int64 = 2 * 3_600_000
    private static let longestName = 255

    init(_ parser: MultipartParser, tenant: String, of upload: FileUpload) {
        self.parser = parser
        self.tenant = tenant
        store = upload.store
        settings = upload.settings
        now = upload.clock.now
    }

    /// Bytes of it in memory.
    var held: Int { chunker.held }

    mutating func received(_ piece: ByteBuffer) async throws {
        for event in try parser.received(piece.readableBytesView) {
            switch event {
            case .began(let head): try await begin(head)
            case .content(let bytes): try await add(bytes)
            case .ended: if case .field(let name, let value) = part { try form.set(name, value) }
            }
        }
    }

    /// Shows the file, where the form is whole.
    mutating func finished() async throws -> BatchFile {
        try parser.finished()
        let life = try form.checked() ?? Int(settings.fileLife.components.seconds)
        guard let file else {
            throw APIError.invalid("file", "file: expected a file.", code: "missing_required_parameter")
        }
        guard chunker.bytes > 0 else { throw APIError.invalid("file", "file: it is empty.") }
        if let chunk = try chunker.finished() { try await store.append(chunk, to: file.id) }
        guard let whole = try await store.finish(file.id, bytes: chunker.bytes, lines: chunker.lines, life: life) else {
            throw APIError.notFound("such file")
        }
        return whole
    }

    private mutating func begin(_ head: MultipartHead) async throws {
        guard head.name == "file" else {
            part = head.filename == nil ? .field(head.name, []) : .other(0)
            return
        }
        guard file == nil else { throw APIError.invalid("file", "file: it is given twice.") }
        let name = (head.filename ?? "").clipped(toBytes: Self.longestName)
        var begun = BatchFile(id: BatchID.file(), tenant: tenant, filename: name.isEmpty ? "upload" : name)
        begun.expires = now + Self.unfinishedLife
        part = .file
        // Before it is begun, since a reply that is lost may have begun it.
        file = begun
        try await store.begin(begun)
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) async throws {
        switch part {
        case .file:
            guard let file, chunker.bytes + bytes.count <= settings.maxFileBytes else {
                throw FileUpload.tooLarge(settings.maxFileBytes)
            }
            for chunk in try chunker.received(bytes) { try await store.append(chunk, to: file.id) }
        case .field(let name, var value):
            value += bytes
            guard value.count <= UploadForm.longestField else { throw Self.tooLong(name) }
            part = .field(name, value)
        case .other(let count):
            part = .other(count + bytes.count)
            guard count + bytes.count <= UploadForm.longestField else { throw Self.tooLong("file") }
        }
    }

    private static func tooLong(_ name: String) -> APIError {
        let shown = name.clipped(toBytes: 64)
        return .invalid(
            shown, "\(shown): expected at most \(UploadForm.longestField) bytes, and the file under the name file.")
    }
}
