import HTTPTypes
import Hummingbird
import NIOCore

/// Answers `/docs`, `/redoc` and the files that they load.
///
/// Pages load nothing from other hosts, and browsers are told to refuse it.
struct PageRoutes: Sendable {
    let folder: PageFolder

    func swaggerUI(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await folder.check([.swaggerStyle, .swaggerScript])
        return page(
            """
            <link rel="stylesheet" href="/docs/\(PageFile.swaggerStyle.rawValue)">
            </head>
            <body>
            <div id="page"></div>
            <script src="/docs/\(PageFile.swaggerScript.rawValue)"></script>
            <script src="/docs/\(PageFile.start.rawValue)"></script>
            """)
    }

    func reDoc(_ request: Request, _ context: ShimContext) async throws -> Response {
        try await folder.check([.reDocScript])
        return page(
            """
            </head>
            <body style="margin: 0">
            <redoc spec-url="/openapi.json"></redoc>
            <script src="/docs/\(PageFile.reDocScript.rawValue)"></script>
            """)
    }

    func file(_ request: Request, _ context: ShimContext) async throws -> Response {
        guard let file = PageFile(rawValue: try context.pathID()) else { throw APIError.notFound("such file") }
        let read = try await folder.read(file)
        return .unlessKnown(read.bytes, type: file.contentType, hash: read.hash, to: request)
    }

    /// Styles may stand within pages, since both programs make theirs while they run, and ReDoc searches in a worker
    /// that it makes of a blob.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'"

    /// `rest` is everything from the end of the head on.
    private func page(_ rest: String) -> Response {
        let html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>AI Model Service: API</title>
            <link rel="icon" href="/docs/\(PageFile.icon.rawValue)">
            \(rest)
            </body>
            </html>

            """
        var response = Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
        response.restrict(to: Self.policy)
        return response
    }
}
