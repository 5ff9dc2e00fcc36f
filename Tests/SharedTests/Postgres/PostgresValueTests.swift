import TestSupport
import Testing

@testable import Shared

/// Values come back from the server as they were sent, and are never taken for SQL.
@Suite struct PostgresValueTests {
    static let hostile = [
        "'; DROP TABLE models; --", "\" OR 1=1 --", "$1", "\\", "\\'; SELECT 1", "{a,b}", "NULL", "", "%s%n",
        "\u{1F600} é ß 漢字",
        "line\nbreak\ttab\r", "{\"\\\",}", "\u{1}", "/* */", "'||(SELECT version())||'",
    ]

    @Test(arguments: hostile)
    func `a text that looks like SQL comes back as it was`(_ text: String) async throws {
        let pool = try await SharedPostgres.shared.pool()

        let row = try #require(try await pool.query("SELECT $1::text AS t, length($1) AS n", [.text(text)]).first)

        #expect(try row.text("t") == text)
        #expect(try row.required("n") == text.unicodeScalars.count)
    }

    @Test func `an array keeps texts that look like its own syntax, and nulls`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        let rows = try await pool.query(
            "SELECT u.t FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n", [.array(Self.hostile + [nil])]
        ).rows

        let texts = try rows.map { row throws(PostgresError) in try row.text("t") }
        #expect(texts == Self.hostile + [nil])
    }

    @Test func `an empty array has no element`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        let rows = try await pool.query("SELECT unnest($1::text[])", [.array([])])

        #expect(rows.count == 0)
    }

    @Test(arguments: [0, 1, -1, Int64.max, Int64.min]) func `an integer comes back as it was`(_ value: Int64)
        async throws
    {
        let pool = try await SharedPostgres.shared.pool()

        let row = try await pool.query("SELECT $1::bigint AS v", [.int(value)]).first

        #expect(try row?.required("v", Int64.self) == value)
    }

    @Test(arguments: [0, 0.1, 1.0 / 3, 1e-300, 1.7976931348623157e308, -2.5])
    func `a double comes back bit by bit`(_ value: Double) async throws {
        let pool = try await SharedPostgres.shared.pool()

        let row = try await pool.query("SELECT $1::float8 AS v", [.double(value)]).first

        #expect(try row?.required("v", Double.self) == value)
    }

    @Test(
        arguments: [
            0, 951_782_400_000, 1_709_164_799_999, 1_798_761_599_999, 1_798_761_600_000, -1, -86_400_001,
            253_402_300_799_999,
        ] as [Int64])
    func `a time is read by PostgreSQL as the same millisecond`(_ milliseconds: Int64) async throws {
        let pool = try await SharedPostgres.shared.pool()

        let row = try await pool.query(
            "SELECT round(extract(epoch FROM $1::timestamptz) * 1000)::bigint AS v", [.time(milliseconds)]
        ).first

        #expect(try row?.required("v", Int64.self) == milliseconds)
    }

    @Test func `booleans, JSON and null come back as they were`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let json: JSON = ["a": [1, 2.5, "x\"y"], "b": ["c": true]]

        let row = try #require(
            try await pool.query(
                "SELECT $1::boolean AS yes, $2::boolean AS no, $3::jsonb AS j, $4::text AS nothing",
                [.bool(true), .bool(false), .text(String(decoding: json.encoded, as: UTF8.self)), .null]
            ).first)

        #expect(try row.bool("yes"))
        #expect(try !row.bool("no"))
        #expect(try row.json("j") == json)
        #expect(try row.text("nothing") == nil)
    }

    @Test func `a NUL byte is refused with the parameter named, before anything is sent`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        let error = await #expect(throws: PostgresError.self) {
            try await pool.query("SELECT $1::text, $2::text", ["fine", .text("sk-secret\0")])
        }

        #expect(error?.code == .parameter)
        #expect(error?.description.contains("$2") == true)
        #expect(error?.description.contains("sk-secret") == false)
    }

    @Test func `a column that is missing, null or of another type is told by name`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let row = try #require(try await pool.query("SELECT 'secret-text' AS t, NULL AS n").first)

        for read in [
            { _ = try row.text("x") }, { _ = try row.required("n", Int.self) }, { _ = try row.required("t", Int.self) },
        ] {
            let error = #expect(throws: PostgresError.self) { try read() }
            #expect(error?.code == .decoding)
            #expect(error?.description.contains("secret-text") == false)
        }
    }
}
