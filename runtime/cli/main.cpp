#include "runtime/cli/cli.hpp"

int main(int argc, char** argv) { return antidrome::cli::run(argc, argv); }
