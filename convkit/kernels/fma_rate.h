enum { NAME(fma_sums) = MANY_REGISTERS ? 24 : 12 };

/* As many multiply-adds as the processor can do, on registers alone: what benchmarks compare the kernels with. */
static void NAME(fma_rate)(const void *args, ptrdiff_t task, void *scratch)
{
    ptrdiff_t rounds = *(const ptrdiff_t *)args;
    VEC sum[NAME(fma_sums)], factor = NAME(load)(scratch), summand = factor * (REAL)task;
    UNROLL
    for (int i = 0; i < NAME(fma_sums); i++) sum[i] = summand * (REAL)i;
    for (ptrdiff_t r = 0; r < rounds; r++) UNROLL
        for (int i = 0; i < NAME(fma_sums); i++) sum[i] = sum[i] * factor + summand;
    VEC total = {0};
    for (int i = 0; i < NAME(fma_sums); i++) total += sum[i];
    NAME(store)(scratch, total);
}
