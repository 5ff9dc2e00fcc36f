import Shared

/// The wishes of one `batch run`.
struct RunPlan: Sendable {
    var input: String
    var paths: OutputPaths
    var model: String?
    var options: BatchOptions
    var tenant: String
    var metadata: JSON
    /// Milliseconds from the batch's creation.
    var deadline: Int64
    var isOrdered = false
    var isFresh = false
    var retriesErrors = false

    var form: LineForm { LineForm(model: model) }

    /// Refuses wishes that the lines were not checked with.
    func check(_ header: JournalHeader) throws(BatchTrouble) {
        guard header.sha256 != nil else {
            throw .refused("\(paths.journal): it is of `attach \(header.batch)`; --fresh begins anew")
        }
        try Self.same("--errors", paths.errorsInJournal, header.errors)
        try Self.same("--model", model, header.model)
        try Self.same("--provider", options.provider?.rawValue, header.provider)
        if options.maxCost != nil, let mistake = InputCheck.mistake(about: header.currencies) {
            throw .refused(mistake)
        }
    }

    private static func same(_ name: String, _ given: String?, _ before: String?) throws(BatchTrouble) {
        guard given != before else { return }
        throw .refused("\(name): expected \(before ?? "none"), as before; --fresh begins anew")
    }
}
