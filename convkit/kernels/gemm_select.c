/* Which compiled form of the matrix product runs: decided once, when the module is imported. */
#include "gemm.h"

#include <string.h>

extern const gemm_f32_fn gemm_base_f32;
extern const gemm_f64_fn gemm_base_f64;
gemm_f32_fn gemm_f32;
gemm_f64_fn gemm_f64;

#define TAKE(isa) (gemm_f32 = gemm_##isa##_f32, gemm_f64 = gemm_##isa##_f64, #isa)

const char *gemm_select(const char *isa)
{
    int any = isa[0] == '\0';
#if defined(__GNUC__) && defined(__x86_64__)
    extern const gemm_f32_fn gemm_avx2_f32, gemm_avx512_f32;
    extern const gemm_f64_fn gemm_avx2_f64, gemm_avx512_f64;
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx512 && (any || strcmp(isa, "avx512") == 0)) return TAKE(avx512);
    if (avx2 && (any || strcmp(isa, "avx2") == 0)) return TAKE(avx2);
#endif
    return any || strcmp(isa, "base") == 0 ? TAKE(base) : NULL;
}
