import ArgumentParser
import Testing

@testable import Submitter

/// Completion, and the help of all commands.
@Suite struct CompletionTests {
    @Test(arguments: [
        (CompletionTarget.bash, "/h/.local/share/bash-completion/completions/submitter"),
        (.zsh, "/h/.zsh/completions/_submitter"), (.fish, "/h/.config/fish/completions/submitter.fish"),
    ])
    func `each shell has its folder`(shell: CompletionTarget, file: String) {
        #expect(shell.file(["HOME": "/h"]) == file)
        #expect(shell.file(["HOME": "", "PATH": "/bin"]) == nil)
    }

    @Test func `folders of XDG win where they are absolute`() {
        #expect(
            CompletionTarget.bash.file(["XDG_DATA_HOME": "/d"]) == "/d/bash-completion/completions/submitter")
        #expect(
            CompletionTarget.fish.file(["HOME": "/h", "XDG_CONFIG_HOME": "c"])
                == "/h/.config/fish/completions/submitter.fish")
    }

    @Test(arguments: CompletionTarget.allCases)
    func `a script knows the commands and their words`(shell: CompletionTarget) {
        let script = Submitter.completionScript(for: shell.shell)

        for word in ["queue", "jobs", "usage", "tail", "cancelled", "platform"] { #expect(script.contains(word)) }
    }

    /// A command and all below it.
    private static func tree(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap(tree)
    }

    @Test func `the help of every command has an example`() {
        let without = Self.tree(Submitter.self).filter { !$0.configuration.discussion.contains("Example") }

        #expect(without.map { String(describing: $0) } == [])
    }

    @Test func `examples are commands that there are`() throws {
        let names = Set(Submitter.configuration.subcommands.compactMap { $0.configuration.commandName }).union(["help"])
        for command in Self.tree(Submitter.self) {
            for line in command.configuration.discussion.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "submitter"), line.contains("Example") || line.hasPrefix("  ")
                else { continue }
                #expect(names.contains(String(words[at + 1])), "\(line)")
            }
        }
    }
}
