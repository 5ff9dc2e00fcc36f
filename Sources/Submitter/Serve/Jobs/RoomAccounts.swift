import Shared

/// The accounts that a room waits for, of the JSON array that workers keep beside it.
enum RoomAccounts {
    /// Chosen: a list of a hundred names still fits a page.
    private static let most = 100

    static func names(_ spec: [UInt8]) -> [String] {
        let names = (try? JSON(parsing: spec))?.arrayValue ?? []
        return names.prefix(most).compactMap { $0.stringValue?.clipped(toBytes: Bounds.name) }
    }
}
