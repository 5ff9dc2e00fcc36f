import Shared
import Testing

@testable import Submitter

@Suite struct BatchOptionsTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `the trace of a batch is kept with its wishes`() {
        var options = BatchOptions()
        options.trace = TraceContext(parent: Self.parent, state: "a=1")

        #expect(options.trace != nil && BatchOptions(options.json) == options)
    }

    @Test(arguments: ["", "junk", parent.uppercased()]) func `a trace that is none counts as none`(_ text: String) {
        #expect(BatchOptions(["traceparent": .string(text)]) == BatchOptions())
    }
}
