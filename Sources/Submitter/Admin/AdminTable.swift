import Shared

/// Rows of JSON for people: aligned columns, one line each.
struct AdminTable {
    /// A column's heading is its member in upper case.
    let columns: [String]
    let rows: [JSON]

    var text: String {
        let cells = [columns.map { $0.uppercased() }] + rows.map { row in columns.map { Self.cell(row[$0]) } }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            let padded = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return padded.joined(separator: "  ").trimmingEnd + "\n"
        }.joined()
    }

    /// One row, with a line per member.
    static func text(of row: JSON) -> String {
        let members = row.objectValue?.members ?? []
        let width = members.map(\.key.count).max() ?? 0
        return members.map { member in
            let name = member.key + String(repeating: " ", count: width - member.key.count)
            let value = member.key.hasSuffix("_at") ? time(member.value) : cell(member.value)
            return "\(name)  \(value)".trimmingEnd + "\n"
        }.joined()
    }

    static func cell(_ value: JSON?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text): text.split(whereSeparator: \.isNewline).joined(separator: "; ")
        case .array(let elements): elements.isEmpty ? "-" : elements.map { cell($0) }.joined(separator: ",")
        case .object(let object):
            object.isEmpty ? "-" : object.members.map { "\($0.key)=\(cell($0.value))" }.joined(separator: ",")
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
    static func say(_ text: String) { StandardStreams.out(Array("\(text)\n".utf8)) }

    static func list(_ rows: [JSON], _ columns: [String], asJSON: Bool) {
        if asJSON { return json(.array(rows)) }
        StandardStreams.out(Array(AdminTable(columns: columns, rows: rows).text.utf8))
    }

    static func row(_ row: JSON, asJSON: Bool) {
        if asJSON { return json(row) }
        StandardStreams.out(Array(AdminTable.text(of: row).utf8))
    }

    private static func json(_ value: JSON) { StandardStreams.out(value.encoded + [UInt8(ascii: "\n")]) }
}
