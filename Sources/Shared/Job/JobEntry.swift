/// The reason why an entry is no job for this build.
package enum JobWireError: Error, Equatable {
    /// Written by a newer build. This build judges nothing of it but how long it waits.
    case newerVersion(id: String, deadline: Int64, attemptsBefore: Int, channel: String?)
    /// Cannot be run by any worker. `id` is `nil` where there is no usable one to answer to.
    case undecodable(id: String?, channel: String?, reason: String)
}

/// The fields of a queue entry, each checked when it is read.
struct JobEntry {
    let values: [String: [UInt8]]
    /// `nil` where it is missing or cannot be part of a key.
    let id: String?
    let shim: String?

    init(_ fields: [RedisValue]) {
        var values: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].string, let value = fields[index + 1].bytes else { continue }
            values[name] = value
        }
        self.values = values
        shim = try? JobText.shim.read(values)
        id = (try? JobText.id.read(values)).flatMap { JobID.isValid($0) ? $0 : nil }
    }

    func broken(_ reason: String) -> JobWireError { .undecodable(id: id, channel: shim, reason: reason) }

    func text(_ field: JobText) throws(JobWireError) -> String? {
        do throws(JobText.Unreadable) { return try field.read(values) } catch { throw broken(error.reason) }
    }

    func number(_ name: String, upTo most: Int64) throws(JobWireError) -> Int64? {
        guard let text = try text(JobText(name, maxBytes: 20)) else { return nil }
        guard let value = Int64(text), (0...most).contains(value) else {
            throw broken("\(name): expected a whole number from 0 to \(most)")
        }
        return value
    }

    /// `mistake` is told after the field's name.
    func choice<Choice: RawRepresentable<String>>(
        _ name: String, _ mistake: String
    ) throws(JobWireError) -> Choice? {
        guard let word = try text(JobText(name)) else { return nil }
        guard let choice = Choice(rawValue: word) else { throw broken("\(name): \(mistake)") }
        return choice
    }
}

/// A text field of a queue entry with its longest length, since it becomes part of keys, rows and logs.
struct JobText {
    struct Unreadable: Error { let reason: String }

    static let id = JobText("id", maxBytes: 80)
    static let shim = JobText("sh", maxBytes: 128)
    /// The length that an index of the ledger takes.
    static let tenant = JobText("t", maxBytes: Bounds.tenant)
    static let user = JobText("u", maxBytes: Bounds.user)
    static let strategy = JobText("rs", maxBytes: 64)

    let name: String
    let maxBytes: Int

    init(_ name: String, maxBytes: Int = 64) {
        self.name = name
        self.maxBytes = maxBytes
    }

    /// `nil` where it is missing or empty.
    func read(_ values: [String: [UInt8]]) throws(Unreadable) -> String? {
        guard let bytes = values[name], !bytes.isEmpty else { return nil }
        guard bytes.count <= maxBytes, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw Unreadable(reason: "\(name): expected text of at most \(maxBytes) bytes")
        }
        return text
    }
}
