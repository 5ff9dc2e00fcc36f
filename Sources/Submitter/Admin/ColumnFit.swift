/// Chooses the widths of a table's columns for a terminal (pure).
///
/// 1. Where all columns fit, each is as wide as its widest cell.
/// 2. Else the wide ones shrink, to `least` columns at the most. The first one, by which people name a row, keeps up to
///    three fifths of the line.
/// 3. Where even that is too much, the last columns are left out.
struct ColumnFit: Equatable {
    /// Of the columns that are shown, from the left.
    let widths: [Int]

    static let gap = 2
    /// Columns that every column has, wherever it shrinks.
    ///
    /// Chosen: four characters and `…` still tell most words apart. Seven columns beside an id fit into 80.
    private static let least = 5

    /// `natural` are the widths of the widest cells.
    ///
    /// `limit` is the width of the terminal, `nil` for no limit.
    init(_ natural: [Int], limit: Int?) {
        guard let limit, Self.line(natural) > limit else {
            widths = natural
            return
        }
        var widths = natural.indices.map { min(natural[$0], $0 == 0 ? max(Self.least, limit * 3 / 5) : Self.least) }
        while widths.count > 1, Self.line(widths) > limit { widths.removeLast() }
        Self.widen(&widths, natural, by: limit - Self.line(widths))
        self.widths = widths.count == 1 ? [min(widths[0], limit)] : widths
    }

    /// Gives the room that is left to the narrowest of the columns that want more, one by one.
    private static func widen(_ widths: inout [Int], _ natural: [Int], by room: Int) {
        for _ in 0..<max(0, room) {
            let wanting = widths.indices.filter { widths[$0] < natural[$0] }
            guard let next = wanting.min(by: { widths[$0] < widths[$1] }) else { return }
            widths[next] += 1
        }
    }

    private static func line(_ widths: [Int]) -> Int { widths.reduce(0, +) + gap * max(0, widths.count - 1) }
}
