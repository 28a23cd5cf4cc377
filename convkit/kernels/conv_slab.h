/* The slab: the part of the image that a task's positions see, all channels of its group, padded with zeros. */
#ifndef CONVKIT_CONV_SLAB_H
#define CONVKIT_CONV_SLAB_H
#include "conv.h"

/* The output positions of a task. */
typedef struct {
    ptrdiff_t image, images, group, row, col, rows, cols;
} SlabPlace;

static inline SlabPlace slab_place(const Conv *p, ptrdiff_t task)
{
    SlabPlace at;
    ptrdiff_t col = task % p->col_tasks;
    task /= p->col_tasks;
    ptrdiff_t row = task % p->row_tasks;
    task /= p->row_tasks;
    at.group = task % p->groups;
    at.image = task / p->groups * p->task_images;
    at.images = SMALLER(p->task_images, p->N - at.image);
    at.row = row * p->task_rows;
    at.col = col * p->task_cols;
    at.rows = SMALLER(p->task_rows, p->rows - at.row);
    at.cols = SMALLER(p->task_cols, p->cols - at.col);
    return at;
}

/* Those of one phase: of the phases behind the first, some pixels may lie outside the image. */
static inline SlabPlace slab_of_phase(const Conv *p, SlabPlace at, ptrdiff_t phase)
{
    ptrdiff_t a = phase / p->phase_cols, b = phase % p->phase_cols;
    at.rows = SMALLER(at.rows, CEIL_DIV(p->out_h - p->out_row - a, p->out_step_h) - at.row);
    at.cols = SMALLER(at.cols, CEIL_DIV(p->out_w - p->out_col - b, p->out_step_w) - at.col);
    return at;
}
#endif

/* to[0], to[1], ... = from[0], from[step], ...: n of them; nothing behind the last is read. */
INLINE void NAME(gather)(REAL *restrict to, const REAL *restrict from, ptrdiff_t n, ptrdiff_t step)
{
    ptrdiff_t j = 0;
    if (step == 1) {
        NAME(copy)(to, from, n);
        return;
    }
    if (step == 2)
        for (; j + LANES < n; j += LANES)
            NAME(store)(to + j, EVEN(NAME(load)(from + 2 * j), NAME(load)(from + 2 * j + LANES)));
    for (; j < n; j++) to[j] = from[j * step];
}

/* The line of positions of a convolution with filters of one pixel: slab[channel][pitch] = those from `first` on. */
static void NAME(slab_line)(const Conv *p, const REAL *image, ptrdiff_t first, ptrdiff_t count, REAL *slab)
{
    ptrdiff_t cols = p->line_cols ? p->line_cols : p->cols, step = p->line_cols ? p->line_col_step : 1;
    for (ptrdiff_t c = 0; c < p->C; c++, image += p->H * p->W, slab += p->pitch) {
        const REAL *row = image + first / cols * p->line_row_step;
        ptrdiff_t col = first % cols, here;
        for (ptrdiff_t done = 0; done < count; done += here, row += p->line_row_step, col = 0) {
            here = SMALLER(cols - col, count - done);
            NAME(gather)(slab + done, row + col * step, here, step);
        }
    }
}

/* At least n zeros, in whole vectors: mostly one, for which gcc would call memset if the loop began with it. */
INLINE void NAME(zero_vectors)(REAL *to, ptrdiff_t n)
{
    if (n > 0) NAME(store)(to, (VEC){0});
    for (ptrdiff_t j = LANES; j < n; j += LANES) NAME(store)(to + j, (VEC){0});
}

/* A row of a slab: `before` zeros, `inside` elements that stand at `from`, `step` (1 or 2) apart, zeros up to `cols`. Whole
 * vectors are written: what stands up to LANES elements behind the row becomes zero, too, so that rows are written one after the
 * other, and behind the last there is room. `readable`: elements that may be read. What will be copied some rows later is
 * fetched. */
INLINE void NAME(slab_row)(REAL *restrict to, const REAL *restrict from, ptrdiff_t step, ptrdiff_t before, ptrdiff_t inside,
                           ptrdiff_t cols, ptrdiff_t readable)
{
    NAME(zero_vectors)(to, before);
    __builtin_prefetch(from + 2048 / REAL_BYTES);
    to += before;
    cols -= before;
    ptrdiff_t j = 0;
    for (; j + LANES <= inside && step * (j + LANES) <= readable; j += LANES)
        NAME(store)(to + j, step == 1 ? NAME(load)(from + j) : EVEN(NAME(load)(from + 2 * j), NAME(load)(from + 2 * j + LANES)));
    if (j < inside) {
        ptrdiff_t left = step * (inside - j - 1) + 1, there = readable - step * j; /* what is wanted, and what may be read */
        VEC last;
        from += step * j;
        if (step == 1)
            last = there >= LANES ? NAME(load)(from) : NAME(load_part)(from, left);
        else if (there >= 2 * LANES)
            last = EVEN(NAME(load)(from), NAME(load)(from + LANES));
        else
            last = EVEN(NAME(load_part)(from, left), NAME(load_part)(from + LANES, left - LANES));
        NAME(store)(to + j, (VEC)((IVEC)last & NAME(first_lanes)(inside - j)));
        j += LANES;
    }
    NAME(zero_vectors)(to + j, cols - j);
}

