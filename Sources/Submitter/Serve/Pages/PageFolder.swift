import HTTPTypes
import NIOCore
import NIOPosix
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of Swagger UI and ReDoc, which `scripts/setup` fills.
struct PageFolder: Sendable {
    /// `nil` where no folder is set.
    let path: String?

    static let notInstalled = APIError(
        .notFound, .notFound, code: "pages_not_installed",
        "The API pages are not installed: run scripts/setup, and set API_PAGES_DIR to the folder that it fills "
            + "(.local/api-pages). The document itself is at /openapi.json.")

    /// Content and its hash.
    struct File: Sendable {
        let bytes: ByteBuffer
        let hash: String
    }

    /// Reads on NIO's threads for files, since a disk may be slow.
    func read(_ file: PageFile) async throws -> File {
        if let own = file.own { return File(bytes: ByteBuffer(string: own), hash: Array(own.utf8).sha256Hex) }
        guard let path else { throw Self.notInstalled }
        let name = path + "/" + file.rawValue
        let found = try await NIOThreadPool.singleton.runIfActive { () -> File? in
            guard let data = FileManager.default.contents(atPath: name) else { return nil }
            let bytes = [UInt8](data)
            return File(bytes: ByteBuffer(bytes: bytes), hash: bytes.sha256Hex)
        }
        guard let found else { throw Self.notInstalled }
        return found
    }

    /// Throws where one of these is missing, so that a page says so instead of staying empty.
    func check(_ files: [PageFile]) async throws {
        guard let path else { throw Self.notInstalled }
        let areThere = try await NIOThreadPool.singleton.runIfActive {
            files.allSatisfy { FileManager.default.isReadableFile(atPath: path + "/" + $0.rawValue) }
        }
        guard areThere else { throw Self.notInstalled }
    }
}

extension PageFolder {
    init(_ settings: inout Settings) {
        path = settings.path(
            "API_PAGES_DIR",
            "Folder of Swagger UI and ReDoc for `/docs` and `/redoc`, as `scripts/setup` fills it; none: without those pages."
        )
    }
}
