/// Reads members of an object in about the order in which they were written.
///
/// Each search goes on behind the member found before, and around, so it seldom looks at more than one.
struct JSONMembers {
    private let members: [JSONObject.Member]
    private var next = 0

    init(_ object: JSONObject) { members = object.members }

    /// The same as `JSONObject`'s.
    subscript(key: String) -> JSON? {
        mutating get {
            for step in members.indices {
                let place = next + step
                let index = place < members.count ? place : place - members.count
                guard members[index].key.hasSameBytes(as: key) else { continue }
                next = index + 1
                return members[index].value
            }
            return nil
        }
    }
}
