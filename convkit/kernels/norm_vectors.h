/* Batch normalization of vectors (a task is NORM_COLUMNS columns, one partial sum for each) and layer normalization (a task is
 * NORM_ROWS samples).
 */

/* a, b: sums of d and d*(x - center) over rows of `width` columns, or with d NULL of (x - center) and its square. */
static inline void NAME(norm_add_width)(const REAL *restrict x, ptrdiff_t x_pitch, const REAL *restrict d, ptrdiff_t d_pitch,
                                        ptrdiff_t rows, ptrdiff_t width, const REAL *restrict center, REAL *restrict a,
                                        REAL *restrict b)
{
    ptrdiff_t i, j;
    for (j = 0; j < width; j++) a[j] = b[j] = 0;
    for (i = 0; i < rows; i++, x += x_pitch, d = d ? d + d_pitch : NULL)
        for (j = 0; j < width; j++) {
            REAL distance = x[j] - center[j], value = d ? d[j] : distance;
            a[j] += value;
            b[j] += value * distance;
        }
}
static OWN void NAME(norm_add_columns)(const REAL *restrict x, ptrdiff_t x_pitch, const REAL *restrict d, ptrdiff_t d_pitch,
                                       ptrdiff_t rows, ptrdiff_t width, const REAL *restrict center, REAL *restrict a,
                                       REAL *restrict b)
{
    if (width == NORM_COLUMNS && d)
        NAME(norm_add_width)(x, x_pitch, d, d_pitch, rows, NORM_COLUMNS, center, a, b);
    else if (width == NORM_COLUMNS)
        NAME(norm_add_width)(x, x_pitch, NULL, 0, rows, NORM_COLUMNS, center, a, b);
    else
        NAME(norm_add_width)(x, x_pitch, d, d_pitch, rows, width, center, a, b);
}
static OWN void NAME(norm_scale_columns)(REAL *restrict out, const REAL *restrict x, ptrdiff_t n, const REAL *restrict center,
                                         const REAL *restrict factor, const REAL *restrict shift)
{
    ptrdiff_t j;
    for (j = 0; j < n; j++) out[j] = (x[j] - center[j]) * factor[j] + shift[j];
}
static OWN void NAME(norm_combine_columns)(REAL *restrict dx, const REAL *restrict d, const REAL *restrict x, ptrdiff_t n,
                                           const REAL *restrict center, const REAL *restrict factor,
                                           const REAL *restrict slope, const REAL *restrict shift)
{
    ptrdiff_t j;
    for (j = 0; j < n; j++) dx[j] = d[j] * factor[j] + ((x[j] - center[j]) * slope[j] + shift[j]);
}

static void NAME(norm_columns)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = SMALLER(NORM_COLUMNS, p->C - first), top, i, j;
    REAL center[NORM_COLUMNS], factor[NORM_COLUMNS], shift[NORM_COLUMNS];
    double *moments = p->moments + 2 * first;
    (void)scratch;
    if (p->training) {
        NormSet set[NORM_COLUMNS] = {{0, 0, 0, 0}};
        for (top = 0; top < p->N; top += NORM_COLUMNS) {
            const REAL *x = (const REAL *)p->x + top * p->C + first;
            ptrdiff_t rows = SMALLER(NORM_COLUMNS, p->N - top);
            REAL about[NORM_COLUMNS], sum[NORM_COLUMNS], square[NORM_COLUMNS];
            memcpy(about, x, sizeof(REAL) * (size_t)width);
            NAME(norm_add_columns)(x, p->C, NULL, 0, rows, width, about, sum, square);
            for (j = 0; j < width; j++) about[j] += sum[j] / (REAL)rows;
            NAME(norm_add_columns)(x, p->C, NULL, 0, rows, width, about, sum, square);
            for (j = 0; j < width; j++) {
                double n = (double)rows, mean = about[j] + sum[j] / n;
                if (square[j] != square[j]) /* infinite elements */
                    for (mean = 0, i = 0; i < rows; i++) mean += x[i * p->C + j] / n;
                norm_join(&set[j], n, mean, square[j] - (double)sum[j] * sum[j] / n);
            }
        }
        for (j = 0; j < width; j++) norm_keep(&set[j], moments + 2 * j);
    }
    for (j = 0; j < width; j++) {
        double scale = ((const REAL *)p->gamma)[first + j] / sqrt(moments[2 * j + 1] + p->eps);
        center[j] = (REAL)moments[2 * j];
        factor[j] = (REAL)scale;
        shift[j] = (REAL)(((const REAL *)p->beta)[first + j] - norm_rest(moments[2 * j], center[j]) * scale);
    }
    for (i = 0; i < p->N; i++) {
        REAL *out = (REAL *)p->out + i * p->C + first;
        NAME(norm_scale_columns)(out, (const REAL *)p->x + i * p->C + first, width, center, factor, shift);
        if (p->above) NAME(norm_relu)(out, p->above + i * p->C + first, width);
    }
}

/* Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_columns_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = SMALLER(NORM_COLUMNS, p->C - first), top, i, j;
    REAL center[NORM_COLUMNS], factor[NORM_COLUMNS], slope[NORM_COLUMNS], shift[NORM_COLUMNS];
    double *moments = p->moments + 2 * first, *kept = (double *)p->sums + 2 * first;
    double total[NORM_COLUMNS] = {0}, product[NORM_COLUMNS] = {0};
    for (j = 0; j < width; j++) center[j] = (REAL)moments[2 * j];
    for (top = 0; top < p->N; top += NORM_COLUMNS) {
        REAL a[NORM_COLUMNS], b[NORM_COLUMNS], *room = scratch;
        const REAL *d = (const REAL *)p->dout + top * p->C + first;
        ptrdiff_t rows = SMALLER(NORM_COLUMNS, p->N - top);
        if (p->above) { /* (NORM_COLUMNS squared is NORM_BLOCK) */
            for (i = 0; i < rows; i++) NAME(norm_dout)(p, (top + i) * p->C + first, width, room + i * NORM_COLUMNS);
            d = room;
        }
        NAME(norm_add_columns)((const REAL *)p->x + top * p->C + first, p->C, d, p->above ? NORM_COLUMNS : p->C, rows, width,
                               center, a, b);
        for (j = 0; j < width; j++) {
            total[j] += a[j];
            product[j] += b[j];
        }
    }
    for (j = 0; j < width; j++) {
        double inverse = 1 / sqrt(moments[2 * j + 1] + p->eps), scale = ((const REAL *)p->gamma)[first + j] * inverse;
        double rest = norm_rest(moments[2 * j], center[j]), incline;
        kept[2 * j] = (product[j] - rest * total[j]) * inverse;
        kept[2 * j + 1] = total[j];
        incline = -scale * inverse * kept[2 * j] / (double)p->N;
        factor[j] = (REAL)scale;
        slope[j] = (REAL)incline;
        shift[j] = (REAL)(-scale * total[j] / (double)p->N - incline * rest);
    }
    for (i = 0; i < p->N; i++) {
        const REAL *d = NAME(norm_dout)(p, i * p->C + first, width, scratch);
        REAL *dx = (REAL *)p->out + i * p->C + first;
        if (p->training)
            NAME(norm_combine_columns)(dx, d, (const REAL *)p->x + i * p->C + first, width, center, factor, slope, shift);
        else
            for (j = 0; j < width; j++) dx[j] = d[j] * factor[j];
    }
}

static OWN void NAME(norm_scale_elements)(REAL *restrict out, const REAL *restrict x, ptrdiff_t n, REAL center, REAL factor,
                                          REAL shift, const REAL *restrict gamma, const REAL *restrict beta)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) out[i] = ((x[i] - center) * factor + shift) * gamma[i] + beta[i];
}

