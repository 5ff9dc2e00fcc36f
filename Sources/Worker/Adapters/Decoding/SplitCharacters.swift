/// Joins the halves of characters that a platform cut between two events of a stream.
///
/// Servers that stream token by token send the two halves of a surrogate pair, or the bytes of one character, as two
/// pieces of one text. In: events, read. Out: the same events in their order, where the first of two such pieces ends
/// with the whole character. U+FFFD stands for a half whose other half never came. An event is held back only while its
/// text ends within a character. Texts belong together by their path: the same names, and elements of the same `index`.
/// Costs nothing while no event has halves.
import Shared

struct SplitCharacters: Sendable {
    /// Chosen: streams of several choices take turns, and after that many events the other half will not come.
    private static let mostHeld = 8
    private static let mostBytes = 1 << 20

    /// The first one waits for the other half of its text at `place`.
    private var held: [SSEEvent] = []
    private var place: [JSON.Step] = []

    var isHolding: Bool { !held.isEmpty }

    /// Returns the complete events, in order.
    mutating func take(_ event: SSEEvent) -> [SSEEvent] {
        guard var first = held.first, let json = event.json else { return flush() + began(event) }
        guard let text = json.text(at: place), !text.isEmpty else {
            return holding(event)
        }
        var event = event
        var rest = text
        let parts = rest.takeParts()
        let joined = (first.json?.text(at: place) ?? "") + parts
        first.json = first.json?.setting(joined, at: place)
        event.json = json.setting(rest, at: place)
        held[0] = first
        guard !rest.isEmpty || !joined.endsWithinCharacter else {
            return holding(event)
        }
        let later = held.dropFirst() + [event]
        held = []
        return later.reduce(into: [first.joiningParts]) { $0 += take($1) }
    }

    private mutating func holding(_ event: SSEEvent) -> [SSEEvent] {
        held.append(event)
        let isFull = held.count > Self.mostHeld || held.reduce(0) { $0 + $1.data.count } > Self.mostBytes
        return isFull ? flush() : []
    }

    /// Returns the held events, since nothing more will come.
    mutating func flush() -> [SSEEvent] {
        defer { held = [] }
        return held.map(\.joiningParts)
    }

    private mutating func began(_ event: SSEEvent) -> [SSEEvent] {
        guard event.hasParts, let open = event.json?.placeOfOpenText else { return [event.joiningParts] }
        held = [event]
        place = open
        return []
    }
}

extension SSEEvent {
    /// Replaces parts of characters.
    fileprivate var joiningParts: SSEEvent {
        guard hasParts || json != nil else { return self }
        var event = self
        event.json = json?.mapTexts(\.joiningParts)
        return event
    }
}

extension JSON {
    /// One step of the path to a text.
    fileprivate enum Step: Sendable, Equatable {
        case member(String)
        /// An element of an array, or the document itself at the top. It is found by its own number, else by its
        /// position.
        case element(Int)
    }

    private func number(at position: Int) -> Int {
        (self["index"] ?? self["Index"])?.intValue ?? position
    }

    /// The path to the first text that ends within a character.
    fileprivate var placeOfOpenText: [Step]? { wayToOpenText.map { [.element(number(at: 0))] + $0 } }

    private var wayToOpenText: [Step]? {
        switch self {
        case .string(let text): return text.endsWithinCharacter ? [] : nil
        case .array(let elements):
            for (position, element) in elements.enumerated() {
                if let way = element.wayToOpenText { return [.element(element.number(at: position))] + way }
            }
            return nil
        case .object(let object):
            for member in object.members {
                if let way = member.value.wayToOpenText { return [.member(member.key)] + way }
            }
            return nil
        case .null, .bool, .number: return nil
        }
    }

    /// `nil` where there is no text at that place.
    fileprivate func text(at place: [Step]) -> String? {
        guard place.first == .element(number(at: 0)) else { return nil }
        return place.dropFirst().reduce(self as JSON?) { $0?.child($1) }?.stringValue
    }

    private func child(_ step: Step) -> JSON? {
        switch step {
        case .member(let name): self[name]
        case .element(let number):
            arrayValue?.enumerated().first { $0.element.number(at: $0.offset) == number }?.element
        }
    }

    fileprivate func setting(_ text: String, at place: [Step]) -> JSON { setting(text, place.dropFirst()) }

    private func setting(_ text: String, _ way: ArraySlice<Step>) -> JSON {
        switch (way.first, self) {
        case (nil, _): return .string(text)
        case (.member(let name), .object(var object)):
            if let value = object[name] { object.set(name, value.setting(text, way.dropFirst())) }
            return .object(object)
        case (.element(let number), .array(var elements)):
            if let place = elements.indices.first(where: { elements[$0].number(at: $0) == number }) {
                elements[place] = elements[place].setting(text, way.dropFirst())
            }
            return .array(elements)
        default: return self
        }
    }

    /// Names included.
    fileprivate func mapTexts(_ change: (String) -> String) -> JSON {
        switch self {
        case .string(let text): return .string(change(text))
        case .array(let elements): return .array(elements.map { $0.mapTexts(change) })
        case .object(let object):
            return .object(object.mapMembers(name: change) { $0.mapTexts(change) })
        case .null, .bool, .number: return self
        }
    }
}
