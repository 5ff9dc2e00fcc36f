import Shared
import Testing

@testable import Submitter

/// Progress of a batch, as people and programs see it.
@Suite struct ProgressTests {
    /// Half of 100,000 lines, a thousand a second.
    private var busy: ProgressState {
        var state = ProgressState(BatchFixtures.batch(total: 100_000))
        for second in 0...20 {
            var batch = BatchFixtures.batch(
                total: 100_000, ok: 30_000 + second * 1000 - 10, failed: 10, cost: ["USD": 1.25])
            batch.counts.retried = 3
            batch.counts.tokens.input = second * 20_000
            batch.counts.tokens.output = second * 22_000
            state.update(batch, at: Double(second))
        }
        for milliseconds in 1...100 { state.add(BatchFixtures.result(1, milliseconds: 10 * milliseconds)) }
        return state
    }

    @Test(arguments: [
        (200, "▕███████████░░░░░░░░░░░▏ 50% 50k/100k ok 50k err 10 retry 3 1k/s 42k tok/s ETA 50s $1.25/~2.50 p50 "),
        (80, " 50% 50k/100k ok 50k err 10 "), (50, "50% 50k/100k "), (20, "50%"), (8, "50%"), (2, "50"), (0, ""),
    ])
    func `a line fits any width and says the most important`(width: Int, part: String) {
        let line = ProgressLine(state: busy).text(width: width)

        #expect(line.count <= width)
        #expect(line.contains(part), "\(line)")
    }

    @Test func `the line fits at every width and in every state`() {
        for state in [busy, ProgressState(BatchFixtures.batch(total: 0)), ProgressState(BatchFixtures.batch())] {
            for width in 0...220 {
                for mood in [nil, "draining"] {
                    let line = ProgressLine(state: state, mood: mood, isUnicode: width.isMultiple(of: 2))
                    #expect(line.text(width: width).count <= width)
                }
            }
        }
    }

    @Test func `a terminal without UTF-8 gets ASCII`() {
        let line = ProgressLine(state: busy, isUnicode: false).text(width: 120)

        #expect(line.hasPrefix("[####") && line.unicodeScalars.allSatisfy(\.isASCII))
    }

    @Test func `colours take no room`() {
        let plain = ProgressLine(state: busy).text(width: 80)
        let coloured = ProgressLine(state: busy, isColoured: true).text(width: 80)

        #expect(coloured == plain.split(separator: "err 10").joined(separator: "\u{1B}[31merr 10\u{1B}[0m"))
    }

