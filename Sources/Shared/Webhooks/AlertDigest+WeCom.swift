extension AlertDigest {
    /// Markdown with colours, 4,096 bytes at most.
    var weCom: JSON {
        let title = AlertMarkup.markdown(title).clipped(toBytes: AlertMarkup.longestTitle)
        var texts = ["<font color=\"\(isOver ? "info" : "warning")\">**\(title)**</font>"]
        texts += lines.map { line in
            ">" + (line.label.map { "**\($0)** " } ?? "")
                + AlertMarkup.markdown(line.text).clipped(toBytes: longestLine)
        }
        if let link { texts.append("[Open](\(link))") }
        return [
            "msgtype": "markdown",
            "markdown": [
                "content": .string(AlertMarkup.joined(texts, mostBytes: WebhookPlatform.wecom.mostBytes))
            ],
        ]
    }
}
