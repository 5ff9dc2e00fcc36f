import Hummingbird
import Logging
import NIOCore
import Shared

/// The context of one HTTP request: its id, its trace, and the connection it came on.
struct ShimContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// `X-Request-Id`: the caller's if it is usable, else our own.
    var requestID = ""
    /// The span of this request, or what its caller said, for what follows from it.
    var trace: TraceContext?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
