/// The end of a limit, where Zhipu's message names it (codes 1308 and 1310: "… 将在 2026-11-23 18:00:00 重置").
///
/// In: the message and the time, in milliseconds since 1970. Out: the time until then, a week at most. `nil` where the
/// message names no moment, or one that has passed. The moment is Beijing's, which has no summer time.
import Shared

enum ZhipuReset {
    private static let beijing: Int64 = 8 * 3600
    private static let longest: Int64 = 7 * 86_400

    static func coolDown(in message: String, now: Int64) -> Duration? {
        let bytes = Array(message.utf8)
        let length = "2026-11-23 18:00:00".utf8.count
        guard bytes.count >= length else { return nil }
        for start in 0...(bytes.count - length) {
            guard let moment = seconds(bytes[start..<(start + length)]) else { continue }
            let left = moment - beijing - now / 1000
            return left > 0 ? .seconds(min(left, longest)) : nil
        }
        return nil
    }

    /// Seconds of `2026-11-23 18:00:00`, read as UTC.
    private static func seconds(_ text: ArraySlice<UInt8>) -> Int64? {
        let marks: [Int: UInt8] = [4: 0x2D, 7: 0x2D, 10: 0x20, 13: 0x3A, 16: 0x3A]
        var numbers: [Int64] = [0]
        for (place, byte) in text.enumerated() {
            if let mark = marks[place] {
                guard byte == mark else { return nil }
                numbers.append(0)
            } else {
                guard byte.isASCIIDigit else { return nil }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int64(byte - 0x30)
            }
        }
        guard (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24, numbers[4] < 60 else {
            return nil
        }
        let date = CivilDate(year: Int(numbers[0]), month: Int(numbers[1]), day: Int(numbers[2]))
        return Int64(date.daysSince1970) * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    }
}
