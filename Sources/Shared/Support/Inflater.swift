import CZlib

/// Unpacks gzip (several members, too) and deflate piece by piece, so that its reader can stop at any size.
///
/// In: the packed bytes. Out: pieces of 64 KB at most, then `nil`. Throws where the bytes are damaged or end too soon.
/// Deflate is accepted with zlib's header, as its specification says, and without, as some clients send it.
@safe package final class Inflater {
    package struct Damaged: Error {}

    private static let piece = 64 << 10
    private let packed: [UInt8]
    private var position = 0
    private var isOver = false
    /// zlib keeps the address of its stream.
    private let stream: UnsafeMutablePointer<z_stream>

    package init(_ packed: [UInt8]) throws(Damaged) {
        self.packed = packed
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 is the largest window, 32 more detects gzip or zlib, and a negative one is for bare deflate.
        let window: Int32 = Self.hasHeader(packed) ? 15 + 32 : -15
        guard unsafe czlib_inflate_init(stream, window) == Z_OK else { throw Damaged() }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    package func next() throws(Damaged) -> [UInt8]? {
        guard !isOver else { return nil }
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
        switch result {
        case Z_OK where !piece.isEmpty || position < packed.count: break
        case Z_STREAM_END: try endMember()
        // Nothing is left to read, and the end was not seen.
        default: throw Damaged()
        }
        return piece
    }

    /// Another member of a gzip file may follow.
    private func endMember() throws(Damaged) {
        guard position < packed.count else {
            isOver = true
            return
        }
        guard packed[position] == 0x1F, unsafe inflateReset(stream) == Z_OK else { throw Damaged() }
    }

    private static func hasHeader(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 2 else { return true }
        if bytes[0] == 0x1F, bytes[1] == 0x8B { return true }
        return bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])).isMultiple(of: 31)
    }
}
