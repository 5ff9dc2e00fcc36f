import Shared

/// Step 4 of a job: one call to a platform, through its adapter.
///
/// In: a `PlatformCall`. Out: a whole answer, or a stream of deltas. Fails with what the adapter makes of the platform's
/// answer, or with `network` / `timeout`; interrupted calls fail too, and the pipeline knows why.
struct PlatformCaller: Sendable {
    let http: HTTPClient
    let credentials: AccountCredentials
    let timeouts: HTTPTimeouts
    let maxAnswerBytes: Int
    let clock: any WallClock

    /// A whole answer.
    func complete(_ call: PlatformCall) async throws(JobFailure) -> ChatCompletionEnd {
        guard let adapter = try adapter(call) else { return try await SandboxStream(call, clock: clock).complete() }
        let request = try self.request(call, adapter)
        let response = try await interruptible(call) { [http] in try await http.collect(request) }
        guard response.head.isSuccess else { throw refusal(response.head, response.body, adapter) }
        let shape = AnswerShape(isStream: false, contentType: response.head.header("content-type"))
        var decoder = adapter.makeDecoder(shape)
        _ = decoder.feed(response.body)
        return try decoder.finish()
    }

    /// The head of a streamed answer; its deltas come from the `CompletionStream`, which must be closed.
    func open(_ call: PlatformCall) async throws(JobFailure) -> CompletionStream {
        guard let adapter = try adapter(call) else { return CompletionStream(SandboxStream(call, clock: clock)) }
        let request = try self.request(call, adapter)
        let body = try await interruptible(call) { [http] in try await http.stream(request) }
        guard body.head.isSuccess else { throw refusal(body.head, try await rest(of: body), adapter) }
        let shape = AnswerShape(isStream: true, contentType: body.head.header("content-type"))
        return CompletionStream(UpstreamStream(body, adapter.makeDecoder(shape), call.interrupt))
    }

    /// `nil` for the platform that lives in this process.
    private func adapter(_ call: PlatformCall) throws(JobFailure) -> (any ProviderAdapter)? {
        let provider = call.route.model.provider
        if provider == .sandbox { return nil }
        guard let adapter = Adapters.adapter(for: provider) else {
            throw JobFailure(
                .unsupportedParameter, "this build cannot call \(provider.rawValue) yet", param: "provider")
        }
        return adapter
    }

    private func request(_ call: PlatformCall, _ adapter: any ProviderAdapter) throws(JobFailure) -> HTTPRequest {
        let (model, account) = (call.route.model, call.route.account)
        let view = AccountView(
            credential: try credentials.credential(of: account), baseURL: account.baseURL, mode: account.mode,
            settings: account.settings)
        let target = Target(
            model: model.modelID, account: view, now: clock.now, maxOutputTokens: model.maxTokens)
        let upstream = try adapter.makeRequest(call.request, target)
        var timeouts = timeouts
        timeouts.total = min(timeouts.total, max(.milliseconds(1), call.timeLeft))
        return HTTPRequest(
            method: upstream.method, url: upstream.url, headers: upstream.headers.map { ($0.name, $0.value) },
            body: upstream.body, timeouts: timeouts, maxResponseBytes: maxAnswerBytes)
    }

    private func refusal(_ head: HTTPHead, _ body: [UInt8], _ adapter: any ProviderAdapter) -> JobFailure {
        adapter.failure(
            UpstreamRefusal(status: head.status, headers: { head.header($0) }, body: body, now: clock.now))
    }

    /// The body of a refusal: it is an error text, so what came before it broke off will do.
    private func rest(of body: HTTPBodyStream) async throws(JobFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count < 1 << 20, let more = try await body.next() { bytes += more }
        } catch {
            if bytes.isEmpty { throw error.failure }
        }
        body.cancel()
        return bytes
    }

    private func interruptible<Value: Sendable>(
        _ call: PlatformCall, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws(JobFailure) -> Value {
        do {
            return try await call.interrupt.stopping(operation)
        } catch let error as HTTPError {
            throw error.failure
        } catch {
            throw JobFailure(.cancelled, "the call was interrupted")
        }
    }
}
