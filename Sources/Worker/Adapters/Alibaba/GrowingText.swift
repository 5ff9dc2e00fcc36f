/// Tells whether the pieces of one text are what is new, as asked, or repeat all text before them, and gives what is new.
///
/// We always ask for new text only (`incremental_output`), so that is what a text is taken for, unless its pieces show
/// that the model ignores the flag. One piece that begins with all before it shows little ("哈", then "哈哈"), so such
/// pieces are held back until the next ones decide:
///
/// 1. A piece that does not begin with the whole piece before it, or that is empty after text: new text only, for good.
/// 2. Two such pieces in a row, the repeated part 12 bytes or more and not one run over and over ("哈哈哈哈"): repeating,
///    for good. Eight in a row that each add something settle it for runs, too: pieces of new text do not grow for ever.
/// 3. Four in a row that add nothing: new text only ("哈", "哈", "哈", …), since repeating pieces exist to add something.
/// 4. The end of the answer while pieces are held: repeating, if the last repeated part is no run and either 12 bytes long
///    or the second in a row ("好", "好的", "好的。"); else new text only, as asked ("哈", "哈哈" are three).
///
/// Compares bytes: for `String`, "e" is no prefix of "é" written as "e" and an accent.
struct GrowingText: Sendable {
    private enum Form: Sendable {
        case undecided, incremental, repeating
    }

    /// Chosen: four Chinese characters; the first piece of an answer is rarely longer than that.
    static let provingBytes = 12
    static let provingPieces = 8
    static let stalledPieces = 4

    private var form = Form.undecided
    /// The piece before, while undecided; everything so far, while repeating.
    private var last: [UInt8] = []
    /// Bytes of `last` that were given out already.
    private var given = 0
    /// Pieces not given out yet, in the order they came.
    private var held: [String] = []
    private var repeats = 0
    private var growths = 0
    private var stalls = 0
    private var isLastRepeatProof = false

    init() {}

    /// What is new in `piece`; empty while it is held.
    mutating func take(_ piece: String) -> String {
        switch form {
        case .incremental: return piece
        case .repeating: return rest(of: Array(piece.utf8), piece)
        case .undecided: return decide(piece)
        }
    }

    /// The field was there and empty: a text that repeats itself never is.
    mutating func takeNothing() -> String {
        guard form == .undecided, !last.isEmpty else { return "" }
        return settleIncremental()
    }

    /// What was held, at the end of the answer.
    mutating func settle() -> String {
        guard form == .undecided, !held.isEmpty else { return "" }
        let isProof = isLastRepeatProof && (repeats > 1 || lastRepeated >= Self.provingBytes)
        return isProof ? settleRepeating() : settleIncremental()
    }

    /// Length of the part that the last piece repeated.
    private var lastRepeated = 0

    private mutating func decide(_ piece: String) -> String {
        let bytes = Array(piece.utf8)
        guard !bytes.isEmpty else { return "" }
        guard !last.isEmpty else {
            last = bytes
            given = bytes.count
            return piece
        }
        held.append(piece)
        guard bytes.starts(with: last) else { return settleIncremental() }
        repeats += 1
        lastRepeated = last.count
        isLastRepeatProof = !Self.isRun(last)
        growths = bytes.count > last.count ? growths + 1 : growths
        stalls = bytes.count > last.count ? 0 : stalls + 1
        last = bytes
        if stalls >= Self.stalledPieces { return settleIncremental() }
        let isProven = repeats > 1 && isLastRepeatProof && lastRepeated >= Self.provingBytes
        return isProven || growths >= Self.provingPieces ? settleRepeating() : ""
    }

    private mutating func settleIncremental() -> String {
        let text = held.joined()
        self = GrowingText(form: .incremental)
        return text
    }

    private mutating func settleRepeating() -> String {
        form = .repeating
        held = []
        let new = last[given...]
        given = last.count
        return String(decoding: new, as: UTF8.self)
    }

    /// The part of a repeating piece that is new; a piece that stopped repeating is new as a whole.
    private mutating func rest(of bytes: [UInt8], _ piece: String) -> String {
        if last.starts(with: bytes) { return "" }
        guard bytes.starts(with: last) else {
            self = GrowingText(form: .incremental)
            return piece
        }
        last = bytes
        let new = bytes[given...]
        given = bytes.count
        return String(decoding: new, as: UTF8.self)
    }

    private init(form: Form) { self.form = form }

    /// Whether the bytes are one shorter run, twice or more, the last one possibly cut.
    static func isRun(_ bytes: [UInt8]) -> Bool {
        // Knuth, Morris, Pratt: the longest border of each prefix.
        var borders = [Int](repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = borders[length - 1] }
            if bytes[index] == bytes[length] { length += 1 }
            borders[index] = length
        }
        guard let border = borders.last, border > 0 else { return false }
        return (bytes.count - border) * 2 <= bytes.count
    }
}
