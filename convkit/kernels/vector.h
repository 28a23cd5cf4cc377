/* Vectors of one element type and width, in gcc's and clang's vector extensions: the same source for every processor.
 *
 * Before inclusion: REAL (float or double), REAL_BYTES, INT (the integer of the same size), VBYTES (bytes in a vector register),
 * NAME(x) (adds the suffix). Included once for each pair of type and width; vector_end.h undefines what it defines.
 *
 * -ffast-math is off: NaN, infinities and denormals behave as in NumPy. a*b + c may be contracted to one rounding.
 */
#define LANES (VBYTES / (int)sizeof(REAL))
/* Registers: 32 with AVX-512 and on arm64, else 16; what the register tiles are cut to. */
#if VBYTES == 64 || defined(__aarch64__)
#define MANY_REGISTERS 1
#else
#define MANY_REGISTERS 0
#endif

typedef REAL NAME(vec) __attribute__((vector_size(VBYTES)));
typedef INT NAME(ivec) __attribute__((vector_size(VBYTES)));
typedef REAL NAME(vec_unaligned) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL)), may_alias));
#define VEC NAME(vec)
#define IVEC NAME(ivec)

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

INLINE VEC NAME(load)(const REAL *p) { return *(const NAME(vec_unaligned) *)p; }
/* For what is used several times: without the last word, gcc loads it anew for each of up to three uses. */
INLINE VEC NAME(load_once)(const REAL *p)
{
    VEC v = NAME(load)(p);
#if defined(__x86_64__) || defined(__i386__)
    __asm__("" : "+v"(v));
#elif defined(__aarch64__)
    __asm__("" : "+w"(v));
#endif
    return v;
}
/* An address that the compiler keeps in a register of its own. */
INLINE const REAL *NAME(base)(const REAL *p)
{
    __asm__("" : "+r"(p));
    return p;
}
INLINE void NAME(store)(REAL *p, VEC v) { *(NAME(vec_unaligned) *)p = v; }
INLINE VEC NAME(same)(REAL s) { return s - (VEC){0}; }
/* Where mask is all ones a, elsewhere (all zeros) b; masks come out of comparisons of vectors. */
INLINE VEC NAME(choose)(IVEC mask, VEC a, VEC b) { return (VEC)((mask & (IVEC)a) | (~mask & (IVEC)b)); }
/* max(0, a) as np.maximum has it: NaN stays NaN. */
INLINE VEC NAME(relu)(VEC a) { return (VEC)((IVEC)a & ~(IVEC)(a <= (VEC){0})); }
/* n elements from one place to another, as memcpy, for short rows: the compiler must not make a call of memmove of the loop. */
INLINE void NAME(copy)(REAL *restrict to, const REAL *restrict from, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    if (n >= LANES) {
        for (; i + LANES <= n; i += LANES) {
            NAME(store)(to + i, NAME(load)(from + i));
            __asm__ volatile("");
        }
        if (i < n) NAME(store)(to + n - LANES, NAME(load)(from + n - LANES));
        return;
    }
/* size <= n < 2*size: two moves that may overlap. */
#define MOVE(size) \
    if (n >= size) { \
        typedef REAL part __attribute__((vector_size(size * REAL_BYTES), aligned(REAL_BYTES), may_alias)); \
        part first = *(const part *)from, last = *(const part *)(from + n - size); \
        *(part *)to = first; \
        *(part *)(to + n - size) = last; \
        return; \
    }
#if VBYTES / REAL_BYTES > 8
    MOVE(8)
#endif
#if VBYTES / REAL_BYTES > 4
    MOVE(4)
#endif
#if VBYTES / REAL_BYTES > 2
    MOVE(2)
#endif
#undef MOVE
    if (n == 1) *to = *from;
}
/* The first n elements (n <= LANES) from memory that may end there, zeros behind them. */
INLINE VEC NAME(load_part)(const REAL *p, ptrdiff_t n)
{
    if (n >= LANES) return NAME(load)(p);
    REAL buffer[LANES] __attribute__((aligned(VBYTES))) = {0};
    NAME(copy)(buffer, p, n);
    return *(VEC *)buffer;
}
INLINE void NAME(store_part)(REAL *p, VEC v, ptrdiff_t n)
{
    if (n >= LANES) {
        NAME(store)(p, v);
        return;
    }
    REAL buffer[LANES] __attribute__((aligned(VBYTES)));
    *(VEC *)buffer = v;
    NAME(copy)(p, buffer, n);
}
INLINE void NAME(zero)(REAL *to, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) NAME(store)(to + i, (VEC){0});
    for (; i < n; i++) to[i] = 0;
}
/* All ones in the first n lanes. */
INLINE IVEC NAME(first_lanes)(ptrdiff_t n)
{
    IVEC lane;
    UNROLL
    for (int i = 0; i < LANES; i++) lane[i] = i;
    return lane < (INT)n;
}
INLINE REAL NAME(sum)(VEC v)
{
    REAL total = 0;
    UNROLL
    for (int i = 0; i < LANES; i++) total += v[i];
    return total;
}

/* A vector made of elements of a (0 .. LANES-1) and b (LANES .. 2*LANES-1), by their numbers. */
#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (IVEC){__VA_ARGS__})
#endif

/* The elements 0, 2, 4, ... of a and then of b. */
#if VBYTES / REAL_BYTES == 2
#define EVEN(a, b) SHUFFLE(a, b, 0, 2)
#elif VBYTES / REAL_BYTES == 4
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6)
#elif VBYTES / REAL_BYTES == 8
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#else
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#endif

