import Foundation
import Shared
import Testing

@testable import Submitter

/// Tables and texts on a terminal.
@Suite struct TerminalTableTests {
    private let columns = ["id", "state", "age", "lane", "tenant", "model", "attempt", "worker", "due"]
    private let rows: [JSON] = [
        [
            "id": "0-01KAT5Q3Z8W6N4J2H0F9D7C5B3", "state": "running", "age": "3m 5s", "lane": "normal",
            "tenant": "the-tenant-with-the-long-name", "model": "gpt-4.1-mini", "attempt": 2,
            "worker": "worker-host-17-4711-0a1b2c3d", "due": .null,
        ],
        [
            "id": "0-01KAT5Q3Z8W6N4J2H0F9D7C5B4", "state": "queued", "age": "12s", "lane": "high", "tenant": "a",
            "model": "sandbox", "attempt": .null, "worker": .null,
        ],
    ]

    private func lines(_ width: Int?) -> [String] {
        AdminTable(columns: columns, rows: rows).text(width: width).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [1, 2, 7, 20, 40, 50, 63, 80, 100, 120, 200])
    func `no line is wider than the terminal`(width: Int) {
        #expect(lines(width).allSatisfy { TerminalText.width($0) <= width })
    }

    @Test func `a column that is empty in every row is left out`() {
        #expect(lines(nil)[0].contains("WORKER"))
        #expect(!lines(nil)[0].contains("DUE"))
    }

    @Test func `a table without rows has all its headings`() {
        #expect(AdminTable(columns: ["id", "state"], rows: []).text == "ID  STATE\n")
    }

    @Test func `nothing is cut where there is no terminal`() {
        #expect(lines(nil).allSatisfy { !$0.contains("…") })
        #expect(lines(nil)[1].hasSuffix("worker-host-17-4711-0a1b2c3d"))
    }

    @Test func `on 80 columns every column is there and the id is whole`() {
        let lines = lines(80)

        #expect(lines[1].hasPrefix("0-01KAT5Q3Z8W6N4J2H0F9D7C5B3  "))
        #expect(lines[1].contains("…"))
        #expect(lines[0].split(separator: " ").count == 8)
        #expect(lines.count == 3)
    }

    @Test func `on 50 columns the id is whole and what has no room is named`() {
        let lines = lines(50)

        #expect(lines[1].hasPrefix("0-01KAT5Q3Z8W6N4J2H0F9D7C5B3  runn"))
        #expect(lines.last?.hasPrefix("(no room: ") == true)
        #expect(lines.last?.contains("WORKER") == true)
    }

    @Test func `what fits keeps its natural widths`() {
        #expect(ColumnFit([3, 5, 7], limit: 19).widths == [3, 5, 7])
        #expect(ColumnFit([3, 5, 7], limit: nil).widths == [3, 5, 7])
    }

    @Test func `room that is left goes to the narrowest columns`() {
        #expect(ColumnFit([10, 40, 12], limit: 40).widths.reduce(0, +) + 2 * ColumnFit.gap == 40)
        #expect(ColumnFit([10, 40, 12], limit: 40).widths[0] == 10)
    }

    @Test(arguments: [
        ("abc", 3), ("模型", 4), ("e\u{301}", 1), ("한글", 4), ("ｆｕ", 4), ("😀", 2), ("\u{200B}", 0), ("…", 1), ("", 0),
    ])
    func `wide characters count double and combining ones nothing`(text: String, width: Int) {
        #expect(TerminalText.width(text) == width)
    }

    @Test func `a cut text ends with an ellipsis and never in the middle of a wide character`() {
        #expect(TerminalText.cut("模型名称", to: 8) == "模型名称")
        #expect(TerminalText.cut("模型名称", to: 7) == "模型名…")
        #expect(TerminalText.cut("模型名称", to: 6) == "模型…")
        #expect(TerminalText.cut("e\u{301}e\u{301}e\u{301}", to: 2) == "e\u{301}…")
        #expect(TerminalText.cut("abc", to: 1) == "…")
        #expect(TerminalText.cut("abc", to: 0) == "")
    }

    @Test func `wide cells are aligned`() {
        let rows: [JSON] = [["id": "模型", "state": "x"], ["id": "abcde", "state": "y"]]

        #expect(AdminTable(columns: ["id", "state"], rows: rows).text == "ID     STATE\n模型   x\nabcde  y\n")
    }

    @Test(arguments: ["\u{1B}[2J", "\u{9B}31m", "\u{7}", "\u{7F}", "\u{202E}", "a\tb", "\u{2066}", "\r"])
    func `no control character reaches a terminal`(text: String) {
        let rows: [JSON] = [["id": .string("a" + text + "b"), "o": .object(["k" + text: .string(text)])]]
        let shown = AdminTable(columns: ["id", "o"], rows: rows).text + AdminTable.text(of: rows[0])

        let controls = shown.unicodeScalars.filter {
            $0.properties.generalCategory == .control && $0 != "\n" || (0x202A...0x2069).contains($0.value)
        }
        #expect(controls.isEmpty)
    }

    @Test func `line ends in running text stay`() {
        #expect(TerminalText.lines("a\n\tb\u{1B}[0m") == "a\n\tb\u{FFFD}[0m")
        #expect(TerminalText.plain("a\n\tb") == "a  b")
    }

    @Test func `a terminal's own size comes first, then the variables, then 80 by 24`() {
        #expect(TerminalSize(120, 40, ["COLUMNS": "50"]).columns == 120)
        #expect(TerminalSize(0, 0, ["COLUMNS": "50"]).columns == 50)
        #expect(TerminalSize(0, 0, [:]) == TerminalSize(80, 24, [:]))
        #expect(TerminalSize(0, 0, ["COLUMNS": "many", "LINES": "-1"]) == TerminalSize(80, 24, [:]))
    }
}
