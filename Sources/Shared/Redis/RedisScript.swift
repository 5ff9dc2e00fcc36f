import Crypto

/// A Lua script and the name Redis caches it under.
///
/// Keys, arguments and returns are documented where each script stands.
package struct RedisScript: Sendable {
    package let source: String
    /// SHA-1 of the source in lower-case hex: Redis' own name for it.
    package let sha1: String

    package init(_ text: String) {
        let source = Ablation.lua(text)
        self.source = source
        sha1 = Insecure.SHA1.hash(data: Array(source.utf8)).hex
    }

    package func command(keys: [String], arguments: RedisArguments, isCached: Bool = true) -> RedisCommand {
        var command = RedisCommand(
            isCached ? "EVALSHA" : "EVAL",
            [.string(isCached ? sha1 : source), .int(keys.count)] + keys.map { .string($0) })
        command.append(arguments)
        return command
    }
}

extension RedisClient {
    /// The same with arguments that were not encoded yet.
    package func evaluate(
        _ script: RedisScript, keys: [String], args: [RedisArgument], timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        try await evaluate(script, keys: keys, arguments: RedisArguments(args), timeout: timeout)
    }

    /// Runs a script by its hash, or by its source where the server does not know it (a restart empties its cache).
    package func evaluate(
        _ script: RedisScript, keys: [String], arguments: RedisArguments, timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        do {
            return try await send(script.command(keys: keys, arguments: arguments), timeout: timeout)
        } catch  where error.prefix == "NOSCRIPT" {
            return try await send(
                script.command(keys: keys, arguments: arguments, isCached: false), timeout: timeout)
        }
    }
}
