import CCurl

/// One easy handle: set for one exchange, reset, and used again.
///
/// Confined to the curl thread.
@safe final class CurlHandle {
    // unsafe: an owned easy handle, freed in deinit.
    let pointer: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?

    init?() {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headers)
    }

    func set(_ option: CURLoption, _ value: Int) { unsafe ccurl_set_long(pointer, option, value) }
    /// curl copies strings.
    func set(_ option: CURLoption, _ value: String) { unsafe ccurl_set_string(pointer, option, value) }

    func set(headers lines: [String]) {
        for line in lines { unsafe headers = curl_slist_append(headers, line) }
        unsafe ccurl_set_pointer(pointer, CURLOPT_HTTPHEADER, headers)
    }

    /// curl copies the body, so that it need not outlive this call.
    func set(body: [UInt8]) {
        unsafe ccurl_set_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
        _ = unsafe body.withUnsafeBufferPointer {
            unsafe ccurl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
        }
    }

    /// A proxy's answer to CONNECT, 0 if no proxy was asked.
    var proxyStatus: Int {
        var status = 0
        unsafe ccurl_get_long(pointer, CURLINFO_HTTP_CONNECTCODE, &status)
        return status
    }

    func unpause() { unsafe curl_easy_pause(pointer, CURLPAUSE_CONT) }

    func reset() {
        unsafe curl_easy_reset(pointer)
        unsafe curl_slist_free_all(headers)
        unsafe headers = nil
    }
}
