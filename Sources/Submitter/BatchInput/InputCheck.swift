import Shared

/// Checks the lines of a file, and remembers what is wrong (pure).
///
/// In: lines in order. Out: all mistakes, of which the first hundred are kept, and sums over the good lines. Holds 16
/// bytes a line for the ids.
struct InputCheck {
    /// Chosen: nobody mends more at once.
    static let mostMistakes = 100

    private let form: LineForm
    private let options: BatchOptions
    private let catalog: CatalogSnapshot
    private var ids = CustomIDs()
    /// The one operation of the file, which its first line decides.
    private(set) var operation: Job.Operation?
    private(set) var lines = 0
    private(set) var mistakes: [String] = []
    private(set) var mistakeCount = 0
    /// Of the prices of all models that lines may go to.
    private(set) var currencies: Set<String> = []

    init(form: LineForm, options: BatchOptions, catalog: CatalogSnapshot) {
        self.form = form
        self.options = options
        self.catalog = catalog
    }

    /// The request of a good line, or `nil`.
    @discardableResult
    mutating func check(_ line: LineReader.Line) -> ModelRequest? {
        lines += 1
        do throws(BatchLine.Mistake) {
            guard let bytes = line.bytes else {
                throw BatchLine.Mistake(field: nil, message: "expected at most \(LineReader.mostBytes) bytes")
            }
            let normal = try form.normal(bytes, number: line.number)
            return try check(normal)
        } catch {
            note(error, line.number)
            return nil
        }
    }

    private mutating func check(_ normal: LineForm.Normal) throws(BatchLine.Mistake) -> ModelRequest {
        do throws(BatchLine.Mistake) {
            let line = try BatchLine(normal.line)
            guard ids.insert(line.customID) else {
                throw BatchLine.Mistake(field: "custom_id", message: "expected one that no line before has")
            }
            let operation = operation ?? line.request.operation
            self.operation = operation
            guard line.request.operation == operation else {
                throw BatchLine.Mistake(
                    field: "url", message: "expected \(operation.endpoint), as all lines before have it")
            }
            try checkModel(of: line.request)
            return line.request
        } catch {
            throw error.renamed(body: normal.body)
        }
    }

    private mutating func checkModel(of request: ModelRequest) throws(BatchLine.Mistake) {
        let named: [Model]
        do throws(JobFailure) {
            named = try catalog.activeModels(named: request.model, provider: options.provider)
        } catch {
            throw BatchLine.Mistake(field: "body.model", message: error.message, code: "model_not_found")
        }
        currencies.formUnion(named.lazy.map(\.prices.currency))
        let needs = RequestNeeds(request)
        do throws(RequestNeeds.Shortfall) { _ = try needs.able(among: named) } catch {
            switch error {
            case .operation:
                throw BatchLine.Mistake(field: "body.model", message: request.operation.refusal.message)
            case .capabilities(let missing):
                let fallbacks = named.flatMap(\.fallbackModels).compactMap { catalog.activeModel(id: $0) }
                if fallbacks.contains(where: needs.areMet) { return }
                throw Self.incapable(missing, request.neededBy)
            }
        }
    }

    private static func incapable(
        _ missing: [ChatRequest.Capability], _ needed: [ChatRequest.Capability: String]
    ) -> BatchLine.Mistake {
        let need = missing.first ?? needed.keys.sorted { $0.rawValue < $1.rawValue }.first
        return BatchLine.Mistake(
            field: need.flatMap { needed[$0] }.map { "body.\($0)" },
            message: "the model does not support it: expected one with \(need?.rawValue ?? "all capabilities")")
    }

    /// Checks what only the whole file tells.
    mutating func finish() {
        if options.maxCost != nil, let mistake = Self.mistake(about: currencies.sorted()) { note(mistake) }
    }

    /// Amounts of several currencies have no sum, so a budget cannot hold them.
    static func mistake(about currencies: [String]) -> String? {
        guard currencies.count > 1 else { return nil }
        return "--max-cost: expected prices in one currency; the models have \(currencies.joined(separator: ", "))"
    }

    private mutating func note(_ mistake: BatchLine.Mistake, _ line: Int) {
        let field = mistake.field.map { "\($0): " } ?? ""
        note("line \(line): \(field)\(mistake.shortMessage)")
    }

    private mutating func note(_ mistake: String) {
        mistakeCount += 1
        if mistakes.count < Self.mostMistakes { mistakes.append(mistake) }
    }
}

extension BatchLine.Mistake {
    /// The same about the line as it was written, where the body has another name, or none.
    fileprivate func renamed(body: String?) -> BatchLine.Mistake {
        guard let field, field == "body" || field.hasPrefix("body.") else { return self }
        let rest = field.dropFirst("body.".count)
        let name = body.map { rest.isEmpty ? $0 : "\($0).\(rest)" } ?? String(rest)
        return BatchLine.Mistake(field: name.isEmpty ? nil : name, message: message, code: code)
    }

    /// Without the field's name, which stands before it.
    var shortMessage: String {
        if code == RequestError.Code.missingParameter.rawValue, field?.hasSuffix("model") == true {
            return "it is missing; --model is for lines that name none"
        }
        if message.hasPrefix("Missing required parameter") { return "it is missing" }
        guard let place = message.firstRange(of: "': expected ") else { return message }
        return String(message[message.index(place.lowerBound, offsetBy: 3)...]).trimmingFullStop
    }
}

extension String {
    fileprivate var trimmingFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
