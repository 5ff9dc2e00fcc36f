extension JSON {
    /// Reads the body of a queue entry.
    ///
    /// Anything that is not JSON is refused like a wrong request.
    init(requestBody bytes: [UInt8]) throws(RequestError) {
        do {
            self = try JSON(parsing: bytes)
        } catch {
            throw RequestError(.invalidValue, nil, "The request body is \(error).")
        }
    }
}

/// Refuses a request before any platform is asked, with the field and its expected value.
///
/// Codes and wording follow OpenAI's, so that client code written against it works. Never holds a value of the request.
package struct RequestError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case invalidValue = "invalid_value"
        case missingParameter = "missing_required_parameter"
        case invalidType = "invalid_type"
        case unsupportedParameter = "unsupported_parameter"
    }

    package var code: Code
    /// Path of the field, as in `messages[2].role`, or `nil` where the body as a whole is wrong.
    package var param: String?
    package var message: String

    package init(_ code: Code, _ param: String?, _ message: String) {
        self.code = code
        self.param = param
        self.message = message
    }

    package var description: String { message }

    /// The same refusal as the pipeline carries it.
    package var failure: JobFailure {
        let kind: JobFailure.Kind = code == .unsupportedParameter ? .unsupportedParameter : .invalidRequest
        return JobFailure(kind, message, param: param, code: code.rawValue)
    }

    static func missing(_ param: String) -> RequestError {
        RequestError(.missingParameter, param, "Missing required parameter: '\(param)'.")
    }

    /// `expected` is a noun phrase ("a string or an array of content parts").
    static func type(_ param: String, _ expected: String) -> RequestError {
        RequestError(.invalidType, param, "Invalid type for '\(param)': expected \(expected).")
    }

    /// `expected` is a noun phrase ("a number from 0 to 2").
    static func value(_ param: String, _ expected: String) -> RequestError {
        RequestError(.invalidValue, param, "Invalid value for '\(param)': expected \(expected).")
    }
}
