import Synchronization

/// The handles of a recorder by their labels, each made once.
///
/// Labels are closed enums and names of the catalogue. Should they be more than a registry keeps, later ones are made
/// anew each time, so that memory stays bounded.
package final class MetricHandles<Labels: Hashable & Sendable, Handle: Sendable>: Sendable {
    private let handles = Mutex<[Labels: Handle]>([:])
    private let make: @Sendable (Labels) -> Handle

    package init(_ make: @escaping @Sendable (Labels) -> Handle) { self.make = make }

    package subscript(labels: Labels) -> Handle {
        handles.withLock { handles in
            if let handle = handles[labels] { return handle }
            let handle = make(labels)
            if handles.count < MetricsRegistry.mostSeries { handles[labels] = handle }
            return handle
        }
    }
}
