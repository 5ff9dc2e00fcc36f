import Foundation

/// A directory of its own under the system's temporary directory, removed when the last reference to it goes.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/ai-model-service-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Nothing is left to tell anybody; what cannot be removed stays under /tmp.
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Lets another user, whose server runs in it, work with the directory.
    package func give(to owner: String) throws {
        try FileManager.default.setAttributes([.ownerAccountName: owner], ofItemAtPath: path)
    }
}
