import Shared

/// The entries of this document, of the pages that show it, and of the settings.
extension APIOperation {
    static var showDocument: APIOperation {
        APIOperation(
            "showDocument", .pages, "This document",
            answers: [
                APIAnswer(
                    status: 200, text: "The API in the words of OpenAPI 3.1.", contents: [.json(.object)],
                    headers: [.etag]),
                .notModified,
            ])
    }

    static func page(_ id: String, _ name: String) -> APIOperation {
        APIOperation(
            id, .pages, "\(name) over this document",
            answers: [
                APIAnswer(
                    status: 200, text: "A page for browsers.",
                    contents: [APIContent(type: "text/html", schema: .string)])
            ],
            refusals: [.pagesMissing])
    }

    static var downloadPageFile: APIOperation {
        APIOperation(
            "downloadPageFile", .pages, "A script or style of the pages",
            parameters: [.id("Its name.", .words(PageFile.self), example: .string(PageFile.start.rawValue))],
            answers: [
                APIAnswer(
                    status: 200, text: "The file.",
                    contents: Set(PageFile.allCases.map(\.contentType)).sorted().map {
                        APIContent(type: $0, schema: .string)
                    }, headers: [.etag]),
                .notModified,
            ],
            refusals: [.pagesMissing, .notFound("such file")])
    }

    static var showDashboard: APIOperation {
        APIOperation(
            "showDashboard", .pages, "The dashboard",
            answers: [
                APIAnswer(
                    status: 200, text: "A page for browsers.",
                    contents: [APIContent(type: "text/html", schema: .string)], headers: [.etag]),
                .notModified,
            ],
            refusals: [[APIRefusal(DashboardFolder.notInstalled)]])
    }

    static var downloadAsset: APIOperation {
        APIOperation(
            "downloadAsset", .pages, "A script, style or text of the dashboard",
            parameters: [.id("Its path below `/assets`.", example: "main.js")],
            answers: [
                APIAnswer(
                    status: 200, text: "The file.",
                    contents: AssetName.Ending.allCases.map {
                        APIContent(type: $0.contentType, schema: $0 == .json ? .object : .string)
                    }, headers: [.etag]),
                .notModified,
            ],
            refusals: [.notFound("such file")])
    }

    static var showSettings: APIOperation {
        APIOperation(
            "showSettings", .status, "The settings of this process with their sources", details: "Only with DEBUG.",
            answers: [
                .ok(
                    "In the order of the documentation. Secrets are masked.", .page(of: .setting),
                    example: [
                        "object": "list",
                        "data": [
                            [
                                "name": "SERVICE_PORT", "value": "8010", "source": "environment", "default": "8007",
                                "type": "whole number",
                            ]
                        ],
                    ])
            ])
    }
}

extension APIAnswer {
    fileprivate static let notModified = APIAnswer(status: 304, text: "The same as under the ETag of `If-None-Match`.")
}

extension APIHeader {
    fileprivate static let etag = APIHeader(name: "ETag", schema: .string, text: "Changes with the content.")
}

extension [APIRefusal] {
    fileprivate static var pagesMissing: Self { [APIRefusal(PageFolder.notInstalled)] }
}

extension JSONSchema {
    fileprivate static var setting: JSONSchema {
        .named("Setting") {
            .object([
                .must("name", .string), .must("value", .string.orNull, "Null where there is none."),
                .must("source", .words(SettingSource.self)),
                .must("default", .string, "As the documentation has it."), .must("type", .string),
            ])
        }
    }
}
