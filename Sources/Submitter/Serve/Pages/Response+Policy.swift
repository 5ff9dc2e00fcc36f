import HTTPTypes
import Hummingbird

extension Response {
    /// Has browsers load nothing but what `policy` allows, guess no types, and tell no other page of this one.
    mutating func restrict(to policy: String) {
        headers[.contentSecurityPolicy] = policy
        headers[.xContentTypeOptions] = "nosniff"
        headers[.referrerPolicy] = "no-referrer"
    }
}
