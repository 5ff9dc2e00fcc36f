/// Moves of running attempts on their way to Redis: those of one moment share a call of their script.
///
/// Each has its own fence, verdict and error, as if it were alone. A call that is lost is repeated by all of its callers.
struct QueueMoves: Sendable {
    typealias Calls = RedisBatcher<QueueMove, RedisValue>

    let starts: Calls
    let appends: Calls
    let finishes: Calls

    init(_ redis: RedisClient) {
        starts = Self.calls(QueueScripts.start, most: 128, redis)
        appends = Self.calls(QueueScripts.append, most: 256, redis)
        finishes = Self.calls(QueueScripts.finish, most: 64, redis)
    }

    /// `most` and 1 MB are chosen: one or two milliseconds in Redis, whose other callers wait meanwhile.
    private static func calls(_ script: RedisScript, most: Int, _ redis: RedisClient) -> Calls {
        Calls(most: most, mostBytes: 1 << 20, bytes: { $0.arguments.byteCount }, gathers: true) {
            moves throws(RedisError) in
            var arguments = RedisArguments(capacity: moves.reduce(0) { $0 + $1.arguments.byteCount })
            for move in moves { arguments.append(move.arguments) }
            let reply = try await redis.evaluate(script, keys: moves.flatMap(\.keys), arguments: arguments)
            guard let verdicts = reply.array, verdicts.count == moves.count else {
                throw RedisError(.protocolViolation, "a queue script answered for another number of moves")
            }
            return verdicts
        }
    }
}

/// One move: its keys and arguments, as its script takes them.
struct QueueMove: Sendable {
    let keys: [String]
    let arguments: RedisArguments

    init(_ keys: [String], _ arguments: [RedisArgument]) {
        self.keys = keys
        self.arguments = RedisArguments(arguments)
    }
}

extension JobQueue {
    /// The verdict of a move, repeated while Redis is away.
    ///
    /// The move is made anew each time, since the clock has gone on. Its answer is one of a closed set of words.
    func verdict<Verdict: RawRepresentable<String>>(
        of calls: QueueMoves.Calls, _ move: () -> QueueMove
    ) async throws(RedisError) -> Verdict {
        let reply = try await persist { () async throws(RedisError) in
            let reply = try await calls.answer(to: move())
            try reply.throwIfError()
            return reply
        }
        return try Self.word(reply)
    }
}
