/// The file that a run reads: the one that it was given, or a copy of what can be read only once.
///
/// A copy is made beside its place, and moved there once it is known to be wanted. That of an earlier run stays until
/// then.
final class RunInput {
    private let given: String
    private let place: String
    private let isCopied: Bool
    private var part: String { place + ".part" }
    /// Copies that this process has made.
    private var made: [String] = []
    /// The file to read: `nil` where nothing came, and nothing was left by an earlier run.
    private(set) var path: String?

    init(_ given: String, copy place: String) {
        (self.given, self.place) = (given, place)
        isCopied = InputSpool.isNeeded(for: given)
        path = isCopied ? nil : given
    }

    var name: String { given == "-" ? "standard input" : given }

    /// Copies where that is needed.
    ///
    /// `known`: the hash of the batch's input, where it has one already. Then the same bytes are expected, or none.
    func read(known: String?) throws {
        guard isCopied else { return }
        made.append(part)
        let (sha256, bytes) = try InputSpool.fill(part, from: given)
        path = part
        guard let known, bytes == 0 || known != sha256 else { return }
        try DiskFile.remove(part)
        guard bytes == 0 else { throw BatchTrouble.changed(name) }
        path = DiskFile.size(of: place) == nil ? nil : place
    }

    /// Moves a copy to its place.
    func keep() throws(BatchTrouble) {
        guard isCopied, path == part else { return }
        try InputSpool.keep(part, as: place)
        made.append(place)
        path = place
    }

    /// The input is uploaded: removes the copies, also those of earlier processes.
    func removeCopies() throws(BatchTrouble) { if isCopied { try OutputPaths.remove([part, place]) } }

    /// Removes what this process made and nobody needs: all of it, or what is not at its place.
    func abandon(all: Bool) throws(BatchTrouble) { try OutputPaths.remove(all ? made : made.filter { $0 == part }) }
}

extension BatchTrouble {
    static func changed(_ input: String) -> BatchTrouble {
        .refused("\(input): it is not what this batch was made of; --fresh begins a new batch")
    }
}
