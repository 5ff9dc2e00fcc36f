import NIOCore
import NIOPosix
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A folder whose files browsers load, read on NIO's threads for files, since a disk may be slow.
///
/// It reads whatever name it is given: those who ask it know all names, or check them.
struct FileFolder: Sendable {
    let path: String

    /// Content and its hash.
    struct File: Sendable {
        let bytes: ByteBuffer
        let hash: String

        init(_ bytes: [UInt8]) {
            self.bytes = ByteBuffer(bytes: bytes)
            hash = bytes.sha256Hex
        }
    }

    /// `nil` for a file that is not there or cannot be read.
    func read(_ name: String) async throws -> File? {
        let file = path + "/" + name
        return try await NIOThreadPool.singleton.runIfActive {
            FileManager.default.contents(atPath: file).map { File([UInt8]($0)) }
        }
    }

    func has(_ names: [String]) async throws -> Bool {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            names.allSatisfy { FileManager.default.isReadableFile(atPath: path + "/" + $0) }
        }
    }
}
