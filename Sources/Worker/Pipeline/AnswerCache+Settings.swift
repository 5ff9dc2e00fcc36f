import Shared

extension ResponseCache.Limits {
    init(_ settings: inout Settings) {
        self.init()
        maxBytes = settings.int(
            "CACHE_MAX_BYTES", default: 256 << 10, in: 1 << 10...1 << 24,
            "Largest answer that is kept for equal requests (`X-Cache-TTL`, `cache_ttl`).")
        memory = settings.int(
            "CACHE_MEMORY", default: 64 << 20, in: 0...1 << 40,
            "Bytes of all kept answers in Redis; the ones that expire first make room. 0 keeps none.")
    }
}
