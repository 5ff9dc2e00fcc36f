import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    @Test func `requests one after the other share a connection`() async throws {
        let stub = try ProviderStub.start { _ in .json(#"{"a":1}"#) }
        let client = try HTTPClient()

        for _ in 0..<5 {
            let response = try await client.collect(HTTPRequest(url: stub.url + "/v1", body: Array("{}".utf8)))
            #expect(response.head.status == 200)
            #expect(response.body == Array(#"{"a":1}"#.utf8))
        }

        #expect(stub.counters.connections == 1)
        await client.shutdown()
    }
}
