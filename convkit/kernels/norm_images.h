/* Batch normalization of images (a task is a channel) and group normalization (a task is a group of channels of an image). */

static void NAME(norm_batch)(const void *args, ptrdiff_t c, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t step = p->C * p->size, n;
    double *moments = p->moments + 2 * c, inverse, factor;
    REAL center;
    (void)scratch;
    if (p->training) NAME(norm_moments)((const REAL *)p->x + c * p->size, p->N, p->size, step, moments);
    inverse = 1 / sqrt(moments[1] + p->eps);
    factor = ((const REAL *)p->gamma)[c] * inverse;
    center = (REAL)moments[0];
    double shift = ((const REAL *)p->beta)[c] - norm_rest(moments[0], center) * factor;
    for (n = 0; n < p->N; n++)
        NAME(norm_apply)(p, n * step + c * p->size, p->size, center, (REAL)factor, (REAL)shift);
}

/* Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_batch_backward)(const void *args, ptrdiff_t c, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t step = p->C * p->size, n;
    double *moments = p->moments + 2 * c, *kept = (double *)p->sums + 2 * c, inverse = 1 / sqrt(moments[1] + p->eps);
    double sums[2] = {0, 0}, gamma = ((const REAL *)p->gamma)[c], count = (double)p->N * (double)p->size;
    REAL center = (REAL)moments[0];
    double rest = norm_rest(moments[0], center), slope;
    if (p->size >= 256)
        for (n = 0; n < p->N; n++) NAME(norm_run_sums)(p, n * step + c * p->size, p->size, center, scratch, sums);
    else { /* planes together, for a total costs as much as such a plane */
        ptrdiff_t together = NORM_BLOCK / LARGER(p->size, 1), first;
        for (first = 0; first < p->N; first += together) {
            NAME(NormSums) part = {{0}, {0}};
            for (n = first; n < SMALLER(first + together, p->N); n++) {
                ptrdiff_t at = n * step + c * p->size;
                NAME(norm_add)(&part, (const REAL *)p->x + at, NAME(norm_dout)(p, at, p->size, scratch), p->size, center,
                               NORM_LANES);
            }
            sums[0] += NAME(norm_total)(part.first, NORM_LANES);
            sums[1] += NAME(norm_total)(part.second, NORM_LANES);
        }
    }
    kept[0] = (sums[1] - rest * sums[0]) * inverse;
    kept[1] = sums[0];
    slope = -gamma * inverse * inverse * kept[0] / count;
    double factor = gamma * inverse, shift = -factor * sums[0] / count - slope * rest;
    for (n = 0; n < p->N; n++) {
        ptrdiff_t at = n * step + c * p->size, i;
        if (p->training)
            NAME(norm_gradient)(p, at, p->size, center, (REAL)factor, (REAL)slope, (REAL)shift, scratch);
        else /* mean and variance are constants */
            for (i = 0; i < p->size; i++)
                ((REAL *)p->out)[at + i] = !p->above || p->above[at + i] ? ((const REAL *)p->dout)[at + i] * (REAL)factor : 0;
    }
}

static void NAME(norm_group)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t channels = p->C / p->groups, at = task * channels * p->size, first = task % p->groups * channels, c;
    double *moments = p->moments + 2 * task;
    (void)scratch;
    NAME(norm_moments)((const REAL *)p->x + at, 1, channels * p->size, 0, moments);
    REAL center = (REAL)moments[0];
    double inverse = 1 / sqrt(moments[1] + p->eps), rest = norm_rest(moments[0], center);
    for (c = first; c < first + channels; c++, at += p->size) {
        double factor = ((const REAL *)p->gamma)[c] * inverse, shift = ((const REAL *)p->beta)[c] - rest * factor;
        NAME(norm_apply)(p, at, p->size, center, (REAL)factor, (REAL)shift);
    }
}

/* Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_group_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t channels = p->C / p->groups, at = task * channels * p->size, c;
    const REAL *gamma = (const REAL *)p->gamma + task % p->groups * channels;
    double *moments = p->moments + 2 * task, *kept = (double *)p->sums + 2 * task * channels;
    double inverse = 1 / sqrt(moments[1] + p->eps), count = (double)channels * (double)p->size, mean = 0, slope = 0;
    REAL center = (REAL)moments[0];
    double rest = norm_rest(moments[0], center);
    for (c = 0; c < channels; c++) {
        double sums[2] = {0, 0};
        NAME(norm_run_sums)(p, at + c * p->size, p->size, center, scratch, sums);
        kept[2 * c] = (sums[1] - rest * sums[0]) * inverse;
        kept[2 * c + 1] = sums[0];
        mean += gamma[c] * sums[0] / count;
        slope += gamma[c] * kept[2 * c] / count;
    }
    slope *= -inverse * inverse;
    double shift = -inverse * mean - slope * rest;
    for (c = 0; c < channels; c++, at += p->size)
        NAME(norm_gradient)(p, at, p->size, center, (REAL)(gamma[c] * inverse), (REAL)slope, (REAL)shift, scratch);
}
