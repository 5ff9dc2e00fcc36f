/// What an answer says in `Content-Encoding`.
struct ContentEncoding: Equatable {
    /// In small letters, in the order they were applied; bounded, since they are told to people.
    let names: [String]

    /// `nil` where it says nothing.
    init?(_ head: HTTPHead) {
        let values = head.headers.filter { $0.name == "content-encoding" }.map(\.value)
        guard !values.isEmpty else { return nil }
        names = values.joined(separator: ",").lowercased().split(separator: ",").prefix(4).map { name in
            String(String.UnicodeScalarView(name.unicodeScalars.filter(Self.isOfName).prefix(32)))
        }
    }

    /// No packing at all, but what its server takes for an encoding: the body is read as it is.
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
