import Synchronization

/// Makes ids of traces and spans, unlike all others with near certainty.
///
/// They are no secrets. By SplitMix64 (Steele, Lea and Flood, 2014) 64 bits cost one atomic addition, where the
/// system's generator is a system call. Each process begins at a random place.
final class TraceIDs: Sendable {
    private let high = Atomic<UInt64>(.random(in: .min ... .max))
    private let low = Atomic<UInt64>(.random(in: .min ... .max))

    func trace() -> TraceContext.TraceID { TraceContext.TraceID(high: Self.next(high), low: Self.next(low)) }

    func span() -> UInt64 { Self.next(low) }

    /// Never 0.
    private static func next(_ state: borrowing Atomic<UInt64>) -> UInt64 {
        while true {
            var value = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            value ^= value >> 31
            if value != 0 { return value }
        }
    }
}
