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

    @Test func `closing wakes the claim loop though nothing is free`() async {
        let slots = Slots(1)
        #expect(slots.take(upTo: 1) == 1)

        async let woken: Void = slots.waitForFree()
        slots.close()

        await woken
        #expect(slots.free == 0)
    }
}
