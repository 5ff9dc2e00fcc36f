import Shared

/// The name of a file of the dashboard: a path below its folder, with an ending whose type browsers are told (pure).
///
/// No part of it begins with a dot, so that no name leads out of the folder.
struct AssetName: Sendable, Equatable {
    enum Ending: String, Sendable, CaseIterable {
        case html, css, js, json, svg

        var contentType: String {
            switch self {
            case .html: "text/html; charset=utf-8"
            case .css: "text/css; charset=utf-8"
            case .js: "text/javascript; charset=utf-8"
            case .json: "application/json"
            case .svg: "image/svg+xml"
            }
        }
    }

    let path: String
    let ending: Ending

    static let page = AssetName(path: "index.html", ending: .html)

    private init(path: String, ending: Ending) {
        self.path = path
        self.ending = ending
    }

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), parts.allSatisfy(Self.isPlain), let dot = text.lastIndex(of: "."),
            let ending = Ending(rawValue: String(text[text.index(after: dot)...]))
        else { return nil }
        self.init(path: text, ending: ending)
    }

    private static func isPlain(_ part: Substring) -> Bool {
        (1...64).contains(part.utf8.count) && part.first != "."
            && part.utf8.allSatisfy { $0.isASCIIAlphanumeric || "-.".utf8.contains($0) }
    }
}
