extension Secret {
    /// A key as people paste it or files end: without white space and invisible characters around it.
    ///
    /// `nil` for an empty one, and for one with control characters inside: no header can carry it.
    package init?(pasted text: String) {
        let isOutside = { (character: Character) in character.isWhitespace || "\u{FEFF}\u{200B}".contains(character) }
        guard let first = text.firstIndex(where: { !isOutside($0) }), let last = text.lastIndex(where: { !isOutside($0) })
        else { return nil }
        let key = text[first...last]
        guard key.utf8.count <= 4096, !key.utf8.contains(where: { $0 < 32 || $0 == 127 }) else { return nil }
        self.init(String(key))
    }
}
