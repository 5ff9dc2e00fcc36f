import Shared

/// Step 4 of a job: makes one call to a platform through its adapter.
///
/// In: a `PlatformCall`. Out: a whole answer, or a stream of deltas. Fails with the adapter's reading of the platform's
/// error, or with `network` or `timeout`. Cancelled calls fail too, and the pipeline knows the reason. A credential
/// that the platform reports as expired is renewed and the call made once more, since such a refusal says nothing about
/// key or request.
final class PlatformCaller: Sendable {
    let http: HTTPClient
    let credentials: AccountCredentials
    let tokens: AccountTokens
    let clocks: PlatformClocks
    let timeouts: PlatformTimeouts
    let maxAnswerBytes: Int
    let clock: any WallClock
    /// The pause between two pieces of a sandbox stream whose prompt sets none.
    let sandboxPace: Duration
    /// Records what platforms send, `nil` where recording is off.
    let recorder: Recorder?

    init(
        http: HTTPClient, credentials: AccountCredentials, tokens: AccountTokens, clocks: PlatformClocks,
        timeouts: PlatformTimeouts, maxAnswerBytes: Int, clock: any WallClock, sandboxPace: Duration = .zero,
        recorder: Recorder? = nil
    ) {
        self.http = http
        self.credentials = credentials
        self.tokens = tokens
        self.clocks = clocks
        self.timeouts = timeouts
        self.maxAnswerBytes = maxAnswerBytes
        self.clock = clock
        self.sandboxPace = sandboxPace
        self.recorder = recorder
    }

    /// A whole answer.
    func complete(_ call: PlatformCall) async throws(JobFailure) -> ChatCompletionEnd {
        guard let adapter = Adapters.adapter(for: call.route.account) else {
            return try await SandboxStream.answer(call, clock: clock)
        }
        return try await renewing { () async throws(JobFailure) in try await completeOnce(call, adapter) }
    }

    /// Opens a streamed answer.
    ///
    /// The returned `CompletionStream` must be closed.
    func open(_ call: PlatformCall) async throws(JobFailure) -> CompletionStream {
        guard let adapter = Adapters.adapter(for: call.route.account) else {
            return CompletionStream(try SandboxStream(call, pace: sandboxPace, clock: clock))
        }
        return try await renewing { () async throws(JobFailure) in try await openOnce(call, adapter) }
    }

    /// Makes the cheapest call that proves an account's key and that its platform can be reached.
    ///
    /// It is free where the platform has a free one.
    func ping(_ route: Route, timeLeft: Duration) async throws(JobFailure) {
        guard let adapter = Adapters.adapter(for: route.account) else { return }
        try await renewing { () async throws(JobFailure) in try await pingOnce(route, timeLeft, adapter) }
    }

    private func pingOnce(
        _ route: Route, _ timeLeft: Duration, _ adapter: any ProviderAdapter
    ) async throws(JobFailure) {
        let cancellation = JobCancellation()
        // A kept token would prove nothing.
        tokens.forget(Self.tokenName(route.account))
        let target = try await target(route, adapter, cancellation, timeLeft)
        guard let ping = try adapter.makePing(target) else { return }
        let request = httpRequest(ping, timeLeft)
        let response = try await collect(request, cancellation)
        let failure =
            response.head.isSuccess
            ? adapter.failure(inside: response.body) : refusal(response.head, response.body, adapter)
        if let failure { throw noted(failure, route.account, target, response.head) }
    }

    /// Repeats the call once where only the credential was out of date.
    private func renewing<Value>(
        _ ask: () async throws(JobFailure) -> Value
    ) async throws(JobFailure) -> Value {
        do throws(JobFailure) { return try await ask() } catch {
            guard error.isStaleCredential else { throw error }
        }
        return try await ask()
    }

    private func completeOnce(
        _ call: PlatformCall, _ adapter: any ProviderAdapter
    ) async throws(JobFailure) -> ChatCompletionEnd {
        let target = try await target(call.route, adapter, call.cancellation, call.timeLeft)
        let request = try httpRequest(call, adapter, target)
        let response = try await collect(request, call.cancellation)
        return try await onPool(if: response.body.count > largestOnLoop) { () throws(JobFailure) in
            try completion(response, call, adapter, target)
        }
    }

