extension Secret {
    /// A key as people paste it or files end: without white space and invisible characters around it.
    ///
    /// `nil` for an empty one, and for one with control characters inside, since no header can carry it.
    package init?(pasted text: String) {
        let isOutside = { (character: Character) in character.isWhitespace || "\u{FEFF}\u{200B}".contains(character) }
        var key = text[...]
        while key.first.map(isOutside) == true { key.removeFirst() }
        while key.last.map(isOutside) == true { key.removeLast() }
        guard (1...4096).contains(key.utf8.count), !key.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
            return nil
        }
        self.init(String(key))
    }
}
