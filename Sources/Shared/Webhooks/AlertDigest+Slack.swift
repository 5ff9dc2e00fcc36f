extension AlertDigest {
    /// Block Kit: a header, a section for each line, a button.
    ///
    /// A section takes 3,000 characters, a header 150, a message 50 blocks.
    var slack: JSON {
        var blocks: [JSON] = [
            ["type": "header", "text": Self.plain(AlertMarkup.plain(title).clipped(toBytes: AlertMarkup.longestTitle))]
        ]
        for line in lines {
            // A character becomes five at most.
            let text = AlertMarkup.slack(line.text.clipped(toBytes: min(longestLine, 580)))
            let section = (line.label.map { "*\($0)* " } ?? "") + text
            blocks.append(["type": "section", "text": ["type": "mrkdwn", "text": .string(section)]])
        }
        if let link {
            blocks.append([
                "type": "actions",
                "elements": [["type": "button", "text": Self.plain("Open"), "url": .string(link)]],
            ])
        }
        return ["text": .string(AlertMarkup.slack(title.clipped(toBytes: 600))), "blocks": .array(blocks)]
    }

    private static func plain(_ text: String) -> JSON { ["type": "plain_text", "text": .string(text)] }
}
