import CZlib

/// Packs bytes in memory as gzip.
package enum GzipWriter {
    /// `nil` where zlib has no memory for it.
    package static func pack(_ bytes: [UInt8]) -> [UInt8]? {
        // zlib keeps the address of its stream.
        let stream = unsafe UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        guard unsafe czlib_deflate_init(stream) == Z_OK else { return nil }
        defer { unsafe deflateEnd(stream) }
        let most = unsafe Int(deflateBound(stream, UInt(bytes.count)))
        var result = Z_OK
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                // zlib only reads the input, although its type does not say so.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
                unsafe stream.pointee.next_out = buffer.baseAddress
                unsafe stream.pointee.avail_out = UInt32(clamping: most)
                unsafe result = deflate(stream, Z_FINISH)
                unsafe count = most - Int(stream.pointee.avail_out)
            }
        }
        return result == Z_STREAM_END ? packed : nil
    }
}
