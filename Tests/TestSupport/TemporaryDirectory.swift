import Foundation
import Synchronization

/// A directory of its own under the system's temporary directory.
///
/// Removed when the last reference to it goes, or when the process exits in good order.
package final class TemporaryDirectory: Sendable {
    package let path: String

    private static let existing = Mutex<Set<String>>([])
    /// Evaluated once, because lasting objects such as the shared server never lose their last reference.
    private static let removalAtExit = atexit {
        for path in TemporaryDirectory.existing.withLock({ $0 }) { TemporaryDirectory.remove(path) }
    }

    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/ai-model-service-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        _ = Self.removalAtExit
        Self.existing.withLock { _ = $0.insert(path) }
    }

    deinit {
        Self.existing.withLock { _ = $0.remove(path) }
        Self.remove(path)
    }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Lets another user, whose server runs in it, work with the directory.
    package func give(to owner: String) throws {
        try FileManager.default.setAttributes([.ownerAccountName: owner], ofItemAtPath: path)
    }

    /// Nobody is left to be told of a failure.
    ///
    /// What cannot be removed stays under the system's temporary directory.
    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
