/// A set of line numbers, one bit a line.
///
/// Numbers come from the database, and those that no file can have are left out.
struct LineSet: Sendable, Equatable {
    private var words: [UInt64] = []
    private(set) var count = 0

    /// Chosen: 32 MB of bits.
    static let most = 1 << 28

    mutating func insert(_ line: Int) {
        guard (0..<Self.most).contains(line) else { return }
        let word = line / 64
        if word >= words.count { words += Array(repeating: 0, count: word - words.count + 1) }
        let bit = UInt64(1) << UInt64(line % 64)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    func contains(_ line: Int) -> Bool {
        guard line >= 0, line / 64 < words.count else { return false }
        return words[line / 64] & (1 << UInt64(line % 64)) != 0
    }
}
