/// Assembles the calls of one choice of a stream from the pieces that platforms send.
///
/// In: pieces whose numbers cannot be trusted (none at all, 0 for every call, one more with each delta of one call).
/// Out: deltas as OpenAI sends them. Each call has a number of its own, counted from 0, and its id and whole name come
/// once and first. Nothing in a piece is lost.
///
/// 1. A new id or a new name opens a call. A piece with neither continues the call of its number, else the last one.
/// 2. A name continues the call's name where the call has no arguments yet and the two together begin a function that
///    the request declares. With undeclared names it does so where the piece has the number of the call, or the call
///    has an id and the piece none.
/// 3. Arguments that are complete JSON cannot go on. More arguments with the same name, or under no known number, open
///    a call.
/// 4. The middle of JSON continues the call that is in its middle, even under a new id.
/// 5. A call is held until its name is settled, and a few pieces longer for its id. Then an id is made (`CallIDs`).
import Shared

struct StreamedCalls: Sendable {
    private struct Call: Sendable {
        /// The platform's.
        var id = ""
        var name = ""
        var kind = CallPiece.Kind.function
        var scan = ArgumentScan()
        /// All arguments so far, to recognise a call that is repeated.
        var arguments = ""
        /// Arguments that have not been sent yet.
        var held = ""
        var extras = JSONObject()
        /// The arguments are an empty object, which is sent only if nothing else comes.
        var isEmptySoFar = false
        var pieces = 0
        /// The delta that opened it.
        let delta: Int
        let isOpenedByID: Bool
        /// The name of a preceding piece without arguments, used if the call gets no name of its own.
        let namedBefore: String
        /// Set when the opening goes out.
        var number: Int?
    }

    /// Chosen: late ids come with the next pieces, and nobody notices a delay of some tokens.
    static let patience = 8

    private let form: CallForm
    private let choice: Int
    private var calls: [Call] = []
    private var places: [Int: Int] = [:]
    private var ids: [String: Int] = [:]
    private var givenIDs: Set<String> = []
    /// The first call whose opening has not been sent, since openings are sent in order.
    private var nextToOpen = 0
    private var opened = 0
    private var lastOpened: Int?
    private var deltas = 0
    /// The name in the last piece, if that piece held nothing else and its call was complete.
    private var namedAgain = ""

    init(_ form: CallForm, choice: Int) {
        self.form = form
        self.choice = choice
    }

    var hasOpened: Bool { opened > 0 }

    /// Returns the calls of one delta.
    mutating func take(_ pieces: [CallPiece]) -> [CallDelta] {
        var result: [CallDelta] = []
        deltas += 1
        for (position, piece) in pieces.enumerated() where !piece.isNothing {
            var piece = piece
            // Neighbours in one delta are different calls.
            if pieces.count > 1, piece.index == nil { piece.index = position }
            add(piece, at: place(of: piece), into: &result)
        }
        return result
    }

    /// Returns everything still held, at the end of the choice.
    ///
    /// Calls without arguments get "{}".
    mutating func finish() -> [CallDelta] {
        var result: [CallDelta] = []
        while nextToOpen < calls.count {
            if calls[nextToOpen].name.isEmpty { calls[nextToOpen].name = calls[nextToOpen].namedBefore }
            if calls[nextToOpen].name.isEmpty { settleNameless(into: &result) } else { open(into: &result) }
        }
        for call in calls where call.kind == .function && (call.isEmptySoFar || !call.scan.hasBegun) {
            if let number = call.number { result.append(CallDelta(number: number, arguments: "{}")) }
        }
        return result
    }

    // MARK: - Whose piece

    /// The call that a piece belongs to.
    private mutating func place(of piece: CallPiece) -> Int {
        let place = known(piece) ?? begin(piece)
        if let index = piece.index { places[index] = place }
        if !piece.id.isEmpty {
            ids[piece.id] = place
            if calls[place].id.isEmpty { calls[place].id = piece.id }
        }
        return place
    }

