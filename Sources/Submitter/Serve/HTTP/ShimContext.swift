import Hummingbird
import Logging
import NIOCore

/// The context of one HTTP request: its id, and the connection it came on.
struct ShimContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// `X-Request-Id`: the caller's if it is usable, else our own.
    var requestID = ""

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
