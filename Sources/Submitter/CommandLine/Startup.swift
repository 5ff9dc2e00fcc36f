import Logging
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads the settings, as every command does first.
///
/// Where some are wrong, all are told and the command ends.
struct Startup {
    let shared: SharedConfig
    let shim: ShimConfig
    /// The settings for `/debug/config`, `nil` without `DEBUG`.
    let shownSettings: [SettingDescription]?

    init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        var settings = Settings(environment: environment)
        shared = SharedConfig(&settings)
        shim = ShimConfig(&settings)
        shownSettings = shared.log.isDebug ? settings.declared : nil
        do {
            try settings.check()
        } catch {
            StandardStreams.error("\(error)\n")
            throw Exit.wrongSettings
        }
    }

    func logger(_ label: String) -> Logger { LogSetup.logger(label, shared.log) }

    /// Redis' address, or exit code 3.
    func redis() throws -> RedisConfiguration {
        do {
            return try shared.redis.configuration()
        } catch {
            StandardStreams.error("\(error)\n")
            throw Exit.wrongSettings
        }
    }

    func postgres() -> PostgresConfiguration { shared.postgres }
}
