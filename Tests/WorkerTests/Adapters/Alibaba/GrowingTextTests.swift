import Shared
import Testing

@testable import Worker

@Suite struct GrowingTextTests {
    private func join(_ pieces: [String]) -> String {
        var text = GrowingText()
        let joined = pieces.map { text.take($0) }.joined()
        return joined + text.settle()
    }

    private func growing(_ parts: [String]) -> [String] {
        parts.indices.map { parts[...$0].joined() }
    }

    @Test(arguments: [
        ["你", "好", "吗"], ["哈", "哈哈"], ["哈", "哈哈", "哈"], ["哈", "哈", "哈", "哈", "哈", "哈", "哈"],
        ["哈", "哈哈", "哈哈哈", "。"], ["1", "10", "100", "元"], ["\n", "\n\n", "答"], ["==", "====", "===="],
        ["e", "e\u{301}", "x"], ["👩", "👩\u{200D}👧", "!"], ["{\"", "{\"a", "}"], ["好的", "好的。"],
        ["----------------", "--------------------", "|"],
    ])
    func `pieces that look like repeats for a while are joined as asked`(_ pieces: [String]) {
        #expect(join(pieces) == pieces.joined())
    }

    @Test(arguments: [
        ["你", "好", "，", "世", "界", "！"], ["你好，", "世界！这是", "一个", "答案。"], ["好", "的", "。"],
        ["A long first piece", " and its end."], ["{\"city\":", "\"北京\",", "\"days\":", "3}"],
        ["e", "\u{301}", " a", " text", " goes on"], ["👩", "\u{200D}", "👧", " und", " mehr", " Text"],
        ["哈", "哈", "哈", "，", "笑", "死", "我", "了", "啊"],
    ])
    func `text that each piece repeats is given once`(_ parts: [String]) {
        let pieces = growing(parts)

        #expect(join(pieces) == parts.joined())
        // The event that finishes often repeats everything once more.
        #expect(join(pieces + [pieces[pieces.count - 1]]) == parts.joined())
    }

    @Test func `a run that grows with every piece is given once in the end`() {
        let parts = Array(repeating: "哈", count: 30)
        #expect(join(growing(parts)) == parts.joined())
    }

    @Test func `one run after another in pieces of a few characters is joined as asked`() {
        let pieces = ["哈", "哈哈", "哈哈哈哈", "哈哈哈哈哈哈哈哈"] + Array(repeating: "哈哈哈哈哈哈哈哈", count: 20)
        #expect(join(pieces) == pieces.joined())
    }

    @Test func `pieces are given out as soon as they are no repeats`() {
        var text = GrowingText()
        #expect(["哈", "哈哈", "！", "！"].map { text.take($0) } == ["哈", "", "哈哈！", "！"])
    }

    @Test func `repeats are given out as soon as they are proven`() {
        var text = GrowingText()
        let pieces = growing(["你好", "，世界！", "这是", "答案"])
        #expect(pieces.map { text.take($0) } == ["你好", "", "，世界！这是", "答案"])
    }

    @Test func `an empty piece after text shows that nothing is repeated`() {
        var text = GrowingText()
        #expect(text.take("哈") == "哈")
        #expect(text.take("哈哈") == "")
        #expect(text.takeNothing() == "哈哈")
        #expect(text.settle() == "")
    }

    @Test func `repeats that stop are not lost`() {
        let pieces = growing(["你好", "，世界！", "这是"]) + ["另一个", "另一个"]
        #expect(join(pieces) == "你好，世界！这是另一个另一个")
    }

    @Test func `any text in any pieces comes out whole, repeated or not`() {
        var generator = SplitMix(seed: 11)
        let words = ["你", "好", "的", " the", " a", "。", "\n", "🙂", "e\u{301}", "数据", "{", "\"x\":", "1"]
        for _ in 0..<500 {
            var parts: [String] = []
            for _ in 0..<Int.random(in: 4...40, using: &generator) {
                parts.append(words.randomElement(using: &generator) ?? "")
            }
            // A start that no model's first words repeat by chance.
            parts = ["答案", "如下：", "第一"] + parts
            #expect(join(parts) == parts.joined())
            #expect(join(growing(parts)) == parts.joined())
        }
    }

    @Test(arguments: [
        ("", false), ("哈", false), ("哈哈", true), ("哈哈哈", true), ("abab", true), ("ababa", true), ("aba", false),
        ("好的好", false), ("\n\n", true), ("|---|---|", true), ("你好，世界", false),
    ])
    func `runs are told from texts`(_ text: String, _ isRun: Bool) {
        #expect(GrowingText.isRun(Array(text.utf8)) == isRun)
    }
}
