extension Sequence where Element: Sendable {
    /// Transforms all elements, at most `limit` of them at once, with the results in the order of the elements.
    @discardableResult
    package func concurrentMap<Value: Sendable>(
        atMost limit: Int, _ transform: @escaping @Sendable (Element) async -> Value
    ) async -> [Value] {
        var rest = enumerated().makeIterator()
        return await withTaskGroup(of: (index: Int, value: Value).self) { group in
            func addNext() {
                guard let (index, element) = rest.next() else { return }
                group.addTask { (index, await transform(element)) }
            }
            for _ in 0..<limit { addNext() }
            var results: [(index: Int, value: Value)] = []
            for await result in group {
                results.append(result)
                addNext()
            }
            return results.sorted { $0.index < $1.index }.map(\.value)
        }
    }
}
