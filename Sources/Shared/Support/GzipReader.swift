import CZlib

/// Unpacks gzip (several members, too) of any size: neither the packed nor the unpacked bytes are held.
///
/// In: a source of packed pieces, which ends with `nil`. Out: pieces of 64 KB at most, then `nil`. Throws `Damaged`
/// where the bytes are no gzip or end too soon, and whatever the source throws. `Inflater` is for bytes in memory.
@safe package final class GzipReader {
    package struct Damaged: Error {}

    private static let piece = 64 << 10
    private let source: () throws -> [UInt8]?
    private var packed: [UInt8] = []
    private var position = 0
    private var isBetweenMembers = false
    /// The last piece had no room left, so zlib may hold more.
    private var wasFull = false
    /// zlib keeps the address of its stream.
    private let stream: UnsafeMutablePointer<z_stream>

    package init(_ source: @escaping () throws -> [UInt8]?) throws(Damaged) {
        self.source = source
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 is the largest window, and 16 more wants gzip.
        guard unsafe czlib_inflate_init(stream, 15 + 16) == Z_OK else { throw Damaged() }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// True for the first bytes of a gzip file.
    package static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    package func next() throws -> [UInt8]? {
        while true {
            if position == packed.count, !wasFull {
                guard let more = try source() else {
                    guard isBetweenMembers else { throw Damaged() }
                    return nil
                }
                (packed, position) = (more, 0)
                if more.isEmpty { continue }
            }
            let piece = try unpack()
            if !piece.isEmpty { return piece }
        }
    }

    private func unpack() throws(Damaged) -> [UInt8] {
        if isBetweenMembers {
            guard unsafe inflateReset(stream) == Z_OK else { throw Damaged() }
            isBetweenMembers = false
        }
        var result = Z_OK
        let piece = unsafe [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
            unsafe packed.withUnsafeBufferPointer { bytes in
                // zlib only reads the input, although its type does not say so.
                let rest = unsafe bytes.baseAddress.map { unsafe $0 + position }
                let given = UInt32(clamping: bytes.count - position)
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: rest)
                unsafe stream.pointee.avail_in = given
                unsafe stream.pointee.next_out = buffer.baseAddress
                unsafe stream.pointee.avail_out = UInt32(Self.piece)
                unsafe result = inflate(stream, Z_NO_FLUSH)
                unsafe position += Int(given - stream.pointee.avail_in)
                unsafe count = Self.piece - Int(stream.pointee.avail_out)
            }
        }
        wasFull = piece.count == Self.piece && result == Z_OK
        isBetweenMembers = result == Z_STREAM_END
        // A full piece may have been the last: then there is nothing to do, which is no mistake.
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw Damaged() }
        return piece
    }
}
