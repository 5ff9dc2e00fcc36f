/// Turns the parts of one message into content blocks, with the caller's marks for the prompt cache.
import Shared

extension AnthropicMessages {
    static func blocks(_ message: ChatMessage) -> [JSON] {
        let raw = message.json["content"]?.arrayValue ?? []
        return message.parts.enumerated().compactMap { position, part in
            guard var block = block(part) else { return nil }
            // Anthropic's extra. The parts are as many as came.
            if raw.indices.contains(position), let mark = raw[position]["cache_control"], mark != .null {
                block.set("cache_control", mark)
            }
            return .object(block)
        }
    }

    private static func block(_ part: ChatMessage.Part) -> JSONObject? {
        switch part {
        case .text(let text): isBlank(text) ? nil : ["type": "text", "text": .string(text)]
        case .image(.url(let url)): ["type": "image", "source": ["type": "url", "url": .string(url)]]
        case .image(.base64(let type, let data)):
            [
                "type": "image",
                "source": [
                    "type": "base64", "media_type": .string(type == "image/jpg" ? "image/jpeg" : type),
                    "data": .string(data),
                ],
            ]
        case .other: nil
        }
    }

    /// A mark on the message itself goes to its last block.
    static func marked(_ blocks: [JSON], _ message: ChatMessage) -> [JSON] {
        guard let mark = message.json["cache_control"], mark != .null, var last = blocks.last?.objectValue else {
            return blocks
        }
        last.set("cache_control", mark)
        return blocks.dropLast() + [.object(last)]
    }

    /// A string where that means the same.
    static func content(_ blocks: [JSON]) -> JSON {
        guard blocks.count == 1, let block = blocks[0].objectValue, block.count == 2, let text = block["text"] else {
            return .array(blocks)
        }
        return text
    }
}

/// The ids of calls and their results.
///
/// The platform takes letters, digits, "-" and "_", and no id twice. Histories of other platforms hold "functions.f:0",
/// and legacy calls have only their function's name.
struct AnthropicCallIDs {
    private var current: [String: String] = [:]
    private var used: Set<String> = []

    /// The id of a new call.
    mutating func begin(_ id: String) -> String {
        let clean = Self.clean(id)
        var result = clean
        var number = 2
        while !used.insert(result).inserted {
            result = "\(clean)_\(number)"
            number += 1
        }
        current[id] = result
        return result
    }

    /// The id of the last call of that name, for its result.
    func current(_ id: String) -> String { current[id] ?? Self.clean(id) }

    private static func clean(_ id: String) -> String {
        let text = id.unicodeScalars.map { scalar in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
        }
        return text.isEmpty ? "call" : String(text)
    }
}
