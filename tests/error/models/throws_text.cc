#include <antidrome/library.h>
#include <stdexcept>
using namespace antidrome;

void network(Network&) { throw std::runtime_error("no such cell type"); }
