/// The settings as a Markdown table: `docs/configuration.md` is made of it (`submitter config --list-settings`).
package struct SettingsTable {
    private let rows: [SettingDescription]

    package init(_ rows: [SettingDescription]) { self.rows = rows }

    package var markdown: String {
        let head = ["| Variable | Type | Default | Range | Effect |", "|---|---|---|---|---|"]
        return (head + rows.map(Self.line)).joined(separator: "\n") + "\n"
    }

    private static func line(_ row: SettingDescription) -> String {
        let cells = ["`\(row.name)`", row.type, "`\(row.standard)`", row.range ?? "", row.effect]
        return "| " + cells.map { $0.split(separator: "|").joined(separator: "\\|") }.joined(separator: " | ") + " |"
    }
}
