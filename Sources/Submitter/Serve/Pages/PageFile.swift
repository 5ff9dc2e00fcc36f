/// The files that the API pages load, and no others.
///
/// Raw values are their names in the folder and in `/docs/…`.
enum PageFile: String, Sendable, CaseIterable {
    case swaggerStyle = "swagger-ui.css"
    case swaggerScript = "swagger-ui-bundle.js"
    case reDocScript = "redoc.standalone.js"
    case icon = "favicon-32x32.png"
    /// Our own, which starts Swagger UI: pages have no scripts within them, so that browsers may refuse such scripts.
    case start = "start.js"

    var contentType: String {
        switch self {
        case .swaggerStyle: "text/css; charset=utf-8"
        case .swaggerScript, .reDocScript, .start: "text/javascript; charset=utf-8"
        case .icon: "image/png"
        }
    }

    /// The content of a file that is ours.
    var own: String? {
        guard case .start = self else { return nil }
        return """
            SwaggerUIBundle({
              url: "/openapi.json", dom_id: "#page", deepLinking: true, displayRequestDuration: true, validatorUrl: null,
              presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
            });

            """
    }
}
