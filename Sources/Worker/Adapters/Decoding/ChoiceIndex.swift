/// Bounds the choices that are kept of a response.
enum ChoiceIndex {
    /// Chosen: as many as may be asked for (`n`), so that no platform makes us keep more.
    static let most = 128

    static func isKept(_ index: Int) -> Bool { (0..<most).contains(index) }
}
