/// A JSON value that goes out as it came in: number literals, member order and unknown members are kept.
///
/// Foundation's coders lose all three, have no depth limit of our choice and are slow on Linux. Request bodies and
/// stream chunks pass through here once each. Strings are compared as Swift compares them (canonical equivalence).
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// The member of an object, or `nil` for a missing member and for anything that is not an object.
    package subscript(key: String) -> JSON? { objectValue?[key] }

    /// The element of an array, or `nil` outside it and for anything that is not an array.
    package subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var isNull: Bool { self == .null }

    package var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// See `JSONNumber.intValue`.
    ///
    /// Strings of digits are not numbers.
    package var intValue: Int? {
        guard case .number(let value) = self else { return nil }
        return value.intValue
    }

    /// For numbers that are calculated with: see `JSONNumber.whole`.
    package func whole(in range: ClosedRange<Int>) -> Int? {
        guard case .number(let value) = self else { return nil }
        return value.whole(in: range)
    }

    /// A count of tokens or the like, `Bounds.counts` at most.
    package var count: Int? { whole(in: Bounds.counts) }

    /// Milliseconds since 1970, within `Bounds.moments`.
    package var moment: Int64? {
        whole(in: Int(Bounds.moments.lowerBound)...Int(Bounds.moments.upperBound)).map(Int64.init)
    }

    package var doubleValue: Double? {
        guard case .number(let value) = self else { return nil }
        return value.doubleValue
    }

    package var arrayValue: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    package var objectValue: JSONObject? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    package static func int(_ value: Int) -> JSON { .number(JSONNumber(value)) }
}

// Not by `nil`: in an optional context that would silently mean null.
extension JSON: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// A literal beyond the range of a double becomes null.
    package init(floatLiteral value: Double) { self = JSONNumber(value).map(JSON.number) ?? .null }

    /// Later duplicates replace earlier ones.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements { object.set(key, value) }
        self = .object(object)
    }
}
