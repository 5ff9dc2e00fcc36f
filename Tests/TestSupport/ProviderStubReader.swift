/// Cuts the bytes of a connection into HTTP/1.1 requests, with `Content-Length` or chunked bodies.
///
/// Pure.
struct StubRequestReader {
    struct Request {
        var method = ""
        var path = ""
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
    }

    private var bytes: [UInt8] = []

    mutating func feed(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// The next whole request.
    ///
    /// `nil` until it has come.
    mutating func next() -> Request? {
        guard let headEnd = Self.find("\r\n\r\n", in: bytes[...]) else { return nil }
        var request = Self.head(bytes[..<headEnd])
        let rest = bytes[(headEnd + 4)...]
        guard let (body, end) = Self.body(of: request, in: rest) else { return nil }
        request.body = body
        bytes.removeSubrange(..<end)
        return request
    }

    private static func head(_ bytes: ArraySlice<UInt8>) -> Request {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        var request = Request()
        request.method = words.first.map(String.init) ?? ""
        request.path = words.dropFirst().first.map(String.init) ?? ""
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.headers.append((String(line[..<colon]), String(value)))
        }
        return request
    }

    private static func body(of request: Request, in rest: ArraySlice<UInt8>) -> ([UInt8], end: Int)? {
        func header(_ name: String) -> String? { request.headers.first { $0.name.lowercased() == name }?.value }
        if header("transfer-encoding")?.lowercased() == "chunked" { return chunks(rest) }
        let length = header("content-length").flatMap { Int($0) } ?? 0
        guard rest.count >= length else { return nil }
        return (Array(rest.prefix(length)), rest.startIndex + length)
    }

    private static func chunks(_ bytes: ArraySlice<UInt8>) -> ([UInt8], end: Int)? {
        var (body, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes)
        while let lineEnd = find("\r\n", in: rest) {
            let line = String(decoding: rest[rest.startIndex..<lineEnd], as: UTF8.self)
            let size = Int(line.prefix { $0 != ";" }, radix: 16) ?? 0
            let start = lineEnd + 2
            guard rest.endIndex >= start + size + 2 else { return nil }
            if size == 0 { return (body, start + 2) }
            body += rest[start..<start + size]
            rest = rest[(start + size + 2)...]
        }
        return nil
    }

    private static func find(_ text: String, in bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array(text.utf8)
        var index = bytes.startIndex
        while index + mark.count <= bytes.endIndex {
            if bytes[index] == mark[0], bytes[index..<index + mark.count].elementsEqual(mark) { return index }
            index += 1
        }
        return nil
    }
}
