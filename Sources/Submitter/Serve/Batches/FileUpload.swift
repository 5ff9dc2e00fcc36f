import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared

/// Receives the form of an upload and stores its file, a chunk at a time.
///
/// 1. check the head: form, boundary, length, 2. read the fields, 3. store the file's lines as they come, 4. check that
/// all is there, 5. show the file.
///
/// Nothing is seen of a file before step 5. One that fails is deleted. Where even that fails, it expires within hours.
struct FileUpload: Sendable {
    let store: BatchStore
    let settings: BatchSettings
    let budget: BodyBudget
    let clock: any WallClock
    let logger: Logger

    /// Bytes of the form around the file: chosen, `MultipartParser` bounds each of them.
    private static let formBytes = 1 << 20

    func receive(_ request: Request, tenant: String) async throws(APIError) -> BatchFile {
        let parser = MultipartParser(boundary: try Self.boundary(request.headers))
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard length <= settings.maxFileBytes + Self.formBytes else { throw Self.tooLarge(settings.maxFileBytes) }
        var incoming = IncomingFile(parser, tenant: tenant, of: self)
        let hold = BodyHold(budget)
        do {
            for try await piece in request.body {
                try hold.reach(incoming.held + 2 * piece.readableBytes)
                try await incoming.received(piece)
            }
            return try await incoming.finished()
        } catch {
            await discard(incoming.file)
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ error: any Error) -> APIError {
        switch error {
        case let error as MultipartParser.Malformed:
            .invalid(nil, "The form is not valid: \(error.reason).", code: "invalid_multipart")
        case let error as LineChunker.Mistake:
            .invalid("file", "file: line \(error.line) is not valid: \(error.reason).")
        case is PostgresError: .storageUnavailable
        default: BodyReader.refusal(error)
        }
    }

    private func discard(_ file: BatchFile?) async {
        guard let file else { return }
        do throws(PostgresError) { _ = try await store.delete(file: file.id, tenant: file.tenant) } catch {
            logger.warning("an upload that failed stays until it expires", metadata: [LogKey.error: "\(error)"])
        }
    }

    private static func boundary(_ headers: HTTPFields) throws(APIError) -> String {
        guard headers[.contentEncoding].map({ $0.lowercased() == "identity" }) ?? true else {
            throw APIError(
                .unsupportedMediaType, .invalidRequest, code: "unsupported_content_encoding",
                "Send the file as it is.", param: "Content-Encoding")
        }
        guard let type = HeaderParameters(headers[.contentType] ?? ""), type.value == "multipart/form-data" else {
            throw APIError(
                .unsupportedMediaType, .invalidRequest, code: "unsupported_media_type", "Send multipart/form-data.")
        }
        // RFC 2046, 5.1.1.
        guard let boundary = type["boundary"], (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (32...126).contains($0) }), !boundary.hasSuffix(" ")
        else {
            throw .invalid(
                "Content-Type", "Content-Type: expected a boundary of 1 to 70 characters.", code: "invalid_multipart")
        }
        return boundary
    }

    static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            .contentTooLarge, .invalidRequest, code: "request_too_large",
            "The file is larger than \(limit) bytes (BATCH_FILE_BYTES).", param: "file")
    }
}
