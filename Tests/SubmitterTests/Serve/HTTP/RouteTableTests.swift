import Testing

@testable import Submitter

struct RouteTableTests {
    @Test func `a path has the format of its door, also for a wrong method and an id with slashes`() {
        var table = RouteTable(format: ChatFormat())
        table.on("POST /doors/:id/say", in: TextFormat(), .live) { _, _ in throw APIError.stopping }
        table.on("GET /plain", .live) { _, _ in throw APIError.stopping }

        #expect(table.format(of: "/doors/1/say") is TextFormat)
        #expect(table.format(of: "/doors/1/2/say") is TextFormat)
        #expect(table.format(of: "/plain") is ChatFormat)
        #expect(table.format(of: "/nowhere") is ChatFormat)
    }
}
