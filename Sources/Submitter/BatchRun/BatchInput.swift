import Shared

/// Reads the lines of a stored file, one chunk at a time.
struct BatchInput {
    struct Line {
        /// From 1, blank lines counted.
        let number: Int
        let bytes: [UInt8]
    }

    private let file: String
    private var seq = 0
    private var chunk: [UInt8] = []
    private var place = 0
    private var number = 0

    init(file: String) { self.file = file }

    /// The next line that is not blank, or `nil` at the end of the file.
    mutating func next(_ parts: BatchParts) async throws -> Line? {
        while true {
            while place < chunk.count {
                let line = takeLine()
                if !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t") })
                {
                    return Line(number: number, bytes: line)
                }
            }
            let (seq, file) = (seq, file)
            guard let found = try await parts.persist({ try await parts.store.chunk(seq, of: file) }) else {
                return nil
            }
            chunk = Array(found.data.utf8)
            place = 0
            number = found.firstLine - 1
            self.seq += 1
        }
    }

    private mutating func takeLine() -> [UInt8] {
        let end = chunk[place...].firstIndex(of: UInt8(ascii: "\n")) ?? chunk.endIndex
        var line = chunk[place..<end]
        place = min(end + 1, chunk.endIndex)
        number += 1
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        return Array(line)
    }
}
