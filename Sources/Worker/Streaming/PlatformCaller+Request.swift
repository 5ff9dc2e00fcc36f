import Shared

/// Builds the HTTP request of a call: route, credential, time limits.
extension PlatformCaller {
    /// The route with its credential, which is the account's key or the token exchanged for it.
    func target(
        _ route: Route, _ adapter: any ProviderAdapter, _ cancellation: JobCancellation, _ timeLeft: Duration
    ) async throws(JobFailure) -> Target {
        let (model, account) = (route.model, route.account)
        let now = clocks.now(account.id, ours: clock.now)
        var view = AccountView(
            credential: try credentials.credential(of: account), baseURL: account.baseURL,
            settings: account.settings)
        if let exchange = adapter.tokens {
            let key = view
            view.credential = try await token(Self.tokenName(account), key, exchange, now, cancellation, timeLeft)
        }
        return Target(model: model.modelID, account: view, now: now, maxOutputTokens: model.maxTokens)
    }

    private func token(
        _ name: String, _ key: AccountView, _ exchange: any TokenExchange, _ now: Int64,
        _ cancellation: JobCancellation, _ timeLeft: Duration
    ) async throws(JobFailure) -> Credential {
        do {
            return try await cancellation.stopping { [self] in
                try await tokens.credential(of: name, key, exchange, now: now) { request throws(JobFailure) in
                    try await ask(request, timeLeft)
                }
            }
        } catch let failure as JobFailure {
            throw failure
        } catch {
            throw JobFailure(.cancelled, "the call was interrupted")
        }
    }

    private func upstreamRequest(
        _ call: PlatformCall, _ adapter: any ProviderAdapter, _ target: Target
    ) throws(JobFailure) -> UpstreamRequest {
        switch call.request {
        case .chat(let chat): return try adapter.makeRequest(chat, target)
        case .embeddings(let embeddings):
            guard let maker = adapter.embeddings else { throw Job.Operation.embeddings.refusal }
            return try maker.makeRequest(embeddings, target)
        }
    }

    /// A request that belongs to no job: a ping, a token.
    func httpRequest(_ upstream: UpstreamRequest, _ timeLeft: Duration) -> HTTPRequest {
        httpRequest(upstream, timeouts.limits(nil, isStream: false, timeLeft: timeLeft))
    }

    func httpRequest(
        _ call: PlatformCall, _ adapter: any ProviderAdapter, _ target: Target
    ) throws(JobFailure) -> HTTPRequest {
        let upstream = try upstreamRequest(call, adapter, target)
        let limits = timeouts.limits(call.route.model, isStream: upstream.isStream, timeLeft: call.timeLeft)
        var request = httpRequest(upstream, limits)
        request.observer = recorder?.recording(of: call.request, on: call.route, upstream)
        if let trace = call.trace {
            // Behind what was signed, since no platform's signature has all headers.
            request.headers += trace.headers
            trace.sent(to: request.url)
        }
        return request
    }

    private func httpRequest(_ upstream: UpstreamRequest, _ limits: HTTPTimeouts) -> HTTPRequest {
        HTTPRequest(
            method: upstream.method, url: upstream.url, headers: upstream.headers.map { ($0.name, $0.value) },
            body: upstream.body, timeouts: limits, maxResponseBytes: maxAnswerBytes)
    }

    /// Requests a token.
    private func ask(_ request: UpstreamRequest, _ timeLeft: Duration) async throws(JobFailure) -> UpstreamResponse {
        do throws(HTTPError) {
            let response = try await http.collect(httpRequest(request, timeLeft))
            let head = response.head
            return UpstreamResponse(
                status: head.status, headers: { head.header($0) }, body: response.body, now: clock.now)
        } catch {
            throw error.failure
        }
    }

    /// Names the token of an account.
    ///
    /// A changed key, server or way to sign changes the name.
    static func tokenName(_ account: Account) -> String {
        [account.id, account.apiKeyEncrypted ?? "", account.baseURL ?? "", account.settings["auth"] ?? ""]
            .joined(separator: " ")
    }
}
