import Testing

@testable import Worker

@Suite struct SlotsTests {
    @Test func `no more slots are taken than there are`() {
        let slots = Slots(3)
        #expect(slots.take(upTo: 2) == 2)
        #expect(slots.take(upTo: 2) == 1)
        #expect(slots.take(upTo: 2) == 0)
        slots.giveBack(3)
        #expect(slots.free == 3)
    }

    @Test func `the claim loop wakes when a slot comes back`() async {
        let slots = Slots(1)
        #expect(slots.take(upTo: 1) == 1)

        async let woken: Void = slots.waitForFree()
        slots.giveBack(1)

        await woken
        #expect(slots.free == 1)
    }

    @Test func `recovery overdraws, as far as it may, and nothing new is taken until that is paid back`() {
        let slots = Slots(2)
        #expect(slots.take(upTo: 2) == 2)
        #expect(slots.take(upTo: 9, overdraft: 3) == 3)
        #expect(slots.take(upTo: 1, overdraft: 3) == 0)
        #expect(slots.inUse == 5)

        slots.giveBack(3)
        #expect(slots.take(upTo: 1) == 0)
        slots.giveBack(1)
        #expect(slots.take(upTo: 1) == 1)
        slots.close()
        #expect(slots.take(upTo: 1, overdraft: 3) == 0)
    }

    @Test func `the claim loop sleeps on while slots are overdrawn`() async {
        let slots = Slots(1)
        #expect(slots.take(upTo: 3, overdraft: 2) == 3)

        await withTaskGroup(of: Void.self) { group in
            group.addTask { await slots.waitForFree() }
            slots.giveBack(1)
            slots.giveBack(1)
            #expect(slots.take(upTo: 1) == 0)
            slots.giveBack(1)
        }
        #expect(slots.free == 1)
    }

    @Test func `the claim loops of all shards wake when a slot comes back, and when it closes`() async {
        let slots = Slots(1)
        #expect(slots.take(upTo: 1) == 1)
        async let one: Void = slots.waitForFree()
        async let other: Void = slots.waitForFree()
        slots.giveBack(1)
        _ = await (one, other)

        #expect(slots.take(upTo: 1) == 1)
        async let third: Void = slots.waitForFree()
        async let fourth: Void = slots.waitForFree()
        slots.close()
        _ = await (third, fourth)
    }

    @Test func `closing wakes the claim loop though nothing is free`() async {
        let slots = Slots(1)
        #expect(slots.take(upTo: 1) == 1)

        async let woken: Void = slots.waitForFree()
        slots.close()

        await woken
        #expect(slots.free == 0)
    }
}
