import Shared
import Testing

@testable import Worker

@Suite struct PlatformTimeoutsTests {
    private let timeouts = PlatformTimeouts()

    private func model(_ reasoning: Bool?, idle: Int? = nil) -> Model {
        Model(
            id: "m", provider: .openai, capabilities: Capabilities(reasoning.map { ["reasoning": $0] } ?? [:]),
            idleTimeout: idle)
    }

    @Test(
        arguments: [
            (nil, nil, 30), (false, nil, 30), (true, nil, 120), (true, 45, 45), (false, 300, 300), (nil, 1, 1),
        ] as [(Bool?, Int?, Int)])
    func `silence within a stream depends on the model`(_ reasoning: Bool?, _ idle: Int?, _ seconds: Int) {
        let limits = timeouts.limits(model(reasoning, idle: idle), isStream: true, timeLeft: .seconds(900))
        #expect(limits.idle == .seconds(seconds))
        #expect(limits.firstByte == .seconds(120))
        #expect(limits.total == .seconds(600))
    }

    @Test func `a longer limit for all is not shortened for those that think`() {
        var timeouts = timeouts
        timeouts.http.idle = .seconds(300)
        #expect(timeouts.limits(model(true), isStream: true, timeLeft: .seconds(900)).idle == .seconds(300))
    }

    @Test func `a document may be as silent within as before`() {
        for model in [nil, model(nil), model(true), model(false, idle: 5)] {
            #expect(timeouts.limits(model, isStream: false, timeLeft: .seconds(900)).idle == .seconds(120))
        }
    }

    @Test(arguments: [(5, 5), (900, 600)])
    func `the whole ends with the request`(_ left: Int, _ total: Int) {
        #expect(timeouts.limits(nil, isStream: true, timeLeft: .seconds(left)).total == .seconds(total))
        #expect(timeouts.limits(nil, isStream: true, timeLeft: .seconds(-1)).total == .milliseconds(1))
    }
}
