import Foundation
import Shared

/// Reads channels from PostgreSQL, a SQLite file, or a JSON file.
///
/// In: the text of `--from`, or of the environment variable that `env:NAME` names, where a URL with a password belongs.
/// Out: rows. Fails with `ImportFailure`, which names neither URL nor values.
enum ImportSource: Sendable {
    case postgres(Secret)
    case sqlite(path: String)
    case json(path: String)

    init(_ text: String, environment: [String: String]) throws(ImportFailure) {
        var text = text
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = environment[name], !value.isEmpty else {
                throw ImportFailure("the environment variable \(name) is not set")
            }
            text = value
        }
        if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") {
            self = .postgres(Secret(text))
        } else if text.contains("://") || text.contains("@tcp(") {
            throw ImportFailure(
                "expected postgresql://…, a SQLite file or a JSON file (docs/importing.md tells how for MySQL)")
        } else {
            self = try Self.file(text)
        }
    }

    /// Throws where they are the other product's.
    func channels(of product: ImportProduct) async throws -> [ChannelRow] {
        let rows =
            switch self {
            case .postgres(let url): try await Self.table(at: url)
            case .sqlite(let path): try await SQLiteCommand(path: path).rows("SELECT * FROM channels ORDER BY id")
            case .json(let path): try Self.rows(in: try Self.contents(path))
            }
        try ChannelColumns.check(rows, are: product, isWhole: isWhole)
        let channels = rows.compactMap { ChannelRow($0) }
        guard channels.count == rows.count else {
            throw ImportFailure("a row has no id or no type: is this the table channels?")
        }
        return channels
    }

    /// With every column of the table.
    private var isWhole: Bool {
        if case .json = self { false } else { true }
    }

    private static func file(_ path: String) throws(ImportFailure) -> ImportSource {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ImportFailure("the file \(path) cannot be read")
        }
        // An empty file has no first bytes, and is no JSON either.
        let start = (try? handle.read(upToCount: 16)) ?? Data()
        return start.starts(with: Data("SQLite format 3".utf8)) ? .sqlite(path: path) : .json(path: path)
    }

    private static func contents(_ path: String) throws(ImportFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ImportFailure("the file \(path) cannot be read")
        }
        return Array(data)
    }

    /// An array of rows, or an object with one under `channels` (or `data`, as the products' own API answers).
    static func rows(in bytes: [UInt8]) throws(ImportFailure) -> [JSON] {
        guard let json = try? JSON(parsing: bytes) else { throw ImportFailure("expected a SQLite file or JSON") }
        let rows =
            json.arrayValue ?? json["channels"]?.arrayValue ?? json["data"]?.arrayValue
            ?? json["data"]?["items"]?.arrayValue
        guard let rows else { throw ImportFailure("expected an array of channels, or {\"channels\": […]}") }
        return rows
    }

    /// Whatever columns there are.
    private static func table(at url: Secret) async throws -> [JSON] {
        let pool: PostgresPool
        do { pool = try PostgresPool(url: url) } catch {
            throw ImportFailure("--from: expected \(PostgresConfiguration.expected)")
        }
        do {
            let found = try await pool.query("SELECT to_jsonb(c) AS channel FROM channels c ORDER BY c.id")
            let rows = try found.rows.map { row throws(PostgresError) in try row.json("channel") }
            await pool.close()
            return rows
        } catch {
            await pool.close()
            throw error.code == .undefinedTable ? ImportFailure("the database has no table channels") : error
        }
    }
}

struct ImportFailure: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
