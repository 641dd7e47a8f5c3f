// One thread, for a compiler whose OpenMP library is not installed: results do not depend on threads.
#pragma once
inline int omp_get_thread_num() { return 0; }
