import Testing

@testable import Worker

/// A transfer between the curl thread and its reader, without a network.
@Suite(.timeLimit(.minutes(1))) struct TransferTests {
    private let loop: CurlLoop
    private let transfer: Transfer

    init() throws {
        loop = try CurlLoop(HTTPClientConfiguration())
        transfer = Transfer(
            HTTPRequest(url: "http://h", maxResponseBytes: 10), maxBufferedBytes: 4, loop.resumptions)
    }

    private func receive(_ bytes: [UInt8]) -> Transfer.Reception {
        defer { loop.resumptions.flush() }
        return bytes.withUnsafeBytes { transfer.receive($0).0 }
    }

    private func end(_ result: Result<Void, HTTPError>) {
        transfer.end(result)
        loop.resumptions.flush()
    }

    private func next() async throws -> [UInt8]? { try await transfer.next(notBefore: nil, in: loop).get() }

    @Test func `bytes come before the end`() async throws {
        #expect(receive([1, 2]) == .taken)
        #expect(receive([3]) == .taken)
        end(.success(()))

        #expect(try await next() == [1, 2, 3])
        #expect(try await next() == nil)
        await loop.shutdown()
    }

    @Test func `bytes come before an error, and it stays`() async throws {
        #expect(receive([1]) == .taken)
        end(.failure(HTTPError(.cut, "cut")))

        #expect(try await next() == [1])
        for _ in 0..<2 { await #expect(throws: HTTPError(.cut, "cut")) { try await next() } }
        await loop.shutdown()
    }

    @Test func `only the first end counts`() async throws {
        end(.failure(.cancelled))
        end(.success(()))
        end(.failure(HTTPError(.cut, "cut")))

        await #expect(throws: HTTPError.cancelled) { try await next() }
        await loop.shutdown()
    }

    @Test func `a waiting reader is resumed once by bytes and end together`() async throws {
        for _ in 0..<200 {
            let transfer = Transfer(HTTPRequest(url: "http://h"), maxBufferedBytes: 4, loop.resumptions)
            async let bytes = transfer.next(notBefore: nil, in: loop)
            async let received: Void = { [UInt8](arrayLiteral: 1).withUnsafeBytes { _ = transfer.receive($0) } }()
            async let ended: Void = transfer.end(.success(()))
            _ = await (received, ended)
            loop.resumptions.flush()
            // Bytes that come after the end are of no use, but those before it must not be lost.
            let first = try await bytes.get()
            #expect(first == [1] || first == nil)
        }
        await loop.shutdown()
    }

    @Test func `a full buffer refuses more until it is read`() async throws {
        #expect(receive([1, 2, 3, 4, 5]) == .taken)
        #expect(receive([6]) == .paused)
        #expect(transfer.isPaused)

        #expect(try await next() == [1, 2, 3, 4, 5])
        transfer.unpaused()
        #expect(receive([6]) == .taken)
        #expect(try await next() == [6])
        await loop.shutdown()
    }

    @Test func `more than is allowed is refused, though much of it was read`() async throws {
        for _ in 0..<2 {
            #expect(receive([1, 2, 3, 4, 5]) == .taken)
            #expect(try await next()?.count == 5)
        }
        #expect(receive([11]) == .refused)
        await loop.shutdown()
    }

    @Test func `a head is given to who asks before and after it came`() async throws {
        async let early = transfer.head()
        transfer.receive(HTTPHead(status: 201))
        loop.resumptions.flush()

        #expect(try await early.get().status == 201)
        #expect(try await transfer.head().get().status == 201)
        await loop.shutdown()
    }

    @Test func `an end without a head is a cut`() async throws {
        end(.success(()))

        #expect(await failureCode { _ = try await transfer.head().get() } == .cut)
        #expect(await failureCode { _ = try await transfer.whole().get() } == .cut)
        await loop.shutdown()
    }
}

struct HTTPHeadReaderTests {
    private func read(_ lines: [String]) throws -> [HTTPHead] {
        var reader = HTTPHeadReader()
        return try lines.compactMap { try reader.read(Array($0.utf8)) }
    }

    @Test func `status and headers are read`() throws {
        let heads = try read([
            "HTTP/2 404 \r\n", "Content-Type:  text/plain\r\n", "x-empty:\r\n", "no colon\r\n", "\r\n",
        ])

        #expect(
            heads == [
                HTTPHead(
                    status: 404,
                    headers: [.init(name: "content-type", value: "text/plain"), .init(name: "x-empty", value: "")])
            ])
    }

    @Test func `interim heads and trailers are passed over`() throws {
        let heads = try read([
            "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n", "Trailer: x\r\n", "\r\n",
        ])

        #expect(heads == [HTTPHead(status: 200, headers: [.init(name: "a", value: "b")])])
    }
}
