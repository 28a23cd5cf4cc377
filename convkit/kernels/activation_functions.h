/* exp, tanh and the normal distribution of one number, in arithmetic of which compilers make vectors: no calls, no branches.
 *
 * Errors are a few units in the last place. NaN stays NaN; exp becomes denormal, and at last 0, where it should.
 *
 * exp(x) = 2^n exp(r), n = x/ln 2 rounded, |r| <= ln(2)/2, and exp(r) - 1 = r + r²/2! + r³/3! + ... That exp(r) - 1 is there by
 * itself is what keeps the digits of tanh near 0.
 */
#define SIGNIFICANT (REAL_BYTES == 4 ? 23 : 52) /* bits of a number's fraction */
#define LOG2_E ((REAL)1.4426950408889634074)
/* ln 2 in two parts: n times the first is exact. */
#define LN2_HIGH (REAL_BYTES == 4 ? (REAL)0.693145751953125 : (REAL)0.6931471805596629565116)
#define LN2_LOW (REAL_BYTES == 4 ? (REAL)1.4286068203094172321e-6 : (REAL)2.8235290563031577123e-13)
/* exp of less is 0, and tanh of less -1. */
#define LOWEST_EXP (REAL_BYTES == 4 ? (REAL)-104 : (REAL)-746)
#define LOWEST_TANH (REAL_BYTES == 4 ? (REAL)-24 : (REAL)-48)
/* Added to a number of less than 2^22 (2^51) in magnitude it leaves no bits behind the point: it rounds. */
#define ROUNDER (REAL_BYTES == 4 ? (REAL)12582912 : (REAL)6755399441055744)

typedef union {
    REAL value;
    unsigned INT bits;
} NAME(number);

/* For x <= 0 and not below LOWEST_EXP: returns exp(r) - 1; *power becomes 2^(n + bias). */
static inline REAL NAME(exp_parts)(REAL x, int bias, REAL *power)
{
    NAME(number) rounded, rounder, scale;
    REAL n, r, q;
    rounder.value = ROUNDER;
    rounded.value = x * LOG2_E + ROUNDER;
    n = rounded.value - ROUNDER;
    r = (x - n * LN2_HIGH) - n * LN2_LOW;
    scale.bits = (rounded.bits - rounder.bits + (unsigned)((REAL_BYTES == 4 ? 127 : 1023) + bias)) << SIGNIFICANT;
    *power = scale.value;
#if REAL_BYTES == 8
    q = (REAL)(1 / 6227020800.0);
    q = q * r + (REAL)(1 / 479001600.0);
    q = q * r + (REAL)(1 / 39916800.0);
    q = q * r + (REAL)(1 / 3628800.0);
    q = q * r + (REAL)(1 / 362880.0);
    q = q * r + (REAL)(1 / 40320.0);
    q = q * r + (REAL)(1 / 5040.0);
#else
    q = (REAL)(1 / 5040.0);
#endif
    q = q * r + (REAL)(1 / 720.0);
    q = q * r + (REAL)(1 / 120.0);
    q = q * r + (REAL)(1 / 24.0);
    q = q * r + (REAL)(1 / 6.0);
    q = q * r + (REAL)0.5;
    return r + r * r * q;
}

/* exp(x) for x <= 0. The power of two that is no denormal number goes first, so that the result is rounded once. */
static inline REAL NAME(exp_negative)(REAL x)
{
    const REAL back = REAL_BYTES == 4 ? (REAL)5.421010862427522e-20 : (REAL)7.888609052210118e-31; /* 2^-64, 2^-100 */
    REAL power, p;
    x = x < LOWEST_EXP ? LOWEST_EXP : x;
    p = NAME(exp_parts)(x, REAL_BYTES == 4 ? 64 : 100, &power);
    return (power + power * p) * back;
}

/* 1/(1 + exp(-x)) */
static inline REAL NAME(sigmoid)(REAL x)
{
    REAL small = NAME(exp_negative)(x > 0 ? -x : x);
    return (x > 0 ? 1 : small) / (1 + small);
}

/* tanh|x| = -e/(2 + e), e = exp(-2|x|) - 1 */
static inline REAL NAME(tanh_of)(REAL x)
{
    REAL power, p, e, twice = x > 0 ? -2 * x : 2 * x;
    twice = twice < LOWEST_TANH ? LOWEST_TANH : twice;
    p = NAME(exp_parts)(twice, 0, &power);
    e = power * p + (power - 1);
    return x > 0 ? -e / (2 + e) : e / (2 + e);
}

/* The standard normal distribution function of x; *bell becomes exp(-x²/2).
 *
 * It is bell * t * g(2t - 1) for x <= 0, t = 1/(1 + |x|/4); g, the rest, is smooth on all of [-1, 1]. The polynomials interpolate it
 * at Chebyshev's nodes, with a relative error of 1e-17 (1e-9 in single precision). */
static inline REAL NAME(normal)(REAL x, REAL *bell)
{
#if REAL_BYTES == 8
    static const REAL g[] = {
        0.188821282603937873, 0.1519741604929730749, 0.09678435018555372937, 0.04663046448990915304,
        0.01509914372272946806, 0.001885047241846578139, -0.0008699230917619934076, -0.0004077046168524771153,
        0.00003333607735295813598, 0.00005777375434069356449, -4.770615878536427632e-7, -8.786277975709412821e-6,
        1.791646910298780248e-7, 1.480402761480994339e-6, -1.574591834623092263e-7, -2.561962754138193351e-7,
        6.81157423778646802e-8, 3.994349035559805122e-8, -2.17166175399947319e-8, -4.461231943245354055e-9,
        5.356900960863088971e-9, 1.468406691246797674e-10, -9.326612704670925696e-10, 2.999445507813273648e-11,
        8.508280771623736619e-11,
    };
#else
    static const REAL g[] = {
        0.1888212826, 0.1519741604, 0.0967843505, 0.04663046922, 0.01509913838, 0.001884995238,
        -0.0008698875672, -0.0004074504206, 3.321838338e-5, 5.712743441e-5, -2.594697836e-7, -7.882938332e-6,
        -5.77669306e-8, 7.960591594e-7,
    };
#endif
    REAL t = 1 / (1 + (x > 0 ? x : -x) / 4), s = 2 * t - 1, value;
    int k = (int)(sizeof(g) / sizeof(*g)) - 1;
    *bell = NAME(exp_negative)(x * x * (REAL)-0.5);
    value = g[k];
#if defined(__GNUC__)
#pragma GCC unroll 32
#endif
    for (k--; k >= 0; k--) value = value * s + g[k];
    value *= *bell * t;
    return x > 0 ? 1 - value : value;
}

/* Of the tanh form of GELU: x times the sigmoid of this. */
static inline REAL NAME(gelu_slope)(REAL x)
{
    return (REAL)1.5957691216057307117 * (x + (REAL)0.044715 * (x * x * x)); /* 2 √(2/π) */
}

#undef SIGNIFICANT
#undef LOG2_E
#undef LN2_HIGH
#undef LN2_LOW
#undef LOWEST_EXP
#undef LOWEST_TANH
#undef ROUNDER