    private mutating func begin(_ piece: CallPiece) -> Int {
        calls.append(
            Call(kind: piece.kind, delta: deltas, isOpenedByID: !piece.id.isEmpty, namedBefore: namedAgain))
        return calls.count - 1
    }

    /// `nil` where the piece opens a call.
    private func known(_ piece: CallPiece) -> Int? {
        if let same = ids[piece.id] { return opens(piece, after: calls[same]) ? nil : same }
        let numbered = piece.index.flatMap { places[$0] }
        guard let place = numbered ?? calls.indices.last else { return nil }
        let call = calls[place]
        let isNewNumber = numbered == nil && piece.index != nil
        if !piece.id.isEmpty, !call.id.isEmpty || isNewNumber {
            return isLateID(piece, call) || continuesJSON(piece, call) ? place : nil
        }
        if isNewNumber, beginsAnew(piece, after: call) { return nil }
        return opens(piece, after: call) ? nil : place
    }

    /// True for an id alone, under a new number, where the call lacks an id and is not complete.
    private func isLateID(_ piece: CallPiece, _ call: Call) -> Bool {
        call.id.isEmpty && !call.name.isEmpty && piece.name.isEmpty && !call.scan.isComplete
    }

    /// True for the middle of JSON.
    ///
    /// Some servers make a new id for each delta, so the id does not matter here.
    private func continuesJSON(_ piece: CallPiece, _ call: Call) -> Bool {
        guard piece.kind == .function, call.scan.hasBegun, !call.scan.isComplete else { return false }
        return (piece.name.isEmpty || piece.name == call.name) && isMiddle(piece)
    }

    /// True when the arguments cannot be the beginning of a JSON object.
    private func isMiddle(_ piece: CallPiece) -> Bool {
        piece.arguments.utf8.first.map { $0 != UInt8(ascii: "{") } ?? false
    }

    /// True when a piece that could continue `call` opens the next one.
    private func opens(_ piece: CallPiece, after call: Call) -> Bool {
        if piece.name.isEmpty {
            return piece.id.isEmpty && piece.index == nil && cannotContinue(piece, call)
        }
        if call.name.isEmpty { return false }
        if piece.name == call.name {
            let isRepeated = !piece.id.isEmpty && piece.arguments == call.arguments
            return !isRepeated && (cannotContinue(piece, call) || call.delta == deltas)
        }
        return call.number != nil || call.scan.hasBegun || !isPieceOfName(piece, call)
    }

    /// True when a piece under a new number and without an id is a call of its own.
    ///
    /// The alternative is one call that goes on under a new number.
    private func beginsAnew(_ piece: CallPiece, after call: Call) -> Bool {
        if piece.name.isEmpty { return cannotContinue(piece, call) }
        if call.name.isEmpty { return false }
        if piece.name != call.name {
            return call.number != nil || call.scan.hasBegun
                || !isDeclared(beginning: Self.joined(call.name, piece.name))
        }
        // A server that opens one call with an id opens the next one with an id, too.
        if call.isOpenedByID { return cannotContinue(piece, call) }
        return !call.scan.hasBegun || call.scan.isComplete || !isMiddle(piece)
    }

    private func cannotContinue(_ piece: CallPiece, _ call: Call) -> Bool {
        guard call.scan.isComplete else { return false }
        var scan = ArgumentScan()
        scan.add(piece.arguments)
        return scan.hasBegun
    }

    private func isPieceOfName(_ piece: CallPiece, _ call: Call) -> Bool {
        if isDeclared(beginning: Self.joined(call.name, piece.name)) { return true }
        if form.functions.contains(call.name) { return false }
        return piece.index != nil || !call.id.isEmpty
    }

    private func isDeclared(beginning name: String) -> Bool {
        form.functions.contains { $0.hasPrefix(name) }
    }

    /// A piece of a name is either the new part or the whole so far.
    private static func joined(_ name: String, _ piece: String) -> String {
        piece.hasPrefix(name) ? piece : name + piece
    }

