#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads the key of an account from where it is.
extension CatalogFile.KeySource {
    /// The field that names it.
    var field: String {
        switch self {
        case .none, .plain: "api_key"
        case .environment: "api_key_env"
        case .file: "api_key_file"
        case .sealed: "api_key_encrypted"
        }
    }

    /// The key itself, or `nil` where none is given, or a sealed one.
    func secret() throws(CatalogFile.Mistakes) -> Secret? {
        switch self {
        case .none, .sealed: return nil
        case .plain(let secret): return secret
        case .environment(let name):
            let text = ProcessInfo.processInfo.environment[name] ?? ""
            if let key = Secret(pasted: text) { return key }
            let fault = text.isEmpty ? "is not set" : "holds none: it has control characters, or is empty or too long"
            throw CatalogFile.Mistakes(list: [
                "\(field): expected the key in the environment variable\(Self.shown(name)), which \(fault)"
            ])
        case .file(let path):
            guard let key = SettingsFile.text(at: path).flatMap(Secret.init(pasted:)) else {
                throw CatalogFile.Mistakes(list: [
                    "\(field): expected a readable file with the key\(path.hasPrefix("/") ? ", unlike " + path : "")"
                ])
            }
            return key
        }
    }

    /// Somebody may have put the key where its name belongs.
    private static func shown(_ name: String) -> String {
        let isName = name.utf8.allSatisfy { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") }
        return isName && name.utf8.count <= 64 ? " " + name : ""
    }
}
