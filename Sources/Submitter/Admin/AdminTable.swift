import Shared

/// Rows of JSON for people: aligned columns, one line each.
///
/// A list leaves out columns that are empty in every row, and on a terminal no line is wider than it (`ColumnFit`).
struct AdminTable {
    /// A column's heading is its member in upper case.
    let columns: [String]
    let rows: [JSON]

    /// All columns, of any width.
    var text: String { text(columns, width: nil) }

    /// A list: without empty columns, and fitting a terminal of this width, `nil` for no limit.
    func text(width: Int?) -> String {
        let names = rows.isEmpty ? columns : columns.filter { name in rows.contains { !Self.isEmpty($0[name]) } }
        return text(names, width: width)
    }

    private func text(_ names: [String], width: Int?) -> String {
        let cells = [names.map { $0.uppercased() }] + rows.map { row in names.map { Self.cell(row[$0]) } }
        let natural = names.indices.map { column in cells.map { TerminalText.width($0[column]) }.max() ?? 0 }
        let fit = ColumnFit(natural, limit: width)
        let left = names.dropFirst(fit.widths.count).map { $0.uppercased() }
        let note =
            left.isEmpty ? "" : TerminalText.cut("(no room: \(left.joined(separator: ", ")))", to: width ?? 0) + "\n"
        return cells.map { Self.line($0, fit.widths) }.joined() + note
    }

    private static func isEmpty(_ value: JSON?) -> Bool { ["", "-"].contains(cell(value)) }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).map { TerminalText.padded(TerminalText.cut($0, to: $1), to: $1) }
        return padded.joined(separator: String(repeating: " ", count: ColumnFit.gap)).trimmingEnd + "\n"
    }

    /// One row, with a line per member.
    static func text(of row: JSON) -> String {
        let members = row.objectValue?.members ?? []
        let names = members.map { TerminalText.plain($0.key) }
        let width = names.map(TerminalText.width).max() ?? 0
        return zip(names, members).map { name, member in
            let name = TerminalText.padded(name, to: width)
            let value = member.key.hasSuffix("_at") ? time(member.value) : cell(member.value)
            return "\(name)  \(value)".trimmingEnd + "\n"
        }.joined()
    }

    /// Without control characters, on one line.
    static func cell(_ value: JSON?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text):
            TerminalText.plain(text.split(whereSeparator: \.isNewline).joined(separator: "; "))
        case .array(let elements): elements.isEmpty ? "-" : elements.map { cell($0) }.joined(separator: ",")
        case .object(let object):
            object.isEmpty
                ? "-" : object.members.map { "\(TerminalText.plain($0.key))=\(cell($0.value))" }.joined(separator: ",")
        case .some(let other): String(decoding: other.encoded, as: UTF8.self)
        }
    }

    /// In UTC.
    static func time(_ value: JSON?) -> String {
        guard let milliseconds = value?.intValue else { return "-" }
        let moment = UTCTime(millisecondsSince1970: Int64(milliseconds))
        return "\(moment.date) \(moment.time)Z"
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// Standard output of the commands that look after the catalogue.
enum AdminOutput {
    /// As it is.
    static func say(_ text: String) { StandardStreams.out(Array("\(text)\n".utf8)) }

    static func list(_ rows: [JSON], _ columns: [String], asJSON: Bool) {
        if asJSON { return json(.array(rows)) }
        let width = TerminalSize.of()?.columns
        StandardStreams.out(Array(AdminTable(columns: columns, rows: rows).text(width: width).utf8))
    }

    static func row(_ row: JSON, asJSON: Bool) {
        if asJSON { return json(row) }
        StandardStreams.out(Array(AdminTable.text(of: row).utf8))
    }

    private static func json(_ value: JSON) {
        StandardStreams.out(value.encoded.escapingControls + [UInt8(ascii: "\n")])
    }
}

extension [UInt8] {
    /// JSON whose strings have DEL and the controls of U+0080 to U+009F in escaped form.
    ///
    /// JSON leaves that to its writer.
    fileprivate var escapingControls: [UInt8] {
        guard contains(where: { $0 == 0x7F || $0 == 0xC2 }) else { return self }
        var (escaped, index) = ([UInt8](), startIndex)
        while index < endIndex {
            let next = index + 1 < endIndex ? self[index + 1] : 0
            let control: UInt8? =
                self[index] == 0x7F ? 0x7F : self[index] == 0xC2 && (0x80..<0xA0).contains(next) ? next : nil
            if let control { escaped += "\\u00\(String(control, radix: 16))".utf8 } else { escaped.append(self[index]) }
            index += control == nil || control == 0x7F ? 1 : 2
        }
        return escaped
    }
}
