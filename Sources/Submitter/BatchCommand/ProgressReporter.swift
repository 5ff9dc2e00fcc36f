import Shared
import Synchronization

/// Tells a person on standard error, or a program on standard output, how a batch goes.
///
/// A terminal has one line that is drawn again and again. Elsewhere there is a line every 10 s or 10 %, whichever comes
/// first. Programs get an event a second.
final class ProgressReporter: Sendable {
    enum Voice: Sendable {
        case terminal(ProgressTerminal)
        case lines
        case events
        case quiet
    }

    private struct State {
        var progress: ProgressState?
        var drawn: ContinuousClock.Instant?
        var drawnShare = 0.0
        var hasLine = false
        var mood: String?
    }

    private let voice: Voice
    private let began = ContinuousClock.now
    private let state = Mutex(State())

    init(_ voice: Voice) { self.voice = voice }

    static func voice(json: Bool, quiet: Bool) -> Voice {
        if json { return .events }
        if quiet { return .quiet }
        return ProgressTerminal().map(Voice.terminal) ?? .lines
    }

    /// A sentence that matters now.
    func notice(_ text: String) {
        switch voice {
        case .quiet: return
        case .events: emit(ProgressEvent.event("notice", ["message": .string(text)]))
        case .lines, .terminal: state.withLock { say(text, &$0) }
        }
    }

    /// A sentence that is told also where everything else is not.
    func failure(_ text: String) {
        if case .quiet = voice { return state.withLock { say(text, &$0) } }
        notice(text)
    }

    func event(_ name: String, _ members: JSONObject, _ text: String) {
        if case .events = voice { emit(ProgressEvent.event(name, members)) } else { notice(text) }
    }

    /// Tells programs, too: people read them on standard error.
    func mistakes(_ mistakes: InputMistakes) {
        guard case .events = voice else { return }
        let list = JSON.array(mistakes.shown.map(JSON.string))
        emit(ProgressEvent.event("invalid", ["count": .int(mistakes.count), "mistakes": list]))
    }

    func mood(_ text: String?) { state.withLock { $0.mood = text } }

    func saw(_ results: [BatchResult]) {
        state.withLock { state in for result in results { state.progress?.add(result) } }
    }

    /// The batch's row was read.
    func update(_ batch: Batch) {
        let now = ContinuousClock.now
        state.withLock { state in
            if state.progress == nil { state.progress = ProgressState(batch) }
            state.progress?.update(batch, at: (now - began).seconds)
            guard let progress = state.progress, isDue(progress, state, now) else { return }
            (state.drawn, state.drawnShare) = (now, progress.share)
            draw(progress, &state)
        }
    }

    /// The last line, which stays.
    func end(_ batch: Batch) {
        state.withLock { state in
            state.drawn = nil
            state.mood = nil
        }
        update(batch)
        leaveLine()
    }

    /// The next text begins on a line of its own.
    func leaveLine() {
        state.withLock { state in
            if state.hasLine { StandardStreams.error("\n") }
            state.hasLine = false
        }
    }

    /// Tells the end: a table for people, an event for programs.
    func finish(_ end: JournalEnd, _ batch: Batch?, _ models: [BatchModelSum]) {
        switch voice {
        case .quiet: return
        case .events: emit(ProgressEvent.finished(end, batch, models))
        case .lines: StandardStreams.error(ModelTable(models).text(width: nil))
        case .terminal(let terminal): StandardStreams.error(ModelTable(models).text(width: terminal.width))
        }
    }

    private func isDue(_ progress: ProgressState, _ state: State, _ now: ContinuousClock.Instant) -> Bool {
        guard let drawn = state.drawn else { return true }
        switch voice {
        case .quiet: return false
        // At most five a second.
        case .terminal: return now - drawn >= .milliseconds(200)
        case .lines: return now - drawn >= .seconds(10) || progress.share - state.drawnShare >= 0.1
        case .events: return now - drawn >= .seconds(1)
        }
    }

    private func draw(_ progress: ProgressState, _ state: inout State) {
        switch voice {
        case .quiet: return
        case .events: emit(ProgressEvent.progress(progress, running: progress.batch.counts.running))
        case .lines: StandardStreams.error(ProgressLine(state: progress, mood: state.mood).sentence + "\n")
        case .terminal(let terminal):
            let line = ProgressLine(
                state: progress, mood: state.mood, isUnicode: terminal.isUnicode, isColoured: terminal.takesColours)
            // The last column stays free, since some terminals wrap there.
            StandardStreams.error("\r\(line.text(width: terminal.width - 1))\u{1B}[K")
            state.hasLine = true
        }
    }

    private func say(_ text: String, _ state: inout State) {
        let clearing = state.hasLine ? "\r\u{1B}[K" : ""
        state.hasLine = false
        state.drawn = nil
        StandardStreams.error("\(clearing)\(TerminalText.plain(text))\n")
    }

    private func emit(_ event: JSON) { StandardStreams.out(event.encoded + [UInt8(ascii: "\n")]) }
}
