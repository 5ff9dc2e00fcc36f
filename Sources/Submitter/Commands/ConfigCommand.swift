import ArgumentParser
import Shared

/// `submitter config`: the table that `docs/configuration.md` is made of.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Prints all settings of the submitter as a Markdown table.",
        discussion: "Example: submitter config | grep REDIS")

    func run() throws {
        var settings = Settings(environment: [:])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        StandardStreams.out(Array(SettingsTable(settings.declared).markdown.utf8))
    }
}
