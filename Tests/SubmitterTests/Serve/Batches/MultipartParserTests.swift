import Testing

@testable import Submitter

@Suite struct MultipartParserTests {
    /// Content with everything that looks like a boundary and is none.
    private static let tricky = "\r\n--\r\n--b\r\n-\r\r\n--boun\n--boundary\r\n\r"
    private static let body =
        "--boundary\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
        + "--boundary \t\r\ncontent-disposition: form-data; name=file; filename=\"a;\\\"ü%22.jsonl\"\r\n"
        + "Content-Type: application/octet-stream\r\n\r\n\(tricky)\r\n"
        + "--boundary\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--boundary--\r\n"

    private struct Part: Equatable {
        let name: String
        let filename: String?
        var content: [UInt8] = []
        var isWhole = false

        init(_ name: String, _ filename: String? = nil, _ content: String = "", isWhole: Bool = true) {
            self.name = name
            self.filename = filename
            self.content = Array(content.utf8)
            self.isWhole = isWhole
        }
    }

    private static let parts = [
        Part("purpose", nil, "batch"), Part("file", "a;\"ü\".jsonl", tricky), Part("empty"),
    ]

    private func parts(_ pieces: [ArraySlice<UInt8>]) throws -> [Part] {
        var parser = MultipartParser(boundary: "boundary")
        var parts: [Part] = []
        for piece in pieces {
            for event in try parser.received(piece) {
                switch event {
                case .began(let head): parts.append(Part(head.name, head.filename, isWhole: false))
                case .content(let bytes): parts[parts.count - 1].content += bytes
                case .ended: parts[parts.count - 1].isWhole = true
                }
            }
        }
        try parser.finished()
        return parts
    }

    @Test func `a body that is cut anywhere has the same parts`() throws {
        let bytes = Array(Self.body.utf8)
        for cut in 0...bytes.count {
            #expect(try parts([bytes[..<cut], bytes[cut...]]) == Self.parts, "cut at \(cut)")
        }
    }

    @Test(arguments: [1, 2, 3, 7]) func `a body in small pieces has the same parts`(size: Int) throws {
        let bytes = Array(Self.body.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
        #expect(try parts(pieces) == Self.parts)
    }

    @Test func `content is handed on as it comes, not at its end`() throws {
        var parser = MultipartParser(boundary: "b")
        _ = try parser.received(Array("--b\r\nContent-Disposition: form-data; name=f\r\n\r\n".utf8))

        let events = try parser.received(Array("some\r\ntext\r".utf8))

        #expect(events == [.content(Array("some\r\ntext".utf8)[...])])
    }

    @Test func `bytes before the first boundary and behind the last do not count`() throws {
        #expect(try parts([Array("hello\r\n\(Self.body)bye".utf8)[...]]) == Self.parts)
    }

    @Test(arguments: [
        ("", "final boundary"), ("--boundary", "final boundary"), ("--boundary\r\n", "final boundary"),
        (String(body.dropLast(6)), "final boundary"),
        (body.replacing("\r\n", with: "\n"), "behind it"),
        ("--boundary\r\nContent-Disposition: form-data; name=a\n\r\n", "CR LF"),
        ("--boundary\r\nContent-Disposition: form-data; name=a\rX", "CR LF"),
        ("--boundaryX\r\n", "behind it"), ("--boundary-\r\n", "behind it"),
        ("--boundary" + String(repeating: " ", count: 100), "behind it"),
        ("--boundary\r\n\r\nx", "no Content-Disposition"),
        ("--boundary\r\nContent-Disposition: attachment; name=a\r\n\r\n", "no Content-Disposition"),
        ("--boundary\r\nContent-Disposition: form-data; name=\"a\r\n\r\n", "no Content-Disposition"),
        ("--boundary\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n", "no Content-Disposition"),
        ("--boundary\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\n", "no header"),
        (
            "--boundary\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            "Transfer-Encoding"
        ),
        ("--boundary\r\nX: " + String(repeating: "x", count: 20_000), "larger than"),
        ("--boundary\r\n" + String(repeating: "X: y\r\n", count: 4000), "larger than"),
        (String(repeating: "x", count: 20_000), "outside"),
        (body + String(repeating: "x", count: 20_000), "outside"),
        (
            String(repeating: "--boundary\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", count: 33),
            "more than 32 parts"
        ),
    ])
    func `a body that is no form is refused`(body: String, reason: String) {
        let refused = #expect(throws: MultipartParser.Malformed.self) { try parts([Array(body.utf8)[...]]) }
        #expect(refused?.reason.contains(reason) == true, "\(refused?.reason ?? "")")
    }

    @Test(
        arguments: [
            ("filename=\"C:\\temp\\a.jsonl\"", "C:\\temp\\a.jsonl"), ("filename=plain.jsonl", "plain.jsonl"),
            ("filename=\"x\"; filename*=UTF-8''%E4%B8%89.jsonl", "三.jsonl"), ("filename*=latin1''%E4; filename=x", "x"),
            ("filename=\"\"", ""), ("FileName = \"x\" ;", "x"), ("other=1", nil),
        ] as [(String, String?)])
    func `a file's name is read as clients write it`(parameter: String, name: String?) throws {
        let line = Array("Content-Disposition: form-data; name=\"file\"; \(parameter)".utf8)
        #expect(try MultipartHead([line[...]]).filename == name)
    }
}
