/// The `Host` header as the HTTP client will send it, for signatures that cover it.
///
/// Fails with `authentication`, since the account's setup is at fault.
import Shared

enum SignedHost {
    /// The host, with the port only where it is not the scheme's own.
    static func of(_ url: String) throws(JobFailure) -> String {
        guard let scheme = url.range(ofLiteral: "://") else { throw noHost }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else { throw noHost }
        let host = authority.lowercased()
        for (name, port) in [("https", ":443"), ("http", ":80")]
        where url[..<scheme.lowerBound].lowercased() == name && host.hasSuffix(port) {
            return String(host.dropLast(port.count))
        }
        return host
    }

    private static let noHost = JobFailure(.authentication, "The account's base URL has no host to sign.")
}
