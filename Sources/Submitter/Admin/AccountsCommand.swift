import ArgumentParser
import Shared

/// `submitter accounts`: the commands of models, and those for keys.
struct AccountsCommand: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        var configuration = CatalogCommand<AccountNoun>.configuration
        configuration.discussion += """


            Keys come from the environment, a file or standard input, are sealed with MASTER_KEY and never printed.
            """
        configuration.subcommands += [TestAccount.self, RotateAccountKey.self]
        return configuration
    }
}

struct TestAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Has a worker ask the platform whether the account's key is good.",
        discussion: """
            Costs nothing where the platform has a call that is free, a few tokens elsewhere. Needs a running worker.

            Example: submitter accounts test main

            Exit codes: 0 the platform accepts it, 1 it does not, or no worker answered.
            """)

    @Argument(help: "The id.")
    var id: String

    @Option(help: "Seconds to wait for a worker's answer.")
    var timeout = 15

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...600).contains(timeout) else { throw ValidationError("--timeout: expected seconds from 1 to 600") }
    }

    func run() async throws {
        try await AdminSession.run { session in
            _ = try await session.admin().get(.account, id)
            let keys = PoolKeys(prefix: session.startup.shared.cachePrefix)
            let answer = try await session.withRedis { redis in
                try await AccountPings(redis: redis, keys: keys).ask(account: id, patience: .seconds(timeout))
            }
            guard let answer else {
                StandardStreams.error("no worker answered within \(timeout) s\n")
                throw Exit.failed
            }
            try say(answer)
        }
    }

    private func say(_ answer: JSON) throws {
        let isGood = answer["ok"]?.boolValue == true
        let time = AdminTable.cell(answer["ms"])
        if json {
            AdminOutput.row(answer, asJSON: true)
        } else if isGood {
            AdminOutput.say("\(id): ok, \(time) ms")
        } else {
            let error = answer["error"]
            AdminOutput.say(
                "\(id): \(AdminTable.cell(error?["kind"])): \(AdminTable.cell(error?["message"])) (\(time) ms)")
        }
        if !isGood { throw Exit.failed }
    }
}

struct RotateAccountKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key", abstract: "Gives one account another key.",
        discussion: """
            Everything else stays. Requests that run go on with the old key: revoke it at the platform afterwards.

            Example: submitter accounts rotate-key main --api-key-file /run/secrets/openai
            """)

    @Argument(help: "The id.")
    var id: String

    @OptionGroup var key: KeyInput

    @Option(help: "Why, for the audit log.")
    var reason: String?

    func run() async throws {
        try await AdminSession.run { session in
            guard let key = try key.key() else {
                throw ValidationError("expected --api-key-env, --api-key-file or --api-key-stdin")
            }
            try await session.admin().rotateKey(account: id, to: key, by: session.author(reason))
            AdminOutput.say("The key of account \(id) was changed.")
        }
    }
}
