import ArgumentParser
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `submitter config`: the settings with values and sources, or the table that `docs/configuration.md` is made of.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows all settings of the submitter with their values and sources.",
        discussion: """
            A value comes from the environment, from the file that CONFIG_FILE names, for a secret NAME from the file that \
            NAME_FILE names, or it is the default. Secrets are masked. With wrong settings the exit code is 3.

            Example: submitter config | grep REDIS
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Print the defaults, ranges and effects instead, as a Markdown table.")
    var listSettings = false

    func run() throws {
        var settings = Settings(environment: listSettings ? [:] : ProcessInfo.processInfo.environment)
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        if listSettings {
            return StandardStreams.out(Array(SettingsTable(settings.declared).markdown.utf8))
        }
        AdminOutput.list(settings.declared.map(\.view), ["name", "value", "source"], asJSON: json)
        do { try settings.check() } catch {
            StandardStreams.error("\(error)\n")
            throw Exit.wrongSettings
        }
    }
}
