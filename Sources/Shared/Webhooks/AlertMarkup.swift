/// Makes texts safe for the markup of chat platforms, and fits them into messages (pure).
enum AlertMarkup {
    /// Bytes of a title after it was escaped.
    static let longestTitle = 120

    /// On one line, without controls and marks that turn the direction of what follows.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator, .format: " "
                    default: scalar
                    }
                }))
    }

    /// For Slack, whose `<` begins links and mentions.
    static func slack(_ text: String) -> String {
        var escaped = ""
        for character in plain(text) {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static let twins: [Character: Character] = [
        "<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "｀", "#": "＃", "!": "！", "\\": "＼", "~": "～", "@": "＠",
    ]

    /// For DingTalk and WeCom, whose Markdown has no escape that both honour: what would be markup becomes its
    /// full-width twin, which looks the same and means nothing.
    static func markdown(_ text: String) -> String { String(plain(text).map { twins[$0] ?? $0 }) }

    /// Lines up to so many bytes, each with the separator behind it.
    ///
    /// The lines that have no room are counted in a last one.
    static func joined(_ lines: [String], separator: String = "\n", mostBytes: Int) -> String {
        let reserve = "… and 10000 more lines".utf8.count
        var (kept, used) = ([String](), 0)
        for (index, line) in lines.enumerated() {
            let size = line.utf8.count + separator.utf8.count
            let room = index == lines.count - 1 ? mostBytes : mostBytes - reserve - separator.utf8.count
            guard used + size <= room else {
                kept.append("… and \(Words.count(lines.count - index, "more line"))")
                break
            }
            kept.append(line)
            used += size
        }
        return kept.joined(separator: separator)
    }
}
