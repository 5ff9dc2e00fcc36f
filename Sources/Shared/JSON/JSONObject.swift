/// The members of a JSON object in the order they were written.
///
/// Keys are unique, byte for byte.
package struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Member: Sendable, Hashable {
        package let key: String
        package var value: JSON
    }

    package private(set) var members: [Member] = []

    package init() {}

    /// For the parser, which has refused duplicates.
    init(unique members: [Member]) {
        self.members = members
    }

    /// Later duplicates replace earlier ones.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        members.reserveCapacity(elements.count)
        for (key, value) in elements { set(key, value) }
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    package subscript(key: String) -> JSON? {
        index(of: key).map { members[$0].value }
    }

    /// Replaces in place, or appends.
    package mutating func set(_ key: String, _ value: JSON) {
        if let index = index(of: key) {
            members[index].value = value
        } else {
            members.append(Member(key: key, value: value))
        }
    }

    @discardableResult
    package mutating func remove(_ key: String) -> JSON? {
        index(of: key).map { members.remove(at: $0).value }
    }

    /// Removes in one pass, and returns `true` if anything went.
    @discardableResult
    package mutating func removeAll(where isGone: (Member) -> Bool) -> Bool {
        guard members.contains(where: isGone) else { return false }
        members.removeAll(where: isGone)
        return true
    }

    package func filter(_ isKept: (Member) -> Bool) -> JSONObject { JSONObject(unique: members.filter(isKept)) }

    /// Changes a value where it stands, so that its contents are not copied.
    ///
    /// Null stands for a missing one.
    package mutating func change(_ key: String, _ edit: (inout JSON) -> Void) {
        let place = index(of: key) ?? members.count
        if place == members.count { members.append(Member(key: key, value: .null)) }
        edit(&members[place].value)
    }

    /// The same object with other names and values.
    ///
    /// Of members that get the same name the last counts, in the first's place.
    package func mapMembers(name: (String) -> String, value: (JSON) -> JSON) -> JSONObject {
        var isRenamed = false
        let mapped = members.map { member -> Member in
            let key = name(member.key)
            isRenamed = isRenamed || !key.hasSameBytes(as: member.key)
            return Member(key: key, value: value(member.value))
        }
        return isRenamed ? JSONObject(merging: mapped) : JSONObject(unique: mapped)
    }

    private init(merging given: [Member]) {
        var places: [[UInt8]: Int] = [:]
        for member in given {
            let name = Array(member.key.utf8)
            if let place = places[name] {
                members[place].value = member.value
            } else {
                places[name] = members.count
                members.append(member)
            }
        }
    }

    private func index(of key: String) -> Int? {
        // A span, since a search in the array would copy the members before.
        let members = members.span
        for index in members.indices where members[index].key.hasSameBytes(as: key) { return index }
        return nil
    }
}

extension String {
    /// Compares bytes.
    ///
    /// `==` alone would take canonically equivalent keys ("K" and the Kelvin sign) for one.
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count, self == other else { return false }
        let own = utf8.span
        let others = other.utf8.span
        return own.indices.allSatisfy { own[$0] == others[$0] }
    }
}

extension [JSON] {
    /// The elements with `edit`'s changes to objects, or `nil` where it changes none.
    package func changed(_ edit: (JSONObject) -> JSONObject?) -> [JSON]? {
        var result: [JSON]?
        for (index, element) in enumerated() {
            guard let object = element.objectValue, let changed = edit(object) else { continue }
            result = result ?? self
            result?[index] = .object(changed)
        }
        return result
    }
}
