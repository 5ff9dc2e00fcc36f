/// The place of a request that waits in fair order, as its `wait` key has it (`QueueScripts+Rooms`).
struct WaitPlace: Equatable {
    let lane: Lane
    /// The ID of its entry.
    let entry: String
    /// `nil` where it waits in its lane, or was just admitted.
    let room: String?

    /// From `o/<lane>/<member>`, `r/<room>/<member>` or `a/<room>/<member>/<start tag>`.
    ///
    /// A member is `<lane index> <entry ID, padded with zeros>`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 3, text.utf8.count <= 512 else { return nil }
        let member = parts[2].split(separator: " ")
        guard member.count == 2, let lane = Int(member[0]).flatMap(Lane.init(index:)),
            let id = RequestLogID(member[1])
        else { return nil }
        self.lane = lane
        entry = "\(id)"
        room = parts[0] == "r" ? String(parts[1]) : nil
    }
}
