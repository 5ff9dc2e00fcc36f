extension AlertDigest {
    /// Markdown, whose lines an empty one separates.
    var dingTalk: JSON {
        let title = AlertMarkup.markdown(title).clipped(toBytes: AlertMarkup.longestTitle)
        var texts = ["### \(title)"]
        texts += lines.map { line in
            let text = AlertMarkup.markdown(line.text).clipped(toBytes: longestLine)
            return "> " + (line.label.map { "**\($0)** " } ?? "") + text
        }
        if let link { texts.append("[Open](\(link))") }
        return [
            "msgtype": "markdown",
            "markdown": [
                "title": .string(title),
                "text": .string(
                    AlertMarkup.joined(texts, separator: "\n\n", mostBytes: WebhookPlatform.dingtalk.mostBytes)),
            ],
            "at": ["isAtAll": false],
        ]
    }
}
