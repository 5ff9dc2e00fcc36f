import Logging
import ServiceLifecycle
import Shared

/// Lets waiting requests out of their rooms, in fair order, when their accounts have capacity.
///
/// In: rooms whose time has come, and rooms whose accounts got capacity back here. Out: claimed entries, which take their chance like
/// any other claim; one that finds capacity calls the next one in, one that does not goes back to its place.
struct RoomKeeper: Service {
    let queue: JobQueue
    let rooms: WaitingRooms
    let slots: Slots
    let runner: EntryRunner
    let configuration: WorkerConfig
    let logger: Logger

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await tickUntilShutdown() }
            for await event in rooms.events {
                do throws(RedisError) {
                    switch event {
                    case .poked(let room): try await admit(room, isForced: true, &group)
                    case .tick: try await look(&group)
                    }
                } catch {
                    logger.debug("rooms are left for now", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func tickUntilShutdown() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                rooms.tick()
                do { try await Task.sleep(for: configuration.promoteInterval) } catch { break }
            }
        }
        rooms.finish()
    }

    private func look(_ group: inout DiscardingTaskGroup) async throws(RedisError) {
        let asked = ContinuousClock.now
        let found = try await queue.rooms()
        rooms.read(found, asked: asked)
        let now = SystemWallClock().now
        for room in found where room.due <= now { try await admit(room.name, isForced: false, &group) }
    }

    /// One at a time: it says by its luck whether there is room for another.
    private func admit(
        _ room: String, isForced: Bool, _ group: inout DiscardingTaskGroup
    ) async throws(RedisError) {
        let taken = slots.take(upTo: 1)
        guard taken > 0 else { return }
        var entries: [JobQueue.Entry] = []
        defer { slots.giveBack(taken - entries.count) }
        entries = try await queue.admit(room: room, worker: runner.reader.worker, limit: taken, isForced: isForced)
        for entry in entries { group.addTask { await runner.run(entry, admittedFrom: room) } }
    }
}