/* d = dout*gamma, and what a sample adds to the gradients of gamma and beta. */
static OWN void NAME(norm_share)(REAL *restrict d, REAL *restrict dgamma, REAL *restrict dbeta, const REAL *restrict dout,
                                 const REAL *restrict x, ptrdiff_t n, REAL center, REAL factor, REAL shift,
                                 const REAL *restrict gamma)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) {
        dgamma[i] += dout[i] * ((x[i] - center) * factor + shift);
        dbeta[i] += dout[i];
        d[i] = dout[i] * gamma[i];
    }
}
static OWN void NAME(norm_combine_elements)(REAL *restrict dx, const REAL *restrict dout, const REAL *restrict x, ptrdiff_t n,
                                            REAL center, REAL factor, REAL slope, REAL shift, const REAL *restrict gamma)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) dx[i] = dout[i] * gamma[i] * factor + ((x[i] - center) * slope + shift);
}

static void NAME(norm_layer)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r, n = p->C;
    (void)scratch;
    for (r = task * NORM_ROWS; r < SMALLER((task + 1) * NORM_ROWS, p->N); r++) {
        const REAL *x = (const REAL *)p->x + r * n;
        REAL *out = (REAL *)p->out + r * n;
        double *moments = p->moments + 2 * r;
        NAME(norm_moments)(x, 1, n, 0, moments);
        double inverse = 1 / sqrt(moments[1] + p->eps);
        REAL center = (REAL)moments[0];
        NAME(norm_scale_elements)(out, x, n, center, (REAL)inverse, (REAL)(-norm_rest(moments[0], center) * inverse), p->gamma,
                                  p->beta);
        if (p->above) NAME(norm_relu)(out, p->above + r * n, n);
    }
}

/* Scratch memory: twice NORM_BLOCK elements. */
static void NAME(norm_layer_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r, b, i, n = p->C;
    const REAL *gamma = p->gamma;
    REAL *d = (REAL *)scratch + NORM_BLOCK, *dgamma = (REAL *)p->sums + 2 * task * n, *dbeta = dgamma + n;
    for (i = 0; i < 2 * n; i++) dgamma[i] = 0;
    for (r = task * NORM_ROWS; r < SMALLER((task + 1) * NORM_ROWS, p->N); r++) {
        const REAL *x = (const REAL *)p->x + r * n;
        double *moments = p->moments + 2 * r, inverse = 1 / sqrt(moments[1] + p->eps), total = 0, product = 0;
        REAL center = (REAL)moments[0], factor = (REAL)inverse;
        double rest = norm_rest(moments[0], center);
        for (b = 0; b < n; b += NORM_BLOCK) {
            ptrdiff_t size = SMALLER(NORM_BLOCK, n - b);
            const REAL *dout = NAME(norm_dout)(p, r * n + b, size, scratch);
            NAME(NormSums) sums = {{0}, {0}};
            NAME(norm_share)(d, dgamma + b, dbeta + b, dout, x + b, size, center, factor, (REAL)(-rest * inverse), gamma + b);
            NAME(norm_add)(&sums, x + b, d, size, center, NORM_LANES);
            total += NAME(norm_total)(sums.first, NORM_LANES);
            product += NAME(norm_total)(sums.second, NORM_LANES);
        }
        double slope = -inverse * inverse * (product - rest * total) * inverse / (double)n;
        double shift = -inverse * total / (double)n - slope * rest;
        for (b = 0; b < n; b += NORM_BLOCK) {
            ptrdiff_t size = SMALLER(NORM_BLOCK, n - b);
            const REAL *dout = NAME(norm_dout)(p, r * n + b, size, scratch);
            NAME(norm_combine_elements)((REAL *)p->out + r * n + b, dout, x + b, size, center, factor, (REAL)slope, (REAL)shift,
                                        gamma + b);
        }
    }
}