    private func completion(
        _ response: HTTPResponse, _ call: PlatformCall, _ adapter: any ProviderAdapter, _ target: Target
    ) throws(JobFailure) -> ChatCompletionEnd {
        do throws(JobFailure) {
            guard response.head.isSuccess else { throw refusal(response.head, response.body, adapter) }
            let context = responseContext(response.head, call)
            if case .embeddings(let embeddings) = call.request, let reader = adapter.embeddings {
                return try reader.read(response.body, embeddings, context)
            }
            var decoder = decoder(context, call, adapter)
            _ = decoder.feed(response.body)
            return try decoder.finish()
        } catch {
            throw noted(error, call.route.account, target, response.head)
        }
    }

    private func openOnce(
        _ call: PlatformCall, _ adapter: any ProviderAdapter
    ) async throws(JobFailure) -> CompletionStream {
        let target = try await target(call.route, adapter, call.cancellation, call.timeLeft)
        let request = try httpRequest(call, adapter, target)
        let body = try await interruptible(call.cancellation) { () async throws(HTTPError) in
            try await http.stream(request, call.cancellation.arm)
        }
        do throws(JobFailure) {
            guard body.head.isSuccess else {
                throw refusal(body.head, try await rest(of: body, call.cancellation), adapter)
            }
            let stream = UpstreamStream(
                body, decoder(responseContext(body.head, call), call, adapter), call.cancellation
            ) { [self] in
                noted($0, call.route.account, target, body.head)
            }
            do throws(JobFailure) { try await stream.begin() } catch {
                stream.close()
                throw error
            }
            return CompletionStream(stream)
        } catch {
            throw noted(error, call.route.account, target, body.head)
        }
    }

    // MARK: - Response

    private func decoder(
        _ context: ResponseContext, _ call: PlatformCall, _ adapter: any ProviderAdapter
    ) -> any ResponseDecoder {
        let decoder = adapter.makeDecoder(context)
        guard case .chat(let chat) = call.request, chat.n > 1 else { return decoder }
        return CountedChoices(decoder, wanted: chat.n, platform: call.route.account.provider.rawValue)
    }

    private func responseContext(_ head: HTTPHead, _ call: PlatformCall) -> ResponseContext {
        var context = ResponseContext(
            isStream: call.request.isStream, contentType: head.header("content-type"),
            model: call.route.model.modelID, now: clock.now, headers: { head.header($0) })
        if case .chat(let chat) = call.request { context.note(chat, requestID: call.requestID) }
        return context
    }

    private func refusal(_ head: HTTPHead, _ body: [UInt8], _ adapter: any ProviderAdapter) -> JobFailure {
        adapter.failure(
            UpstreamResponse(status: head.status, headers: { head.header($0) }, body: body, now: clock.now))
    }

    /// Forgets an outdated token and notes the platform's time, so that the next call has a good credential.
    private func noted(_ failure: JobFailure, _ account: Account, _ target: Target, _ head: HTTPHead) -> JobFailure {
        let failure = failure.coolingDown({ head.header($0) }, now: clock.now).hiding(target.account.credential)
        guard failure.isStaleCredential else { return failure }
        tokens.discard(target.account.credential, of: Self.tokenName(account))
        clocks.note(account.id, date: head.header("date"), ours: clock.now)
        return failure
    }

    /// Reads the body of a refusal.
    ///
    /// If the body breaks off, the part before will do, since it is only an error text.
    private func rest(of body: HTTPBodyStream, _ cancellation: JobCancellation) async throws(JobFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        cancellation.arm { body.cancel() }
        defer { cancellation.disarm() }
        do throws(HTTPError) {
            while bytes.count < 1 << 20, let more = try await body.next() { bytes += more }
        } catch {
            if error == .cancelled { throw error.failure }
        }
        body.cancel()
        return bytes
    }

    private func collect(
        _ request: HTTPRequest, _ cancellation: JobCancellation
    ) async throws(JobFailure) -> HTTPResponse {
        try await interruptible(cancellation) { () async throws(HTTPError) in
            try await http.collect(request, cancellation.arm)
        }
    }

    /// Runs an exchange that `cancellation` can end.
    private func interruptible<Value>(
        _ cancellation: JobCancellation, _ exchange: () async throws(HTTPError) -> Value
    ) async throws(JobFailure) -> Value {
        defer { cancellation.disarm() }
        do throws(HTTPError) { return try await exchange() } catch { throw error.failure }
    }
}
