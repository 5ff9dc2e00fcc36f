import CoreMetrics
import Synchronization

/// The memory behind a handle: one series.
///
/// Recording is a few atomic operations, without a lock and without an allocation.
protocol MetricCell: AnyObject, Sendable {
    var value: MetricReading.Value { get }
}

/// A number that only grows.
final class CounterCell: MetricCell, CounterHandler, FloatingPointCounterHandler {
    private let sum = AtomicDouble()

    var value: MetricReading.Value { .number(sum.value) }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    /// A step that is negative, or no number, is left out.
    func increment(by amount: Double) { if amount > 0, amount.isFinite { sum.add(amount) } }

    func reset() { sum.set(0) }
}

/// A number that goes up and down.
final class GaugeCell: MetricCell, MeterHandler {
    private let number = AtomicDouble()

    var value: MetricReading.Value { .number(number.value) }

    func set(_ value: Int64) { number.set(Double(value)) }
    func set(_ value: Double) { number.set(value) }
    func increment(by amount: Double) { number.add(amount) }
    func decrement(by amount: Double) { number.add(-amount) }
}

/// Counts values by bucket.
///
/// Its timers record seconds.
final class HistogramCell: MetricCell, TimerHandler, RecorderHandler {
    /// Buckets of a histogram, the one without an upper bound included.
    static let mostBuckets = 24

    private let bounds: [Double]
    private let counts: InlineArray<24, Atomic<Int>>
    private let sum = AtomicDouble()

    init(bounds: [Double]) {
        precondition(bounds.count < Self.mostBuckets, "a histogram has \(Self.mostBuckets) buckets at most")
        self.bounds = bounds
        counts = InlineArray { _ in Atomic(0) }
    }

    var value: MetricReading.Value {
        .histogram(counts: (0...bounds.count).map { counts[$0].load(ordering: .relaxed) }, sum: sum.value)
    }

    /// Leaves out values that are no numbers: the sum would be none for ever.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count].wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func record(_ value: Int64) { record(Double(value)) }

    /// A clock that was set back has not measured less than nothing.
    func recordNanoseconds(_ duration: Int64) { record(Double(max(0, duration)) / 1e9) }
}

/// A number that threads change without a lock.
struct AtomicDouble: ~Copyable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: seen) + amount
            let (isStored, now) = bits.weakCompareExchange(
                expected: seen, desired: sum.bitPattern, ordering: .relaxed)
            if isStored { return }
            seen = now
        }
    }
}
