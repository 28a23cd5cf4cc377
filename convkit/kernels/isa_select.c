/* Which compiled form of the kernels runs: decided once, when the module is imported. */
#include "kernels.h"

#define DECLARE(isa) extern const Kernels table_f32_##isa, table_f64_##isa
DECLARE(base);
#if defined(__GNUC__) && defined(__x86_64__)
DECLARE(avx2);
DECLARE(avx512);
#endif

const Kernels *kernels_f32, *kernels_f64;

#define TAKE(isa) (kernels_f32 = &table_f32_##isa, kernels_f64 = &table_f64_##isa, #isa)

const char *kernels_select(const char *isa)
{
    int any = isa[0] == '\0';
#if defined(__GNUC__) && defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx512 && (any || strcmp(isa, "avx512") == 0)) return TAKE(avx512);
    if (avx2 && (any || strcmp(isa, "avx2") == 0)) return TAKE(avx2);
#endif
    return any || strcmp(isa, "base") == 0 ? TAKE(base) : NULL;
}