/* The elements of a and b in turn: the first and the second half of that line. */
#if VBYTES / REAL_BYTES == 2
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 2)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 1, 3)
#elif VBYTES / REAL_BYTES == 4
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#elif VBYTES / REAL_BYTES == 8
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define FIRST_PAIRS(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define LAST_PAIRS(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

/* even[0], odd[0], even[1], ...: the first n elements of that line (n <= 2*LANES). */
INLINE void NAME(store_pairs)(REAL *p, VEC even, VEC odd, ptrdiff_t n)
{
    NAME(store_part)(p, FIRST_PAIRS(even, odd), n);
    if (n > LANES) NAME(store_part)(p + LANES, LAST_PAIRS(even, odd), n - LANES);
}

/* Transposition in registers. Processors exchange elements most cheaply within 16 bytes, and such blocks as a whole; two
 * float elements that travel together are moved as one of 8 bytes. */
typedef double NAME(pairs) __attribute__((vector_size(VBYTES)));
typedef long long NAME(pair_numbers) __attribute__((vector_size(VBYTES)));
#if defined(__clang__) || __GNUC__ >= 12
#define MOVE_PAIRS(a, b, ...) (VEC) __builtin_shufflevector((NAME(pairs))(a), (NAME(pairs))(b), __VA_ARGS__)
#else
#define MOVE_PAIRS(a, b, ...) (VEC) __builtin_shuffle((NAME(pairs))(a), (NAME(pairs))(b), (NAME(pair_numbers)){__VA_ARGS__})
#endif

/* In every block of 16 bytes: the first 8 bytes of a and of b; the last. And the blocks 0, 2, ... of a and then of b; 1, 3, ... */
#if VBYTES == 16
#define FIRST_HALVES(a, b) MOVE_PAIRS(a, b, 0, 2)
#define LAST_HALVES(a, b) MOVE_PAIRS(a, b, 1, 3)
#elif VBYTES == 32
#define FIRST_HALVES(a, b) MOVE_PAIRS(a, b, 0, 4, 2, 6)
#define LAST_HALVES(a, b) MOVE_PAIRS(a, b, 1, 5, 3, 7)
#define EVEN_BLOCKS(a, b) MOVE_PAIRS(a, b, 0, 1, 4, 5)
#define ODD_BLOCKS(a, b) MOVE_PAIRS(a, b, 2, 3, 6, 7)
#else
#define FIRST_HALVES(a, b) MOVE_PAIRS(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define LAST_HALVES(a, b) MOVE_PAIRS(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define EVEN_BLOCKS(a, b) MOVE_PAIRS(a, b, 0, 1, 4, 5, 8, 9, 12, 13)
#define ODD_BLOCKS(a, b) MOVE_PAIRS(a, b, 2, 3, 6, 7, 10, 11, 14, 15)
#endif
/* In every block of four elements: a0 b0 a1 b1; a2 b2 a3 b3. */
#if VBYTES / REAL_BYTES == 16
#define FIRST_TWOS(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define LAST_TWOS(a, b) SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#elif VBYTES / REAL_BYTES == 8
#define FIRST_TWOS(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define LAST_TWOS(a, b) SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define FIRST_TWOS(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define LAST_TWOS(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#endif

/* Element (i, j) of the matrix in the registers r[0 .. LANES-1] goes to (j, i): first within the blocks, so that u[i + k] holds
 * elements k, BLOCK + k, 2*BLOCK + k, ... of rows i .. i+BLOCK-1; then the blocks. */
INLINE void NAME(transpose)(VEC r[LANES])
{
    enum { BLOCK = 16 / REAL_BYTES };
    VEC u[LANES];
    UNROLL
    for (int i = 0; i < LANES; i += BLOCK) {
#if REAL_BYTES == 4
        VEC first = FIRST_TWOS(r[i], r[i + 1]), first2 = FIRST_TWOS(r[i + 2], r[i + 3]);
        VEC last = LAST_TWOS(r[i], r[i + 1]), last2 = LAST_TWOS(r[i + 2], r[i + 3]);
        u[i] = FIRST_HALVES(first, first2);
        u[i + 1] = LAST_HALVES(first, first2);
        u[i + 2] = FIRST_HALVES(last, last2);
        u[i + 3] = LAST_HALVES(last, last2);
#else
        u[i] = FIRST_HALVES(r[i], r[i + 1]);
        u[i + 1] = LAST_HALVES(r[i], r[i + 1]);
#endif
    }
    UNROLL
    for (int k = 0; k < BLOCK; k++) {
        const VEC *v = u + k;
#if VBYTES == 16
        r[k] = v[0];
#elif VBYTES == 32
        r[k] = EVEN_BLOCKS(v[0], v[BLOCK]);
        r[BLOCK + k] = ODD_BLOCKS(v[0], v[BLOCK]);
#else
        VEC even = EVEN_BLOCKS(v[0], v[BLOCK]), even2 = EVEN_BLOCKS(v[2 * BLOCK], v[3 * BLOCK]);
        VEC odd = ODD_BLOCKS(v[0], v[BLOCK]), odd2 = ODD_BLOCKS(v[2 * BLOCK], v[3 * BLOCK]);
        r[k] = EVEN_BLOCKS(even, even2);
        r[BLOCK + k] = EVEN_BLOCKS(odd, odd2);
        r[2 * BLOCK + k] = ODD_BLOCKS(even, even2);
        r[3 * BLOCK + k] = ODD_BLOCKS(odd, odd2);
#endif
    }
}
