import HTTPTypes
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of the dashboard's files, which the build puts beside the program.
struct DashboardFolder: Sendable {
    private let files: FileFolder?

    static let notInstalled = APIError(
        .notFound, .notFound, code: "dashboard_not_installed",
        "The dashboard's files are missing: copy ai-model-service_Submitter.resources beside the program, "
            + "or set DASHBOARD_DIR to the folder of its index.html.")

    /// `nil`: the folder beside the program.
    init(path: String?) { files = (path ?? Self.besideProgram).map(FileFolder.init) }

    func read(_ name: AssetName) async throws -> FileFolder.File {
        if let found = try await files?.read(name.path) { return found }
        throw name == .page ? Self.notInstalled : APIError.notFound("such file")
    }

    /// As SwiftPM names it after package and target, or `nil` where the system does not tell which program runs.
    private static let besideProgram: String? = {
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let slash = program.lastIndex(of: "/")
        else { return nil }
        return String(program[..<slash]) + "/ai-model-service_Submitter.resources/Assets"
    }()
}

extension DashboardFolder {
    init(_ settings: inout Settings) {
        self.init(
            path: settings.path(
                "DASHBOARD_DIR",
                "Folder of the dashboard's files; none: the one that the build puts beside the program."
            ))
    }
}
