import Shared

/// The content of a journal (pure): the batch that the result files belong to, and how far they are written.
///
/// A journal is lines of JSON, appended. The first names the batch and the input. Each later one tells the sizes of the
/// result files after so many results, once those are on the disk. A last line that is torn, or that nobody can read,
/// counts as missing: its work is done again.
struct JournalState: Equatable {
    var header: JournalHeader?
    var position = JournalPosition()
    /// Set once the batch has ended and all of its results are written.
    var end: JournalEnd?
    /// The round whose failed lines were asked for again, until a batch's end is written after it.
    var retriedRound: Int?
    /// Bytes of the whole lines.
    ///
    /// The rest is cut off.
    var wholeBytes = 0

    /// A line in the middle that nobody can read, by its number.
    struct Damaged: Error, Equatable { let line: Int }

    init() {}

    init(parsing bytes: [UInt8]) throws(Damaged) {
        var (start, number) = (0, 0)
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            let isLast = end + 1 == bytes.count
            guard let entry = Self.entry(bytes[start..<end], isFirst: number == 1) else {
                guard isLast, number > 1 else { throw Damaged(line: number) }
                return
            }
            apply(entry)
            start = end + 1
            wholeBytes = start
        }
    }

    mutating func apply(_ entry: JournalEntry) {
        switch entry {
        case .header(let header): self = JournalState(header)
        case .position(let position):
            self.position = position
            end = nil
        case .end(let end):
            self.end = end
            retriedRound = nil
        case .retry(let round):
            retriedRound = round
            end = nil
        }
    }

    private init(_ header: JournalHeader) { self.header = header }

    private static func entry(_ line: ArraySlice<UInt8>, isFirst: Bool) -> JournalEntry? {
        let json: JSON
        do { json = try JSON(parsing: line) } catch { return nil }
        guard let entry = JournalEntry(json) else { return nil }
        if case .header = entry { return isFirst ? entry : nil }
        return isFirst ? nil : entry
    }
}
