// The reply parser only: bytes in, reply tree out. Connections are NIO's.
#include <hiredis/hiredis.h>
