import ArgumentParser
import Shared

/// The shapes in which reports are printed.
enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
    case table, json, csv

    init?(argument: String) { self.init(anyCase: argument) }
}
