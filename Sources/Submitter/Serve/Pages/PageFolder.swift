import HTTPTypes
import Shared

/// The folder of Swagger UI and ReDoc, which `scripts/setup` fills.
struct PageFolder: Sendable {
    /// `nil` where no folder is set.
    private let files: FileFolder?

    static let notInstalled = APIError(
        .notFound, .notFound, code: "pages_not_installed",
        "The API pages are not installed: run scripts/setup, and set API_PAGES_DIR to the folder that it fills "
            + "(.local/api-pages). The document itself is at /openapi.json.")

    init(path: String?) { files = path.map(FileFolder.init) }

    func read(_ file: PageFile) async throws -> FileFolder.File {
        if let own = file.own { return FileFolder.File(Array(own.utf8)) }
        guard let found = try await files?.read(file.rawValue) else { throw Self.notInstalled }
        return found
    }

    /// Throws where one of these is missing, so that a page says so instead of staying empty.
    func check(_ wanted: [PageFile]) async throws {
        guard try await files?.has(wanted.map(\.rawValue)) == true else { throw Self.notInstalled }
    }
}

extension PageFolder {
    init(_ settings: inout Settings) {
        self.init(
            path: settings.path(
                "API_PAGES_DIR",
                "Folder of Swagger UI and ReDoc for `/docs` and `/redoc`, as `scripts/setup` fills it; none: without those pages."
            ))
    }
}
