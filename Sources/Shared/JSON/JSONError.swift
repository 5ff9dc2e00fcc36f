/// The place where bytes are not the JSON we accept, and what was expected there.
///
/// Never holds a value of the document. `path` names members only where they look like field names (short, plain
/// ASCII), since an attacker chooses keys too. Others appear as `?`.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Bytes from the start of the document.
    package let offset: Int
    /// A noun phrase for a sentence that begins with "expected".
    package let expected: String
    /// As in `messages[2].role`, or empty at the top.
    package private(set) var path = ""

    package init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }

    package var description: String {
        let place = path.isEmpty ? "" : " in \(path)"
        return "invalid JSON at byte \(offset)\(place): expected \(expected)"
    }

    /// The same error seen from the value around it.
    ///
    /// Called while the parser unwinds, so that success pays nothing.
    func inside(index: Int) -> JSONError { prefixed("[\(index)]") }

    func inside(key: String) -> JSONError {
        let isPlain =
            (1...64).contains(key.utf8.count)
            && key.utf8.allSatisfy { $0.isASCIIAlphanumeric || "_-".utf8.contains($0) }
        return prefixed(isPlain ? key : "?")
    }

    private func prefixed(_ step: String) -> JSONError {
        var error = self
        error.path = path.isEmpty || path.hasPrefix("[") ? step + path : "\(step).\(path)"
        return error
    }
}
