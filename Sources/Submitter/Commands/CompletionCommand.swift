import ArgumentParser

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `submitter completion`: the script with which a shell completes the commands of `Root`.
struct CompletionCommand<Root: ParsableCommand>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "completion", abstract: "Prints or installs completion for bash, zsh or fish.",
            discussion: """
                Without --install the script goes to standard output. --install writes it to the folder in which the \
                shell looks for completions of this user, and says what to do next. Repeat it after an upgrade.

                Examples:
                  submitter completion bash --install
                  source <(submitter completion bash)

                Exit codes: 0 done, 1 the file cannot be written, 64 wrong arguments.
                """)
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: CompletionTarget

    @Flag(help: "Write the script to the shell's folder of this user.")
    var install = false

    func run() throws {
        let script = Root.completionScript(for: shell.shell)
        guard install else { return StandardStreams.out(Array("\(script)\n".utf8)) }
        guard let file = shell.file(ProcessInfo.processInfo.environment) else {
            StandardStreams.error("HOME is not set, so there is no folder of this user\n")
            throw Exit.failed
        }
        do {
            let folder = URL(filePath: file).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("\(script)\n".utf8).write(to: URL(filePath: file), options: .atomic)
        } catch {
            StandardStreams.error("\(file) cannot be written; without --install the script goes to standard output\n")
            throw Exit.failed
        }
        AdminOutput.say("Installed \(file).\n\(shell.advice)")
    }
}

/// A shell, and where it looks for the completions of one user (pure).
enum CompletionTarget: String, CaseIterable, ExpressibleByArgument {
    case bash, zsh, fish

    init?(argument: String) {
        guard let shell = Self.allCases.first(where: { $0.rawValue == argument.lowercased() }) else { return nil }
        self = shell
    }

    var shell: CompletionShell {
        switch self {
        case .bash: .bash
        case .zsh: .zsh
        case .fish: .fish
        }
    }

    /// `nil` where the environment names no home.
    ///
    /// The folders are those of bash-completion 2 (`XDG_DATA_HOME`) and of fish (`XDG_CONFIG_HOME`). Zsh has none, so a
    /// common one is taken.
    func file(_ environment: [String: String]) -> String? {
        func folder(_ name: String, _ path: String) -> String? {
            if let given = environment[name], given.hasPrefix("/") { return given }
            guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
            return home == "/" ? "/\(path)" : "\(home)/\(path)"
        }
        return switch self {
        case .bash:
            folder("XDG_DATA_HOME", ".local/share").map { $0 + "/bash-completion/completions/submitter" }
        case .zsh: folder("", ".zsh/completions").map { $0 + "/_submitter" }
        case .fish: folder("XDG_CONFIG_HOME", ".config").map { $0 + "/fish/completions/submitter.fish" }
        }
    }

    var advice: String {
        switch self {
        case .bash: "Open a new shell. The package bash-completion must be installed."
        case .zsh:
            """
            Put these lines into ~/.zshrc, unless they are there, and open a new shell:
              fpath=(~/.zsh/completions $fpath)
              autoload -Uz compinit && compinit
            """
        case .fish: "Open a new shell."
        }
    }
}
