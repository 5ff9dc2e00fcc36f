extension AlertDigest {
    /// A card of plain texts, which nothing in them can turn into markup.
    var feishu: JSON {
        let texts = lines.map { line in
            (line.label.map { "\($0): " } ?? "") + AlertMarkup.plain(line.text).clipped(toBytes: longestLine)
        }
        let text = AlertMarkup.joined(texts, mostBytes: WebhookPlatform.feishu.mostBytes)
        var elements: [JSON] = [["tag": "div", "text": Self.plain(text)]]
        if let link {
            elements.append([
                "tag": "action",
                "actions": [["tag": "button", "text": Self.plain("Open"), "url": .string(link), "type": "primary"]],
            ])
        }
        let title = AlertMarkup.plain(title).clipped(toBytes: AlertMarkup.longestTitle)
        return [
            "msg_type": "interactive",
            "card": [
                "config": ["wide_screen_mode": true],
                "header": [
                    "template": isOver ? "green" : isCritical ? "red" : "orange", "title": Self.plain(title),
                ],
                "elements": .array(elements),
            ],
        ]
    }

    private static func plain(_ text: String) -> JSON { ["tag": "plain_text", "content": .string(text)] }
}
