/// The three queues, most urgent first.
package enum Lane: String, Sendable, CaseIterable, Codable {
    case high, normal, batch

    /// 0 for the most urgent.
    package var index: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .batch: 2
        }
    }

    package init?(index: Int) {
        guard Lane.allCases.indices.contains(index) else { return nil }
        self = Lane.allCases[index]
    }
}
