// `inflateInit2` and `deflateInit2` are macros, which Swift does not see.
#include <zlib.h>

static inline int czlib_inflate_init(z_streamp stream, int window_bits) { return inflateInit2(stream, window_bits); }

// 1 is the fastest level, 15 the largest window, 16 more wants gzip, and 8 is zlib's usual memory.
static inline int czlib_deflate_init(z_streamp stream) {
    return deflateInit2(stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
