import HTTPTypes
import Shared

/// Checks the input of a batch before any line of it is sent.
///
/// Out: the number of lines, or the first hundred mistakes in OpenAI's form.
struct BatchCheck {
    enum Verdict {
        case good(total: Int)
        case bad(JSON)
    }

    private let batch: Batch
    private let parts: BatchParts
    private var ids = CustomIDs()
    private var mistakes: [JSON] = []
    private var currencies: Set<String> = []

    /// Chosen: more help nobody to mend a file.
    private static let mostMistakes = 100

    init(_ batch: Batch, _ parts: BatchParts) {
        self.batch = batch
        self.parts = parts
    }

    /// Throws `CancellationError` once `isStopped`.
    mutating func run(unless isStopped: () -> Bool) async throws -> Verdict {
        var input = BatchInput(file: batch.inputFile)
        var (total, bytes) = (0, 0)
        while let line = try await input.next(parts) {
            total += 1
            bytes += line.bytes.count
            if bytes >= largestOnLoop {
                if isStopped() { throw CancellationError() }
                await Task.yield()
                bytes = 0
            }
            do throws(BatchLine.Mistake) { try check(try await read(line)) } catch {
                note(error, line.number)
                if mistakes.count >= Self.mostMistakes { break }
            }
        }
        if total == 0 { note(.init(field: nil, message: "the file has no lines", code: "empty_file"), nil) }
        if batch.options.maxCost != nil, currencies.count > 1 {
            note(
                .init(
                    field: "max_cost",
                    message:
                        "the models' prices are in several currencies: \(currencies.sorted().joined(separator: ", "))"),
                nil)
        }
        return mistakes.isEmpty ? .good(total: total) : .bad(.array(mistakes))
    }

    private func read(_ line: BatchInput.Line) async throws(BatchLine.Mistake) -> BatchLine {
        let operation = batch.operation
        return try await onPool(if: line.bytes.count > largestOnLoop) { () throws(BatchLine.Mistake) in
            try BatchLine(parsing: line.bytes, operation: operation)
        }
    }

    private mutating func check(_ read: BatchLine) throws(BatchLine.Mistake) {
        guard ids.insert(read.customID) else {
            throw BatchLine.Mistake(
                field: "custom_id", message: "it was used in an earlier line", code: "duplicate_custom_id")
        }
        do throws(APIError) {
            try ModelCheck(models: parts.models).check(read.request, provider: batch.options.provider, field: "model")
        } catch {
            // A catalogue that is not there yet is no fault of the line: it fails by itself when it is sent.
            guard error.status != .serviceUnavailable else { return }
            throw BatchLine.Mistake(
                field: "body.\(error.param ?? "model")", message: error.message, code: error.code ?? "invalid_value")
        }
        for model in parts.models.catalog?.models(matching: read.request.model, provider: batch.options.provider) ?? []
        where model.isActive {
            currencies.insert(model.prices.currency)
        }
    }

    private mutating func note(_ mistake: BatchLine.Mistake, _ line: Int?) {
        let place = line.map { "Line \($0): " } ?? ""
        mistakes.append([
            "code": .string(mistake.code), "line": line.map { .int($0) } ?? .null,
            "message": .string(place + (mistake.field.map { "\($0): " } ?? "") + mistake.message),
            "param": mistake.field.map { .string($0) } ?? .null,
        ])
    }
}
