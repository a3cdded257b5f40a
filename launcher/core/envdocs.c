#include "core/envdocs.h"

const struct envdoc envdocs_table[] = {
#define ENVRULE(name, value, mode, when, reader, proof) { reader, proof },
#include "core/envrules.def"
#undef ENVRULE
};
const size_t envdocs_count = sizeof envdocs_table / sizeof envdocs_table[0];
