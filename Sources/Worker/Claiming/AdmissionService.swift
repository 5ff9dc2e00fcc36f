import Logging
import ServiceLifecycle
import Shared

/// Lets waiting requests out of their rooms, in fair order, when their accounts have capacity.
///
/// In: rooms whose time has come, rooms whose accounts got capacity back here, all rooms when the catalogue has
/// changed. Out: claimed entries, which take their chance like any other claim. One that finds capacity calls the next
/// one in, one that does not goes back to its place.
struct AdmissionService: Service {
    let queue: JobQueue
    let rooms: WaitingRooms
    let slots: Slots
    let catalog: LiveCatalog
    let runner: ClaimRunner
    /// At which all rooms are looked at.
    let pace: IdlePace
    let logger: Logger

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await tickUntilShutdown() }
            var accounts = catalog.current.accounts
            for await event in rooms.events {
                do throws(RedisError) {
                    switch event {
                    case .poked(let room): try await admit(room, isForced: true, &group)
                    case .tick:
                        // Accounts that were added, enabled or given other limits are capacity that no room knows of.
                        let latest = catalog.current.accounts
                        try await look(isForced: latest != accounts, &group)
                        accounts = latest
                    }
                } catch {
                    logger.debug("rooms are left for now", metadata: [LogKey.error: "\(error)"])
                }
            }
        }
    }

    private func tickUntilShutdown() async {
        repeat { rooms.tick() } while await Task.pause(forTurn: rooms.hasAny ? pace.busy : pace.interval)
        rooms.finish()
    }

    private func look(isForced: Bool, _ group: inout DiscardingTaskGroup) async throws(RedisError) {
        let asked = ContinuousClock.now
        let found = try await queue.rooms()
        rooms.read(found, asked: asked)
        let now = SystemWallClock().now
        for room in found where isForced || room.due <= now { try await admit(room.name, isForced: isForced, &group) }
    }

    /// Admits one at a time: whether it finds capacity says whether there is any for another.
    private func admit(
        _ room: String, isForced: Bool, _ group: inout DiscardingTaskGroup
    ) async throws(RedisError) {
        guard slots.batchRoom > 0 || !rooms.isBatch(room) else { return }
        let taken = slots.take(upTo: 1)
        guard taken > 0 else { return }
        var entries: [JobQueue.Entry] = []
        defer { slots.giveBack(taken - entries.count) }
        entries = try await queue.admit(room: room, worker: runner.reader.worker, limit: taken, isForced: isForced)
        if entries.isEmpty, isForced { rooms.emptied(room) }
        for entry in entries {
            slots.began(entry.lane)
            group.addTask { await runner.run(entry, admittedFrom: room) }
        }
    }
}
