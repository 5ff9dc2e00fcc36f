import Shared
import Synchronization

/// Access tokens that some platforms take instead of keys, kept until they are due and fetched once for all who wait.
///
/// In: an account with such a platform, and the way to ask. Out: a token that is not due. Of concurrent callers one
/// asks and the others get what it got, its failure included. A caller that is interrupted while asking leaves that to
/// the next.
final class AccountTokens: Sendable {
    typealias Ask = @Sendable (UpstreamRequest) async throws(JobFailure) -> UpstreamResponse
    private typealias Answer = Result<AccessToken, JobFailure>

    private struct Held {
        var token: AccessToken?
        var isRenewing = false
        var waiters: [UInt64: CheckedContinuation<Answer?, Never>] = [:]
    }

    private struct State {
        var held: [String: Held] = [:]
        var lastWaiter: UInt64 = 0
    }

    private enum Step {
        case use(AccessToken)
        case renew
        case wait(UInt64)
    }

    private let state = Mutex(State())

    /// A token that is not due at `now`, in milliseconds since 1970.
    ///
    /// `account` names the account and its key: with another key it has another token.
    func credential(
        of account: String, _ view: AccountView, _ exchange: any TokenExchange, now: Int64, ask: Ask
    ) async throws(JobFailure) -> Credential {
        while true {
            switch next(account, now) {
            case .use(let token): return token.credential
            case .renew: return try await renew(account, view, exchange, now: now, ask).credential
            case .wait(let waiter):
                // `nil`: the caller that asked was interrupted, or we were.
                if let answer = await answer(account, waiter) { return try answer.get().credential }
                if Task.isCancelled { throw JobFailure(.cancelled, "the call was interrupted") }
            }
        }
    }

    /// The platform called this token out of date: the next caller gets another one.
    func discard(_ credential: Credential, of account: String) {
        state.withLock { state in
            guard state.held[account]?.token?.credential.reveal() == credential.reveal() else { return }
            state.held[account]?.token = nil
        }
    }

    /// Makes the next caller ask for another token, whatever the kept one is worth.
    func forget(_ account: String) { state.withLock { $0.held[account]?.token = nil } }

    private func next(_ account: String, _ now: Int64) -> Step {
        state.withLock { state in
            var held = state.held[account] ?? Held()
            defer { state.held[account] = held }
            if let token = held.token, now < token.renewAt { return .use(token) }
            guard held.isRenewing else {
                held.isRenewing = true
                return .renew
            }
            state.lastWaiter += 1
            return .wait(state.lastWaiter)
        }
    }

    private func renew(
        _ account: String, _ view: AccountView, _ exchange: any TokenExchange, now: Int64, _ ask: Ask
    ) async throws(JobFailure) -> AccessToken {
        let answer: Answer
        do throws(JobFailure) {
            switch try exchange.begin(view, now: now) {
            case .ready(let token): answer = .success(token)
            case .ask(let request): answer = .success(try exchange.token(try await ask(request)))
            }
        } catch {
            answer = .failure(error)
        }
        settle(account, answer)
        return try answer.get()
    }

    private func settle(_ account: String, _ answer: Answer) {
        let waiters = state.withLock { state in
            var held = state.held[account] ?? Held()
            if case .success(let token) = answer { held.token = token }
            held.isRenewing = false
            let waiters = held.waiters.values
            held.waiters = [:]
            state.held[account] = held
            return Array(waiters)
        }
        var shared: Answer? = answer
        if case .failure(let failure) = answer, failure.kind == .cancelled { shared = nil }
        for waiter in waiters { waiter.resume(returning: shared) }
    }

    private func answer(_ account: String, _ waiter: UInt64) async -> Answer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRenewing = state.withLock { state in
                    guard state.held[account]?.isRenewing == true, !Task.isCancelled else { return false }
                    state.held[account]?.waiters[waiter] = continuation
                    return true
                }
                // It was settled meanwhile: look again.
                if !isRenewing { continuation.resume(returning: nil) }
            }
        } onCancel: {
            state.withLock { $0.held[account]?.waiters.removeValue(forKey: waiter) }?.resume(returning: nil)
        }
    }
}
