/// The encodings that a response names in `Content-Encoding`.
struct ContentEncoding: Equatable {
    /// In lower case, in the order they were applied, and bounded, since error texts show them.
    let names: [String]

    /// `nil` without such a header.
    init?(_ head: HTTPHead) {
        let values = head.headers.filter { $0.name == "content-encoding" }.map(\.value)
        guard !values.isEmpty else { return nil }
        names = values.joined(separator: ",").lowercased().split(separator: ",").prefix(4).map { name in
            String(String.UnicodeScalarView(name.unicodeScalars.filter(Self.isOfName).prefix(32)))
        }
    }

    /// True when no name is a compression.
    ///
    /// Some servers write a charset here, and the body is then read as it is.
    var isMisnamed: Bool { names.allSatisfy { Self.misnomers.contains($0) } }

    var error: HTTPError {
        HTTPError(
            .encoding, "the answer says that it is packed with \(names.joined(separator: ", ")), and cannot be unpacked"
        )
    }

    private static let misnomers: Set<String> = [
        "", "identity", "none", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "gbk", "binary", "8bit", "chunked",
    ]

    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains(scalar))
    }
}
