/// Appends JSON piece by piece, where a tree of values would be made only to be written once.
///
/// The bytes are those of `JSON.encoded` for the same values. Names are plain ASCII, without quotes and backslashes.
/// Commas are set by what stands before, so a caller only opens and closes objects and arrays.
extension [UInt8] {
    /// Opens an object or an array, `name` being its own where it is a member.
    package mutating func open(_ bracket: Unicode.Scalar, _ name: String? = nil) {
        if let name { append(name: name) } else { separate() }
        append(UInt8(ascii: bracket))
    }

    package mutating func close(_ bracket: Unicode.Scalar) { append(UInt8(ascii: bracket)) }

    package mutating func append(_ name: String, _ text: String) {
        append(name: name)
        JSON.encode(text, into: &self)
    }

    package mutating func append(_ name: String, _ number: Int64) {
        append(name: name)
        append(decimal: number)
    }

    package mutating func append(_ name: String, _ number: Int) { append(name, Int64(number)) }

    package mutating func append(_ name: String, _ flag: Bool) {
        append(name: name)
        append(contentsOf: flag ? "true".utf8 : "false".utf8)
    }

    package mutating func append(null name: String) {
        append(name: name)
        append(contentsOf: "null".utf8)
    }

    /// `other` stands for infinities and NaN, which JSON does not have.
    package mutating func append(_ name: String, _ number: Double, else other: String) {
        append(name: name)
        append(contentsOf: number.isFinite ? number.description.utf8 : other.utf8)
    }

    package mutating func append(elements numbers: Double..., else other: String) {
        for number in numbers {
            separate()
            append(contentsOf: number.isFinite ? number.description.utf8 : other.utf8)
        }
    }

    package mutating func append(elements numbers: Int...) {
        for number in numbers {
            separate()
            append(decimal: number)
        }
    }

    package mutating func append(element text: String) {
        separate()
        JSON.encode(text, into: &self)
    }

    package mutating func append(name: String) {
        separate()
        append(UInt8(ascii: "\""))
        append(contentsOf: name.utf8)
        append(UInt8(ascii: "\""))
        append(UInt8(ascii: ":"))
    }

    private mutating func separate() {
        guard let last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") else { return }
        append(UInt8(ascii: ","))
    }
}