    // MARK: - What goes out

    /// Adds a piece to the call at `place`.
    private mutating func add(_ piece: CallPiece, at place: Int, into result: inout [CallDelta]) {
        calls[place].pieces += 1
        let isNameAlone = calls[place].scan.isComplete && piece.arguments.isEmpty && piece.id.isEmpty
        namedAgain = isNameAlone ? piece.name : ""
        if calls[place].number == nil, !piece.name.isEmpty, piece.name != calls[place].name {
            calls[place].name = Self.joined(calls[place].name, piece.name)
        }
        for member in piece.extras.members { calls[place].extras.set(member.key, member.value) }
        addArguments(piece, at: place)
        if calls[place].number != nil { more(of: place, into: &result) }
        while nextToOpen < calls.count, isReady(nextToOpen) { open(into: &result) }
    }

    /// Ignores arguments that are repeated as a whole.
    private mutating func addArguments(_ piece: CallPiece, at place: Int) {
        guard !piece.arguments.isEmpty else { return }
        if calls[place].scan.isComplete, piece.arguments == calls[place].arguments { return }
        if calls[place].isEmptySoFar { (calls[place].scan, calls[place].arguments) = (ArgumentScan(), "") }
        calls[place].isEmptySoFar = !calls[place].scan.hasBegun && piece.kind == .function && piece.arguments == "{}"
        calls[place].scan.add(piece.arguments)
        calls[place].arguments += piece.arguments
        if !calls[place].isEmptySoFar { calls[place].held += piece.arguments }
    }

    private func isReady(_ place: Int) -> Bool {
        let call = calls[place]
        guard !call.name.isEmpty else { return false }
        let isFollowed = place < calls.count - 1
        let isNamed = isFollowed || call.scan.hasBegun || isSettled(call.name)
        let mayLackID = isFollowed || form.style == .function || call.pieces > Self.patience
        return isNamed && (mayLackID || !call.id.isEmpty)
    }

    /// True when no declared name is longer.
    private func isSettled(_ name: String) -> Bool {
        form.functions.contains(name) && !form.functions.contains { $0 != name && $0.hasPrefix(name) }
    }

    private mutating func open(into result: inout [CallDelta]) {
        let (place, number) = (nextToOpen, opened)
        (nextToOpen, opened, lastOpened) = (nextToOpen + 1, opened + 1, place)
        calls[place].number = number
        // Two calls with one id cannot both be answered.
        var id = calls[place].id
        if id.isEmpty || !givenIDs.insert(id).inserted { id = form.ids.call(number, choice: choice) }
        let opening = CallDelta.Opening(id: id, name: calls[place].name)
        result.append(delta(of: place, number, opening))
    }

    private mutating func more(of place: Int, into result: inout [CallDelta]) {
        guard let number = calls[place].number, !calls[place].held.isEmpty || !calls[place].extras.isEmpty else {
            return
        }
        result.append(delta(of: place, number, nil))
    }

    private mutating func delta(of place: Int, _ number: Int, _ opening: CallDelta.Opening?) -> CallDelta {
        defer { (calls[place].held, calls[place].extras) = ("", [:]) }
        return CallDelta(
            number: number, opening: opening, kind: calls[place].kind, arguments: calls[place].held,
            extras: calls[place].extras)
    }

    /// Settles a call that never got a name.
    ///
    /// It continues the call before it under another id or number, unless it stands alone.
    private mutating func settleNameless(into result: inout [CallDelta]) {
        let call = calls[nextToOpen]
        guard call.scan.hasBegun || !call.extras.isEmpty else {
            nextToOpen += 1
            return
        }
        guard let before = lastOpened, let number = calls[before].number,
            !(call.scan.isComplete && calls[before].scan.isComplete)
        else { return open(into: &result) }
        nextToOpen += 1
        calls[before].scan.add(call.held)
        result.append(
            CallDelta(number: number, kind: calls[before].kind, arguments: call.held, extras: call.extras))
    }
}