    @Test func `a log gets a sentence`() {
        let sentence = ProgressLine(state: busy).sentence

        #expect(
            sentence.hasPrefix("50,000/100,000 (50%), ok 49,990, failed 10, retried 3, 1k req/s, 42k tok/s, ETA 50s, "))
    }

    @Test func `speed is that of the last ten seconds`() {
        var state = ProgressState(BatchFixtures.batch())
        #expect(state.lineRate == nil && state.secondsLeft == nil)
        for (second, done) in [(0, 0), (5, 50), (10, 50), (15, 50), (20, 60)] {
            state.update(BatchFixtures.batch(ok: done), at: Double(second))
        }

        #expect(state.lineRate == 1 && state.secondsLeft == 40)
    }

    @Test func `a new round begins with a new speed`() {
        var state = ProgressState(BatchFixtures.batch())
        state.update(BatchFixtures.batch(ok: 100), at: 0)
        var next = BatchFixtures.batch(ok: 90)
        next.round = 1
        state.update(next, at: 1)

        #expect(state.lineRate == nil)
    }

    @Test func `the total of money is an estimate until the end`() {
        let half = ProgressState(BatchFixtures.batch(total: 10, ok: 5, cost: ["CNY": 1, "USD": 2])).costs
        let whole = ProgressState(BatchFixtures.batch(total: 10, ok: 10, cost: ["USD": 2])).costs

        #expect(half.map(\.currency) == ["CNY", "USD"] && half.map(\.total) == [2, 4])
        #expect(whole.first?.total == 2)
    }

    @Test func `percentiles are right to some nine percent`() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == nil)
        for milliseconds in 1...10_000 { histogram.add(milliseconds: milliseconds) }

        for (share, exact) in [(0.5, 5000.0), (0.95, 9500.0), (0.01, 100.0)] {
            let value = Double(histogram.percentile(share) ?? 0)
            #expect(abs(value - exact) / exact < 0.09)
        }
    }

    @Test func `a histogram takes any number`() {
        var histogram = LatencyHistogram()
        for milliseconds in [Int.min, -1, 0, 1, .max] { histogram.add(milliseconds: milliseconds) }

        #expect(histogram.total == 5 && histogram.percentile(0) == 1)
    }

    @Test(arguments: [
        (0.0, "0"), (0.44, "0.4"), (9.96, "10.0"), (950.0, "950"), (999.6, "1k"), (1234.0, "1.2k"), (99_960.0, "100k"),
        (123_456.0, "123k"), (4_500_000.0, "4.5M"), (1e9, "1G"), (2e15, "2000T"),
    ])
    func `large numbers are short`(number: Double, text: String) {
        #expect(ProgressWords.short(number) == text)
    }

    @Test(arguments: [(-5, "0s"), (59, "59s"), (67, "1m07s"), (7500, "2h05m"), (273_600, "3d04h")])
    func `times have two units`(seconds: Int, text: String) {
        #expect(ProgressWords.time(seconds) == text)
    }

    @Test func `money has cents, or more where there are less`() {
        #expect(ProgressWords.money(1.239, "USD") == "$1.24" && ProgressWords.money(0.00012, "CNY") == "¥0.000120")
        #expect(ProgressWords.money(12_345.6, "EUR") == "12,346 EUR" && ProgressWords.money(0, "USD") == "$0.00")
    }

    private let sums = [
        BatchModelSum(
            model: "a-model-with-a-very-long-name-2026-11-23", currency: "USD", succeeded: 99_990, failed: 10,
            tokensIn: 1_234_567, tokensOut: 7_654_321, cost: 12.5, p50: 310, p95: 1250),
        BatchModelSum(
            model: "通义千问-超长上下文-大模型-二零二六", currency: "CNY", succeeded: 1, failed: 1, tokensIn: 1, tokensOut: 1,
            cost: 1, p50: 1, p95: 1),
        BatchModelSum(
            model: "", currency: "USD", succeeded: 0, failed: 3, tokensIn: 0, tokensOut: 0, cost: 0, p50: 0, p95: 0),
    ]

    @Test func `the table fits at every width`() {
        for width in 1...150 {
            for line in ModelTable(sums).text(width: width).split(separator: "\n") {
                #expect(TerminalText.width(String(line)) <= width)
            }
        }
        #expect(ModelTable(sums).text(width: 150).contains("7,654,321"))
        #expect(ModelTable(sums).text(width: 150).contains("(not sent)"))
        #expect(ModelTable(sums).text(width: 40).contains("99990"))
        #expect(ModelTable([]).text(width: 80).isEmpty)
    }

    @Test func `a forecast fits at every width`() {
        let table = ForecastTable(["通义千问-超长上下文-大模型": CostForecast.Sum(lines: 3, promptTokens: 1_234_567)])

        for width in 1...100 {
            for line in table.text(width: width).split(separator: "\n") {
                #expect(TerminalText.width(String(line)) <= width)
            }
        }
        #expect(table.text(width: nil).contains("1,234,567"))
    }

    @Test func `mistakes of a refused batch are lines of their own`() {
        var batch = BatchFixtures.batch(status: .failed)
        batch.errors = [["code": "x", "line": 2, "message": "Line 2: url: expected another", "param": "url"]]

        #expect(batch.mistakes == ["Line 2: url: expected another"])
    }

    @Test func `programs get numbers`() {
        let event = ProgressEvent.progress(busy, running: 7)

        #expect(event["event"] == "progress" && event["done"] == 50_000 && event["running"] == 7)
        #expect(event["seconds_left"] == 50 && event["cost"] == ["USD": 1.25])
        #expect(
            event["requests_per_second"]?.doubleValue == 1000 && event["cost_estimated"]?["USD"]?.doubleValue == 2.5)
    }
}