/* So many rows and columns of one plane of all the images', from row `top` and column `left` on, which may lie outside. */
static void NAME(slab_plane)(const Conv *p, ptrdiff_t plane, ptrdiff_t top, ptrdiff_t left, ptrdiff_t rows, ptrdiff_t cols, REAL *slab,
                             ptrdiff_t pitch)
{
    const REAL *image = (const REAL *)p->in + plane * p->H * p->W;
    const REAL *end = (const REAL *)p->in + p->N * p->groups * p->C * p->H * p->W;
    ptrdiff_t before = SMALLER(LARGER(-left, 0), cols), inside = LARGER(SMALLER(p->W - left, cols) - before, 0);
    for (ptrdiff_t i = 0; i < rows; i++, slab += pitch) {
        ptrdiff_t y = top + i, here = y < 0 || y >= p->H ? 0 : inside;
        const REAL *from = here ? image + y * p->W + left + before : image;
        NAME(slab_row)(slab, from, 1, before, here, cols, end - from);
    }
}

/* Fills the slab [image][channel][row][pitch] and returns where the least tap of the task's first position stands in it;
 * where nothing is padded, that place in the image itself. */
static const REAL *NAME(slab)(const Conv *p, const SlabPlace *at, REAL *slab)
{
    ptrdiff_t top = at->row * p->stride_h + p->first_row, left = at->col * p->stride_w + p->first_col;
    ptrdiff_t rows = (at->rows - 1) * p->stride_h + p->row_span + 1, cols = (at->cols - 1) * p->stride_w + p->col_span + 1;
    for (ptrdiff_t n = 0; n < at->images; n++) {
        ptrdiff_t first = ((at->image + n) * p->groups + at->group) * p->C;
        const REAL *image = (const REAL *)p->in + first * p->H * p->W;
        if (p->direct) return image + top * p->W + left;
        if (p->line_cols) {
            NAME(slab_line)(p, image, at->col, at->cols, slab + n * p->image_step);
            continue;
        }
        for (ptrdiff_t c = 0; c < p->C; c++)
            NAME(slab_plane)(p, first + c, top, left, rows, cols, slab + n * p->image_step + c * p->channel_step, p->pitch);
    }
    return slab;
}

/* The same for channels c .. c+channels-1 of one image, with rows and columns sorted by their remainder modulo the strides:
 * slab [channel][row % stride_h][col % stride_w][row / stride_h][col / stride_w], so that what one tap sees at neighbouring
 * positions stands side by side. */
static void NAME(slab_by_phase)(const Conv *p, const SlabPlace *at, ptrdiff_t c, ptrdiff_t channels, REAL *slab)
{
    ptrdiff_t top = at->row * p->stride_h + p->first_row, left = at->col * p->stride_w + p->first_col;
    ptrdiff_t rows = at->rows + p->row_span / p->stride_h, cols = at->cols + p->col_span / p->stride_w;
    const REAL *end = (const REAL *)p->in + p->N * p->groups * p->C * p->H * p->W;
    const REAL *image = (const REAL *)p->in + ((at->image * p->groups + at->group) * p->C + c) * p->H * p->W;
    for (ptrdiff_t k = 0; k < channels; k++, image += p->H * p->W)
        for (ptrdiff_t a = 0; a < p->phases_h; a++)
            for (ptrdiff_t b = 0; b < p->phases_w; b++) {
                REAL *to = slab + k * p->channel_step + (a * p->phases_w + b) * p->phase_step;
                /* Columns first .. last-1 of this phase lie inside the image. */
                ptrdiff_t x = left + b, first = SMALLER(x < 0 ? CEIL_DIV(-x, p->stride_w) : 0, cols);
                ptrdiff_t last = LARGER(x < p->W ? SMALLER(CEIL_DIV(p->W - x, p->stride_w), cols) : 0, first);
                for (ptrdiff_t i = 0; i < rows; i++, to += p->pitch) {
                    ptrdiff_t y = top + a + i * p->stride_h, here = y < 0 || y >= p->H ? 0 : last - first;
                    const REAL *from = here ? image + y * p->W + x + first * p->stride_w : image;
                    if (p->stride_w == 1) {
                        NAME(slab_row)(to, from, 1, first, here, cols, end - from);
                        continue;
                    }
                    if (p->stride_w == 2) {
                        NAME(slab_row)(to, from, 2, first, here, cols, end - from);
                        continue;
                    }
                    NAME(zero_vectors)(to, cols);
                    NAME(gather)(to + first, from, here, p->stride_w);
                }
            }
}
