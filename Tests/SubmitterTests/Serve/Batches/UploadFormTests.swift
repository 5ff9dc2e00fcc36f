import HTTPTypes
import Testing

@testable import Submitter

@Suite struct UploadFormTests {
    private func checked(_ fields: [(String, String)]) throws(APIError) -> Int? {
        var form = UploadForm()
        for (name, value) in fields { try form.set(name, Array(value.utf8)) }
        return try form.checked()
    }

    @Test func `the purpose is enough`() throws {
        #expect(try checked([("purpose", "batch")]) == nil)
        #expect(try checked([("unknown", "x"), ("purpose", "batch")]) == nil)
    }

    @Test func `a file may have a life of its own`() throws {
        let fields = [
            ("expires_after[seconds]", "3600"), ("purpose", "batch"), ("expires_after[anchor]", "created_at"),
        ]
        #expect(try checked(fields) == 3600)
    }

    @Test(
        arguments: [
            ([], "purpose"), ([("purpose", "fine-tune")], "purpose"),
            ([("purpose", "batch"), ("purpose", "batch")], "purpose"),
            ([("purpose", "batch"), ("expires_after[seconds]", "3600")], "expires_after"),
            ([("purpose", "batch"), ("expires_after[anchor]", "created_at")], "expires_after"),
            (
                [("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3599")],
                "expires_after"
            ),
            (
                [("purpose", "batch"), ("expires_after[anchor]", "last_used"), ("expires_after[seconds]", "3600")],
                "expires_after"
            ),
        ] as [([(String, String)], String)])
    func `a wrong field is named`(fields: [(String, String)], param: String) {
        let refused = #expect(throws: APIError.self) { _ = try checked(fields) }
        #expect(refused?.param == param && refused?.status == .badRequest)
    }

    @Test func `a field that is not text is refused`() {
        var form = UploadForm()
        #expect(throws: APIError.self) { try form.set("purpose", [0xFF]) }
    }
}
