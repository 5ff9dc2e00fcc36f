import Shared

/// A batch in OpenAI's shape (developers.openai.com/api/reference, "Batch object", 2026-11).
///
/// `cost` by currency and `halt`, the reason why the rest of the lines was not sent, are our own.
extension Batch {
    var openAI: JSON {
        var object: JSONObject = [
            "id": .string(id), "object": "batch", "endpoint": .string(operation.endpoint), "model": .null,
            "errors": errorsView, "input_file_id": .string(inputFile),
            "completion_window": .string(options.window ?? BatchWindow.text(from: times.created, to: times.deadline)),
            "status": .string(status.rawValue), "output_file_id": fileID(.succeeded), "error_file_id": fileID(.failed),
        ]
        for (name, moment) in times.named { object.set(name, .seconds(moment)) }
        object.set("request_counts", counts.requestsView)
        object.set("usage", counts.tokens.openAI)
        object.set("cost", counts.costJSON)
        object.set("metadata", metadata)
        if let halt { object.set("halt", .string(halt.rawValue)) }
        return .object(object)
    }

    private var errorsView: JSON {
        guard let list = errors.arrayValue else { return errors }
        return ["object": "list", "data": .array(list)]
    }

    private func fileID(_ kind: BatchResultKind) -> JSON { resultFile(kind).map { .string($0.id) } ?? .null }

    /// The file of results of one kind, once the batch has ended and has any.
    func resultFile(_ kind: BatchResultKind) -> BatchFile? {
        let isOutput = kind == .succeeded
        let lines = isOutput ? counts.succeeded : counts.failed
        guard status.isEnded, lines > 0 else { return nil }
        var file = BatchFile(
            id: isOutput ? BatchID.outputFile(of: id) : BatchID.errorFile(of: id), tenant: tenant,
            purpose: BatchFile.resultPurpose, filename: "\(id)_\(isOutput ? "output" : "error").jsonl")
        file.bytes = isOutput ? counts.outputBytes : counts.errorBytes
        file.lines = lines
        file.isReady = true
        file.created = times.ended ?? times.created
        file.expires = times.resultsExpire
        return file
    }
}

extension BatchFile {
    static let resultPurpose = "batch_output"

    /// OpenAI's shape.
    var openAI: JSON {
        [
            "id": .string(id), "object": "file", "bytes": .int(bytes), "created_at": .seconds(created),
            "expires_at": .seconds(expires), "filename": .string(filename), "purpose": .string(purpose),
            "status": "processed", "status_details": .null,
        ]
    }
}

extension BatchTimes {
    /// The moment at which nothing changed any more.
    var ended: Int64? { completed ?? expired ?? cancelled ?? failed }

    fileprivate var named: [(String, Int64?)] {
        [
            ("created_at", created), ("in_progress_at", inProgress), ("expires_at", deadline),
            ("finalizing_at", finalizing), ("completed_at", completed), ("failed_at", failed), ("expired_at", expired),
            ("cancelling_at", cancelling), ("cancelled_at", cancelled),
        ]
    }
}

extension BatchCounts {
    fileprivate var requestsView: JSON {
        ["total": .int(total), "completed": .int(succeeded), "failed": .int(failed)]
    }
}

extension BatchTokens {
    fileprivate var openAI: JSON {
        [
            "input_tokens": .int(input), "input_tokens_details": ["cached_tokens": .int(cached)],
            "output_tokens": .int(output), "output_tokens_details": ["reasoning_tokens": .int(reasoning)],
            "total_tokens": .int(input.addingClamped(output)),
        ]
    }
}

extension JSON {
    /// A moment in milliseconds, as OpenAI writes it.
    fileprivate static func seconds(_ milliseconds: Int64?) -> JSON {
        milliseconds.map { .number(JSONNumber($0 / 1000)) } ?? .null
    }
}
