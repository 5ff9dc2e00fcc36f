import Hummingbird
import Shared

/// Answers `/debug/config`, with `DEBUG` alone: the settings of this process with their values and sources.
///
/// Secrets are masked.
struct DebugRoutes: Sendable {
    let settings: [SettingDescription]

    func config(_ request: Request, _ context: ShimContext) async -> Response { .list(settings.map(\.view)) }
}
