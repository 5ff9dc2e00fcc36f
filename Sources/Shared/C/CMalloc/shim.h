// The allocator's own controls, which Swift's Glibc module leaves out.
#include <malloc.h>
