import Hummingbird
import Shared

/// Reads ids in paths.
///
/// Any character may stand in one, in percent encoding.
extension ShimContext {
    func pathID() throws(APIError) -> String {
        guard let id = parameters.get("id").flatMap(String.init(inPath:)), !id.isEmpty, !id.utf8.contains(0) else {
            throw .invalid(nil, "The path is not valid: expected an id in percent encoding.")
        }
        return id
    }
}

extension String {
    /// Decodes a segment of a path, or returns `nil` where it is not the percent encoding of UTF-8.
    init?(inPath segment: String) {
        var (bytes, rest) = ([UInt8](), Array(segment.utf8)[...])
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else {
                return nil
            }
            rest = rest.dropFirst(2)
            bytes.append(decoded)
        }
        self.init(validating: bytes, as: UTF8.self)
    }

    /// Encoded as a segment of a path.
    var inPath: String {
        utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            if isPlain || "-._~".utf8.contains(byte) { return String(UnicodeScalar(byte)) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
