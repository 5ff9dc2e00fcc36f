import Hummingbird
import Shared

extension ShimContext {
    /// The id in the path, in which any character may stand, in percent encoding.
    func pathID() throws(APIError) -> String {
        guard let bytes = parameters.get("id").flatMap({ PercentEncoding.decode($0) }),
            let id = String(validating: bytes, as: UTF8.self), !id.isEmpty, !id.utf8.contains(0)
        else {
            throw .invalid(nil, "The path is not valid: expected an id in percent encoding.")
        }
        return id
    }
}
