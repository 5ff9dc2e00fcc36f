import Shared

/// Tells which of the two products a table of channels is from, by columns that only one of them has.
enum ChannelColumns {
    /// A database that new-api took over from one-api keeps one-api's columns, so new-api's decide.
    private static let newAPI: Set = [
        "open_ai_organization", "openai_organization", "auto_ban", "channel_info", "setting", "settings",
        "param_override", "header_override", "status_code_mapping",
    ]
    private static let oneAPI: Set = ["config", "system_prompt", "allow_streaming", "allow_non_streaming"]

    /// With `isWhole` every column of the table is there, as in a database.
    ///
    /// A JSON file may hold a few of them.
    ///
    /// Throws where the rows are the other product's, whose channel types have other numbers.
    static func check(_ rows: [JSON], are product: ImportProduct, isWhole: Bool) throws(ImportFailure) {
        let columns = Set(rows.flatMap { $0.objectValue?.members.map(\.key) ?? [] })
        guard !columns.isEmpty else { return }
        let marks = columns.intersection(newAPI)
        let other: (product: ImportProduct, why: String)
        switch product {
        case .oneAPI where !marks.isEmpty:
            other = (.newAPI, "it has \(marks.sorted().joined(separator: ", "))")
        case .newAPI where marks.isEmpty && (isWhole || !columns.isDisjoint(with: oneAPI)):
            let found = columns.intersection(oneAPI).sorted().joined(separator: ", ")
            other = (.oneAPI, found.isEmpty ? "it has no auto_ban" : "it has \(found), and no auto_ban")
        default: return
        }
        throw ImportFailure(
            "the table channels is one of \(other.product.rawValue), not of \(product.rawValue) (\(other.why)): "
                + "submitter import \(other.product.rawValue)")
    }
}
